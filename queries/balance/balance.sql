-- At most one row: the active grants of one pool, an overdraft among them.
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
),

of_pool as (
    select
        grants.amount,
        grants.consumed_amount,
        grants.status
    from grants
    inner join pool
        on
            grants.customer_key = pool.customer_key
            and grants.resource_key is not distinct from pool.resource_key
    inner join currencies on grants.currency_key = currencies.currency_key
    where currencies.currency_id = $currency_id
),

active as (
    select
        coalesce(sum(amount) filter (where status = 'ACTIVE'), 0) as granted,
        coalesce(sum(consumed_amount) filter (where status = 'ACTIVE'), 0) as consumed
    from of_pool
    having count(*) > 0
)

select
    granted,
    consumed,
    granted - consumed as balance
from active
