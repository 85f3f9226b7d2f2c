select environment_id
from spool.consumptions
where environment_id is not null
union
select environment_id
from spool.granted
where environment_id is not null
order by environment_id
