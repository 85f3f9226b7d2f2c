-- A page of one pool's grants, newest first, from the position of the cursor on.
select
    *,
    count(*) over () as total
from grants
where
    customer_id = $customer_id
    and ($currency_id is null or currency_id = $currency_id)
    and resource_id is not distinct from $resource_id
order by created_at desc, grant_id asc
