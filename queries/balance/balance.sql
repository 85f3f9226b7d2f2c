-- At most one row: the active grants of one pool, an overdraft among them.
with of_pool as (
    select
        grants.amount,
        grants.consumed_amount,
        grants.status
    from grants
    inner join pools
        on
            grants.customer_key = pools.customer_key
            and grants.resource_key is not distinct from pools.resource_key
    inner join currencies on grants.currency_key = currencies.currency_key
    where
        pools.customer_id = $customer_id
        and pools.resource_id is not distinct from $resource_id
        and currencies.currency_id = $currency_id
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
