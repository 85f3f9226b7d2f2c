-- The events that Python read are of no file any more.
insert into spool.months
select
    -1 as file_number,
    slot_of(date_trunc('month', occurred_at)) as first_slot,
    count(*) as events
from spool.odd
group by first_slot
