-- How many of the pools met have no rate that SQL can surely charge.
select count(*)
from (select distinct * from spool.met) as met
left join spool.pools as pools
    on
        met.customer_id = pools.customer_id
        and met.feature_id = pools.feature_id
        and met.resource_id is not distinct from pools.resource_id
        and met.plan_id is not distinct from pools.plan_id
where pools.is_flat is null or not pools.is_flat or pools.amount >= $largest
