-- What the codes of promoted keys stand for.
select
    place,
    code,
    value
from dimension_values
order by place, code
