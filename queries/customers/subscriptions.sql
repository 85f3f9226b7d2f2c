select
    subscriptions.subscription_id,
    subscriptions.plan_id,
    resources.resource_id,
    subscriptions.started_at
from subscriptions
inner join customers on subscriptions.customer_key = customers.customer_key
left join resources on subscriptions.resource_key = resources.resource_key
where
    customers.customer_id = $customer_id
    and subscriptions.status = 'ACTIVE'
order by subscriptions.started_at, subscriptions.subscription_id
