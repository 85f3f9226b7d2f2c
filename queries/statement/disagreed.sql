-- The days, counted from 1970, on which what a pool's ledger says was consumed is not what its
-- events cost.
with consumed as (
    select
        day,
        -sum(amount) as credits
    from ledger_days
    where
        customer_key = $customer_key
        and resource_key is not distinct from $resource_key
        and currency_key = $currency_key
        and day >= $first_day
        and day <= $last_day
        and event_type = 'CREDITS_CONSUMED'
    group by day
),

used as (
    select
        day,
        sum(credits) as credits
    from pool_days
    where
        customer_key = $customer_key
        and resource_key is not distinct from $resource_key
        and currency_key = $currency_key
        and day >= $first_day
        and day <= $last_day
    group by day
)

select coalesce(consumed.day, used.day) as day
from consumed
full join used on consumed.day = used.day
where coalesce(consumed.credits, 0) != coalesce(used.credits, 0)
order by day
