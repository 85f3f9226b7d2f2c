-- What the events of each feature were charged, and what the flat rates of their pools charge:
-- those of the lists, by pool and feature. An event without such a rate stays as it is. `untold`
-- are the events whose charge goes out of range.
with rated as (
    select
        unnest(cast($rated_pools as integer[])) as pool,
        unnest(cast($rated_features as integer[])) as feature_key,
        unnest(cast($amounts as decimal(18, 6)[])) as amount
),

held as (
    select
        coalesce(resource_key, -customer_key) as pool,
        feature_key,
        units,
        credits,
        events
    from coded_events
    where
        currency_key = $currency_key
        and slot >= $first
        and slot < $until
        and ($first_micro = 0 or slot > $first or micro >= $first_micro)
        and ($until_micro = 900000000 or slot < $until - 1 or micro < $until_micro)
        and (
            $customer_keys is null
            or (
                customer_key between list_min($customer_keys) and list_max($customer_keys)
                and (
                    list_min($customer_keys) + len($customer_keys) = list_max($customer_keys) + 1
                    or list_contains($customer_keys, customer_key)
                )
            )
        )
),

charged as (
    select
        held.feature_key,
        held.credits,
        held.events,
        case
            when rated.amount is null then held.credits
            when held.units between -$most_units and $most_units
                then
                    cast(
                        cast(rated.amount as decimal(12, 6)) * cast(held.units as decimal(18, 5))
                        as decimal(18, 6)
                    )
            else try_cast(try(rated.amount * held.units) as decimal(18, 6))
        end as rated
    from held
    left join rated on held.pool = rated.pool and held.feature_key = rated.feature_key
)

select
    features.feature_id,
    charged.feature_key,
    sum(charged.events) as events,
    sum(case when charged.rated != charged.credits then charged.events else 0 end) as differing,
    sum(charged.credits) as charged,
    sum(charged.rated) as rated,
    count_if(charged.rated is null) as untold
from charged
left join features on charged.feature_key = features.feature_key
group by features.feature_id, charged.feature_key
