delete from grants
where grant_id in (select newest_grants.grant_id from newest_grants);

insert into grants
select * exclude (is_held)
from newest_grants
order by customer_key, created_at, grant_id;
