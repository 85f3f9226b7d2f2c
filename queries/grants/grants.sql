-- Every grant of one pool, newest first.
with pool as (
    select
        customers.customer_key,
        resources.resource_key
    from customers
    left join resources
        on
            customers.customer_key = resources.customer_key
            and resources.resource_id = $resource_id
    where customers.customer_id = $customer_id
)

select
    grants.grant_id,
    grants.display_name,
    grants.grant_type,
    grants.status,
    grants.amount,
    grants.consumed_amount,
    grants.priority,
    grants.effective_at,
    grants.expire_at,
    grants.voided_at,
    grants.created_at
from grants
inner join pool
    on
        grants.customer_key = pool.customer_key
        and grants.resource_key is not distinct from pool.resource_key
inner join currencies on grants.currency_key = currencies.currency_key
where currencies.currency_id = $currency_id
order by grants.created_at desc, grants.grant_id asc
