-- Grants that have consumed, or leave, another amount than their ledger rows say.
with booked as (
    select
        grant_id,
        sum(amount) as remaining,
        -sum(amount) filter (
            where event_type = 'CREDITS_CONSUMED' or event_type like '%TRANSFER%'
        ) as consumed
    from ledger
    group by grant_id
),

compared as (
    select
        concat_ws('-', grants.customer_id, grants.currency_id, grants.resource_id) as pool,
        grants.grant_id,
        grants.consumed_amount as consumed,
        coalesce(booked.consumed, 0) as booked_consumed,
        if(grants.status = 'ACTIVE', grants.amount - grants.consumed_amount, 0) as remaining,
        coalesce(booked.remaining, 0) as booked_remaining
    from grants
    left join booked on grants.grant_id = booked.grant_id
)

select *
from compared
where consumed != booked_consumed or remaining != booked_remaining
order by pool, grant_id
