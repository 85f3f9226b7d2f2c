insert into spool.met
select distinct
    customer_id,
    resource_id,
    feature_id,
    plan_id
from plain
where customer_id is not null and feature_id is not null
