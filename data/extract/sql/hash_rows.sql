-- The hash of event and feature of each row, and its month: null where Python has to read it.
select
    case when is_sure then hash(event_id, feature_id) end as hashed,
    case when is_sure then slot_of(date_trunc('month', occurred_at)) end as first_slot
from rated
