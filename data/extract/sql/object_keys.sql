insert into spool.object_keys
select distinct
    file_number,
    unnest(map_keys(dimensions)) as dimension_key
from rated
where is_sure
