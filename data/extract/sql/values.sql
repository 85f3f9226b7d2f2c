select
    code,
    value
from key_values
where key = $key
order by code
