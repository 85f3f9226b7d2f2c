-- One row per event of the currency and feature, with what it was charged and what the changes
-- would charge instead. A change is for a feature, and for one value of the key $key or for all:
-- a dimension, customerId, or 'pool', whose values are the numbers of pools.sql. `repriced` is
-- null where a sum of numbers cannot tell it: then the change, the units and the dimensions are
-- there to work it out. Of the events named as out of order, `known_at` and `ledger_seq` say when
-- and in which place the pool learnt of them.
with changes as (
    select
        unnest(cast($places as integer[])) as place,
        unnest(cast($features as varchar[])) as feature_id,
        unnest(cast($feature_values as varchar[])) as value,
        unnest(cast($is_sum as boolean[])) as is_sum,
        unnest(cast($per_credit as decimal(12, 6)[])) as per_credit,
        unnest(cast($per_unit as decimal(12, 6)[])) as per_unit,
        unnest(cast($constant as decimal(15, 9)[])) as constant,
        unnest(cast($per_1 as decimal(15, 9)[])) as per_1,
        unnest(cast($per_2 as decimal(15, 9)[])) as per_2,
        unnest(cast($per_3 as decimal(15, 9)[])) as per_3,
        unnest(cast($per_4 as decimal(15, 9)[])) as per_4
),

out_of_order as (
    select
        unnest(cast($late_event_ids as varchar[])) as event_id,
        unnest(cast($late_feature_ids as varchar[])) as feature_id,
        unnest(cast($late_known_at as timestamp[])) as known_at,
        unnest(cast($late_places as bigint[])) as ledger_seq
),

held as (
    select
        cast(usage_events.customer_key as bigint) * 4294967296
        + coalesce(usage_events.resource_key, 0) as pool,
        usage_events.event_id,
        features.feature_id,
        usage_events.occurred_at,
        usage_events.units,
        usage_events.credits,
        case
            when $key = 'pool'
                then
                    cast(
                        cast(usage_events.customer_key as bigint) * 4294967296
                        + coalesce(usage_events.resource_key, 0) as varchar
                    )
            else
                key_value(
                    $key, customers.customer_id, features.feature_id,
                    dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, rest
                )
        end as value,
        dimension($name_1, dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, rest) as text_1,
        dimension($name_2, dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, rest) as text_2,
        dimension($name_3, dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, rest) as text_3,
        dimension($name_4, dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, rest) as text_4,
        dim_1,
        dim_2,
        dim_3,
        dim_4,
        dim_5,
        dim_6,
        dim_7,
        dim_8,
        rest
    from usage_events
    inner join customers on usage_events.customer_key = customers.customer_key
    inner join currencies on usage_events.currency_key = currencies.currency_key
    left join features on usage_events.feature_key = features.feature_key
    where
        currencies.currency_id = $currency_id
        and usage_events.occurred_at >= $first
        and usage_events.occurred_at < $last
        and ($customers is null or list_contains($customers, customers.customer_id))
),

matched as (
    select
        held.*,
        case
            when held.occurred_at >= $since and held.occurred_at < $until
                then coalesce(of_value.place, of_all.place)
        end as place
    from held
    left join changes as of_value
        on held.feature_id = of_value.feature_id and held.value = of_value.value
    left join changes as of_all
        on held.feature_id = of_all.feature_id and of_all.value is null
),

charged as (
    select
        matched.*,
        case
            when matched.place is null then matched.credits
            when changes.is_sum
                then
                    try_cast(
                        changes.per_credit * matched.credits
                        + changes.per_unit * matched.units
                        + changes.constant
                        + if(changes.per_1 = 0, 0, changes.per_1 * plain_number(matched.text_1))
                        + if(changes.per_2 = 0, 0, changes.per_2 * plain_number(matched.text_2))
                        + if(changes.per_3 = 0, 0, changes.per_3 * plain_number(matched.text_3))
                        + if(changes.per_4 = 0, 0, changes.per_4 * plain_number(matched.text_4))
                        as decimal(18, 6)
                    )
        end as repriced
    from matched
    left join changes on matched.place = changes.place
)

select
    charged.pool,
    charged.feature_id,
    charged.occurred_at,
    out_of_order.known_at,
    out_of_order.ledger_seq,
    charged.credits,
    charged.repriced,
    case when charged.repriced is null then charged.place end as place,
    case when charged.repriced is null then charged.units end as units,
    case
        when charged.repriced is null
            then
                map_entries(
                    dimensions(dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, rest)
                )
    end as dimensions
from charged
left join out_of_order
    on
        charged.event_id = out_of_order.event_id
        and charged.feature_id is not distinct from out_of_order.feature_id
