-- One id, the same whenever the same events come in.
select min(event_id) as event_id
from incoming_values
where slot_of(occurred_at) >= $first and slot_of(occurred_at) < $until
