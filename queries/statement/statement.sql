-- All that one pool's ledger holds, summed by what no cut is within: by day but of the days that
-- one is within, $cut_days from $since to $until ($is_run: all days between); these by quarter of
-- an hour; and of those that one is within, $cut_slots, by the very time. Not ordered: placed.py
-- puts the rows into buckets, which plans nothing.
with of_days as (
    select
        make_timestamp(cast(day as bigint) * 86400000000) as since,
        grant_id,
        event_type,
        feature_key,
        amount,
        last_at
    from ledger_days
    where
        customer_key = $customer_key
        and resource_key is not distinct from $resource_key
        and currency_key = $currency_key
        and not list_contains($cut_days, day)
),

of_cut_days as (
    select *
    from ledger
    where
        $is_run
        and customer_key = $customer_key
        and resource_key is not distinct from $resource_key
        and currency_key = $currency_key
        and occurred_at >= $since
        and occurred_at < $until
    union all
    select *
    from ledger
    where
        not $is_run
        and customer_key = $customer_key
        and resource_key is not distinct from $resource_key
        and currency_key = $currency_key
        and occurred_at >= $since
        and occurred_at < $until
        and day in (select unnest(cast($cut_days as integer[])))
),

of_slots as (
    select
        case
            when list_contains($cut_slots, slot) then occurred_at
            else make_timestamp(cast(slot as bigint) * 900000000)
        end as since,
        grant_id,
        event_type,
        feature_key,
        sum(amount) as amount,
        max(occurred_at) as last_at
    from of_cut_days
    group by all
)

select *
from of_days
union all
select *
from of_slots
