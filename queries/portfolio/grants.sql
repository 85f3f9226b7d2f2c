-- Every grant of one currency, by pool, newest first.
select
    pools.customer_id,
    pools.resource_id,
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
    currencies.currency_id = $currency_id
    and ($customers is null or list_contains($customers, pools.customer_id))
order by
    pools.customer_id asc,
    pools.resource_id asc nulls first,
    grants.created_at desc,
    grants.grant_id asc
