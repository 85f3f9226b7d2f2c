-- Pools whose grants do not leave what their ledger sums to.
with amounts as (
    select
        customer_id,
        currency_id,
        resource_id,
        amount - consumed_amount as remaining,
        0 as booked
    from grants
    where status = 'ACTIVE'
    union all
    select
        customer_id,
        currency_id,
        resource_id,
        0 as remaining,
        amount as booked
    from ledger
),

compared as (
    select
        concat_ws('-', customer_id, currency_id, resource_id) as pool,
        sum(remaining) as remaining,
        sum(booked) as booked
    from amounts
    group by customer_id, currency_id, resource_id
)

select *
from compared
where remaining != booked
order by pool
