-- The codes of values of keys, that events are narrowed by.
with wanted as (
    select
        unnest(cast($keys as varchar[])) as key,
        unnest(cast($texts as varchar[])) as value
)

select
    wanted.key,
    key_values.code
from wanted
inner join key_values on wanted.key = key_values.key and wanted.value = key_values.value
order by wanted.key, key_values.code
