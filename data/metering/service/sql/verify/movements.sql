-- Pools whose movements do not come to their balance, and those with half a transfer: what is
-- taken from an overdraft has to arrive at a grant.
with moved as (
    select
        customer_id,
        currency_id,
        resource_id,
        sum(amount) as balance,
        sum(amount) filter (where event_type not like '%TRANSFER%') as movements,
        sum(amount) filter (where event_type like '%TRANSFER_SOURCE') as source,
        sum(-amount) filter (where event_type like '%TRANSFER_TARGET') as target
    from ledger
    group by all
),

compared as (
    select
        concat_ws('-', customer_id, currency_id, resource_id) as pool,
        balance,
        coalesce(movements, 0) as movements,
        coalesce(source, 0) as source,
        coalesce(target, 0) as target
    from moved
)

select *
from compared
where balance != movements or source != target
order by pool
