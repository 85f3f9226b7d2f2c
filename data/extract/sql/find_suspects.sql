-- Events of the files that the extract may have already, by the hash of event and feature.
insert into spool.suspects
with held as (
    select hash(usage_events.event_id, features.feature_id) as hashed
    from usage_events
    inner join features on usage_events.feature_key = features.feature_key
)

select distinct held.hashed
from held
semi join read_hashes on held.hashed = read_hashes.hashed
