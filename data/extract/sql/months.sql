-- The months that the incoming events are in.
select
    slot_of(date_trunc('month', occurred_at)) as first_slot,
    slot_of(date_trunc('month', occurred_at) + interval 1 month) as until_slot,
    count(*) as count_events
from incoming_values
group by all
order by first_slot
