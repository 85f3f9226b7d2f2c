-- What each pool's features cost today: by the plan of the resource's subscription before that of
-- the customer's, the latest first, that has a rate for the feature in this currency.
with subscribed as (
    select
        pools.customer_key,
        pools.resource_key,
        subscriptions.plan_id,
        subscriptions.subscription_id,
        subscriptions.started_at,
        coalesce(subscriptions.resource_key, 0) = coalesce(pools.resource_key, 0) as is_own
    from pools
    inner join subscriptions
        on
            pools.customer_key = subscriptions.customer_key
            and (
                subscriptions.resource_key is null
                or pools.resource_key = subscriptions.resource_key
            )
    where
        subscriptions.status in ('ACTIVE', 'IN_TRIAL')
        and ($customers is null or list_contains($customers, pools.customer_id))
),

ranked as (
    select
        subscribed.customer_key,
        subscribed.resource_key,
        rates.feature_key,
        rates.amount,
        rates.cost_formula,
        row_number() over (
            partition by subscribed.customer_key, subscribed.resource_key, rates.feature_key
            order by
                subscribed.is_own desc,
                subscribed.started_at desc nulls last,
                subscribed.subscription_id asc
        ) as place
    from subscribed
    inner join rates on subscribed.plan_id = rates.plan_id
    inner join currencies on rates.currency_key = currencies.currency_key
    where currencies.currency_id = $currency_id
)

select
    cast(coalesce(ranked.resource_key, -ranked.customer_key) as bigint) as pool,
    features.feature_id,
    ranked.amount,
    ranked.cost_formula
from ranked
inner join features on ranked.feature_key = features.feature_key
where ranked.place = 1
order by pool, features.feature_id
