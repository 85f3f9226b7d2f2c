-- Events that the extract has under one of the numbers, in parts with ids of that form.
insert into spool.held
select
    coded_events.id_prefix
    || lpad(cast(coded_events.event_number as varchar), coded_events.id_digits, '0') as event_id,
    features.feature_id
from coded_events
semi join read_numbers on coded_events.event_number = read_numbers.event_number
inner join features on coded_events.feature_key = features.feature_key
where coded_events.id_prefix = $prefix and coded_events.id_digits = $digits
