insert into suspected
select
    rated.file_number,
    rated.row_number,
    rated.event_id,
    rated.feature_id,
    false as is_odd
from rated
semi join spool.suspects as suspects
    on hash(rated.event_id, rated.feature_id) = suspects.hashed
where rated.is_sure
