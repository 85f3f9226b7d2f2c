select
    file_number,
    row_number,
    reason
from spool.consumptions
where reason is not null
union all
select
    file_number,
    row_number,
    reason
from spool.granted
where reason is not null
order by file_number, row_number
