-- The months of the consumption, the earliest first.
with counted as (
    select
        date_trunc('month', event_timestamp) as month,
        count(*) as count_rows
    from read_rows
    group by month
)

select
    slot_of(month) as first_slot,
    slot_of(month + interval 1 month) as until_slot,
    count_rows
from counted
order by first_slot
