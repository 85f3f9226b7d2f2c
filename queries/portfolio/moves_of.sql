-- As moves.sql, of the customers $customers. Sums by day are read but of the days that a cut is
-- within, $cut_days from $cut_since to $cut_until, whose rows are read.
with buckets as (
    select unnest($cuts) as bucket
),

keys as (
    select customer_key
    from customers
    where list_contains($customers, customer_id)
),

of_days as (
    select
        make_timestamp(cast(ledger_days.day as bigint) * 86400000000) as occurred_at,
        ledger_days.customer_key,
        ledger_days.event_type,
        ledger_days.grant_id,
        ledger_days.amount
    from ledger_days
    inner join keys on ledger_days.customer_key = keys.customer_key
    where
        ledger_days.currency_key = $currency_key
        and ledger_days.day >= $first_day
        and ledger_days.day <= $last_day
        and not list_contains($cut_days, ledger_days.day)
),

of_rows as (
    select
        ledger.occurred_at,
        ledger.customer_key,
        ledger.event_type,
        ledger.grant_id,
        ledger.amount
    from ledger
    inner join keys on ledger.customer_key = keys.customer_key
    where
        ledger.currency_key = $currency_key
        and ledger.occurred_at >= $cut_since
        and ledger.occurred_at < $cut_until
        and ledger.occurred_at >= $since
        and ledger.occurred_at < $until
        and list_contains($cut_days, ledger.day)
),

moved as (
    select * from of_days
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
        grants.grant_type,
        moved.amount
    from moved
    left join grants
        on
            moved.event_type = 'CREDITS_GRANTED'
            and moved.grant_id = grants.grant_id
            and moved.customer_key = grants.customer_key
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
