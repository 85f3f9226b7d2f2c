-- Every grant of one pool, newest first.
select
    grants.grant_id,
    grants.display_name,
    grants.grant_type,
    grants.status,
    grants.amount,
    grants.consumed_amount,
    grants.cost_amount,
    grants.cost_currency,
    grants.priority,
    grants.payment_collection,
    grants.effective_at,
    grants.expire_at,
    grants.voided_at,
    grants.created_at,
    grants.comment,
    coalesce(grants.is_recharge, false) as is_recharge
from grants
inner join pools
    on
        grants.customer_key = pools.customer_key
        and grants.resource_key is not distinct from pools.resource_key
inner join currencies on grants.currency_key = currencies.currency_key
where
    pools.customer_id = $customer_id
    and pools.resource_id is not distinct from $resource_id
    and currencies.currency_id = $currency_id
order by grants.created_at desc, grants.grant_id asc
