-- Usage that took another amount than its ledger rows say. An event may count for several
-- features; a consumption names none.
with charges as (
    select
        customer_id,
        currency_id,
        resource_id,
        event_id,
        feature_id,
        credits,
        0 as booked
    from usage_events
    where currency_id is not null
    union all
    select
        customer_id,
        currency_id,
        resource_id,
        event_id,
        feature_id,
        0 as credits,
        -amount as booked
    from ledger
    where event_id is not null
),

compared as (
    select
        concat_ws('-', customer_id, currency_id, resource_id) as pool,
        event_id,
        sum(credits) as credits,
        sum(booked) as booked
    from charges
    group by customer_id, currency_id, resource_id, event_id, feature_id
)

select *
from compared
where credits != booked
order by pool, event_id
