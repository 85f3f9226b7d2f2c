-- One pool's grants, newest first.
select grants.*
from grants
where
    customer_id = $customer_id
    and ($currency_id is null or currency_id = $currency_id)
    and resource_id is not distinct from $resource_id
order by created_at desc, grant_id asc
