-- Every grant of one pool, newest first.
select
    grant_id,
    display_name,
    grant_type,
    status,
    amount,
    consumed_amount,
    cost_amount,
    cost_currency,
    priority,
    payment_collection,
    effective_at,
    expire_at,
    voided_at,
    created_at,
    comment,
    coalesce(is_recharge, false) as is_recharge
from grants
where
    customer_key = $customer_key
    and resource_key is not distinct from $resource_key
    and currency_key = $currency_key
order by created_at desc, grant_id asc
