select
    count(*) as count_rows,
    cast(sum(events) as bigint) as count_events,
    make_timestamp(max(cast(slot as bigint) * 900000000 + micro)) as last_at
from part.usage_events
