-- Active subscriptions by natural ids, the latest of a customer first.
select
    customers.customer_id,
    resources.resource_id,
    subscriptions.plan_id
from subscriptions
inner join customers on subscriptions.customer_key = customers.customer_key
left join resources on subscriptions.resource_key = resources.resource_key
where subscriptions.status = 'ACTIVE'
order by
    customers.customer_id asc, subscriptions.started_at desc nulls last,
    subscriptions.subscription_id asc
