-- One row per bucket, move and, of what was granted, grant type; of all pools of one currency. What
-- moves between grants changes no balance. Sums by quarter of an hour are read but of those that a
-- cut is within, $cut_slots from $cut_since to $cut_until, whose rows are read.
with buckets as (
    select unnest($cuts) as bucket
),

of_slots as (
    select
        make_timestamp(cast(slot as bigint) * 900000000) as occurred_at,
        event_type,
        grant_type,
        amount
    from ledger_slots
    where
        currency_key = $currency_key
        and slot >= $first
        and slot < $until_slot
        and not list_contains($cut_slots, slot)
),

of_rows as (
    select
        ledger.occurred_at,
        ledger.event_type,
        grants.grant_type,
        ledger.amount
    from ledger
    left join grants
        on
            ledger.event_type = 'CREDITS_GRANTED'
            and ledger.grant_id = grants.grant_id
            and ledger.customer_key = grants.customer_key
    where
        ledger.currency_key = $currency_key
        and ledger.occurred_at >= $cut_since
        and ledger.occurred_at < $cut_until
        and ledger.occurred_at >= $since
        and ledger.occurred_at < $until
        and list_contains($cut_slots, ledger.slot)
),

moved as (
    select * from of_slots
    union all
    select * from of_rows
),

named as (
    select
        buckets.bucket,
        case moved.event_type
            when 'CREDITS_GRANTED' then 'granted'
            when 'CREDITS_CONSUMED' then 'consumed'
            when 'CREDITS_EXPIRED' then 'expired'
            when 'CREDITS_VOIDED' then 'voided'
            else 'updated'
        end as move,
        moved.grant_type,
        moved.amount
    from moved
    asof inner join buckets on moved.occurred_at >= buckets.bucket
    where not starts_with(moved.event_type, 'CREDITS_CONSUMPTION_TRANSFER')
)

select
    bucket,
    move,
    grant_type,
    sum(amount) as amount
from named
group by bucket, move, grant_type
having sum(amount) != 0
order by bucket asc, move asc, grant_type asc nulls first
