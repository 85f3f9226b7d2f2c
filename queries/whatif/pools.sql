-- Every pool, by the number that the other documents of this folder name it with.
select
    cast(customer_key as bigint) * 4294967296 + coalesce(resource_key, 0) as pool,
    customer_id,
    resource_id
from pools
where $customers is null or list_contains($customers, customer_id)
order by customer_id asc, resource_id asc nulls first
