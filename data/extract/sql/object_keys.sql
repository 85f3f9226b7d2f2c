-- The keys in the objects of the file's rows, also of those that Python has to read.
insert into spool.object_keys
select distinct
    file_number,
    unnest(map_keys(dimensions)) as dimension_key
from plain
