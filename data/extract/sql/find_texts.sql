-- Events that the extract may have under an id that is no number, by the hash of event and feature,
-- and the hashes of all that it has or may have.
insert into spool.held
select
    coded_events.event_text as event_id,
    features.feature_id
from coded_events
inner join features on coded_events.feature_key = features.feature_key
semi join read_hashes
    on hash(coded_events.event_text, features.feature_id) = read_hashes.hashed
where coded_events.event_text is not null;

insert into spool.suspects
select distinct hash(event_id, feature_id) as hashed
from spool.held
