-- Those of the keys that any event of the customers has.
select distinct dimension_key as key
from pool_keys
where
    currency_key = $currency_key
    and list_contains($names, dimension_key)
    and ($customer_keys is null or list_contains($customer_keys, customer_key))
order by key
