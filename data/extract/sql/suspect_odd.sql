create or replace temp table suspected as
select
    odd.file_number,
    odd.row_number,
    odd.event_id,
    odd.feature_id,
    true as is_odd
from spool.odd as odd
semi join spool.suspects as suspects
    on hash(odd.event_id, odd.feature_id) = suspects.hashed
