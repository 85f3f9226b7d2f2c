-- One pool's grants.
select grants.*
from grants
where
    customer_id = $customer_id
    and ($currency_id is null or currency_id = $currency_id)
    and resource_id is not distinct from $resource_id
