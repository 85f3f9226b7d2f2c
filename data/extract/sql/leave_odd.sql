insert into spool.left_out
select
    file_number,
    row_number
from rated
where not is_sure
