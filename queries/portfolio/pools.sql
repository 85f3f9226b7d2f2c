-- Every pool, in the order of the names.
select
    customer_key,
    resource_key,
    customer_id,
    resource_id
from pools
order by customer_id asc, resource_id asc nulls first
