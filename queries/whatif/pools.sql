-- Every pool, by the number that the other documents of this folder name it with.
select
    cast(coalesce(resource_key, -customer_key) as bigint) as pool,
    customer_key,
    customer_id,
    resource_id
from pools
where $customers is null or list_contains($customers, customer_id)
order by customer_id asc, resource_id asc nulls first
