-- The dimension keys that occur in the scope and contain the search text.
select distinct dimension_key as key
from pool_keys
where
    currency_key = $currency_key
    and (
        $customer_key is null
        or (customer_key = $customer_key and resource_key is not distinct from $resource_key)
    )
    and contains(lower(dimension_key), lower($search))
order by key
limit $most_rows
