-- The pools of spool.pools by the keys that stand for them; named_pools is of arrive.sql.
create or replace temp table keyed_pools as
select
    pools.*,
    customers.customer_key,
    named_pools.resource_key,
    features.feature_key,
    currencies.currency_key
from spool.pools as pools
inner join customers on pools.customer_id = customers.customer_id
inner join features on pools.feature_id = features.feature_id
inner join currencies on pools.currency_id = currencies.currency_id
left join named_pools
    on
        pools.customer_id = named_pools.customer_id
        and pools.resource_id = named_pools.resource_id;
