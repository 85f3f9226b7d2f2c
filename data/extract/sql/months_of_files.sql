-- The months of all files, the earliest first.
with counted as (
    select
        make_timestamp(first_slot * cast(900000000 as bigint)) as month,
        first_slot,
        sum(events) as events
    from spool.months
    group by first_slot
)

select
    first_slot,
    slot_of(month + interval 1 month) as until_slot,
    cast(events as bigint) as events
from counted
order by first_slot
