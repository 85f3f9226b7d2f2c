-- At most one row: the active grants of one pool, an overdraft among them.
with of_pool as (
    select
        amount,
        consumed_amount,
        status
    from grants
    where
        customer_key = $customer_key
        and resource_key is not distinct from $resource_key
        and currency_key = $currency_key
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
