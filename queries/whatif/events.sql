-- One row per event of the currency and feature, with what it was charged and what the changes
-- would charge instead. A change is for a feature, and for one value of the key $key or for all:
-- a dimension, or customerId. `repriced` is null where a sum of numbers cannot tell it: then the
-- change, the units and the dimensions, as the extract has them, are there to work it out. Of the
-- events named as out of order, `known_at` and `ledger_seq` say when and in which place the pool
-- learnt of them.
with given_changes as (
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

changes as (
    select
        given_changes.*,
        features.feature_key,
        key_values.code as number,
        given_changes.value as text
    from given_changes
    inner join features on given_changes.feature_id = features.feature_id
    left join key_values on given_changes.value = key_values.value and key_values.key = $key
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
        cast(coalesce(resource_key, -customer_key) as bigint) as pool,
        case when len($late_event_ids) > 0 then event_id end as event_id,
        feature_key,
        occurred_at,
        units,
        credits,
        key_code(
            $key, customer_key, feature_key,
            dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8
        ) as number,
        coalesce(
            dimension_text($key, rest),
            case
                when
                    key_code(
                        $key, customer_key, feature_key,
                        dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8
                    ) is null
                    then ''
            end
        ) as text,
        dimension_code($name_1, dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8) as code_1,
        dimension_code($name_2, dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8) as code_2,
        dimension_code($name_3, dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8) as code_3,
        dimension_code($name_4, dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8) as code_4,
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
    where
        currency_key = (
            select currencies.currency_key from currencies
            where currencies.currency_id = $currency_id
        )
        and occurred_at >= $first
        and occurred_at < $last
        and (
            $customers is null
            or customer_key in (
                select customers.customer_key from customers
                where list_contains($customers, customers.customer_id)
            )
        )
),

matched as (
    select
        held.*,
        case
            when held.occurred_at >= $since and held.occurred_at < $until
                then coalesce(of_number.place, of_text.place, of_all.place)
        end as place
    from held
    left join changes as of_number
        on held.feature_key = of_number.feature_key and held.number = of_number.number
    left join changes as of_text
        on held.feature_key = of_text.feature_key and held.text = of_text.text
    left join changes as of_all
        on held.feature_key = of_all.feature_key and of_all.value is null
),

charged as (
    select
        matched.*,
        case
            when matched.place is null then matched.credits
            when changes.is_sum
                then
                    try_cast(
                        try(
                            changes.per_credit * cast(matched.credits as decimal(24, 6))
                            + changes.per_unit * matched.units
                            + changes.constant
                            + if(
                                changes.per_1 = 0, 0,
                                changes.per_1
                                * plain_number(
                                    coalesce(dimension_text($name_1, rest), text_1.value)
                                )
                            )
                            + if(
                                changes.per_2 = 0, 0,
                                changes.per_2
                                * plain_number(
                                    coalesce(dimension_text($name_2, rest), text_2.value)
                                )
                            )
                            + if(
                                changes.per_3 = 0, 0,
                                changes.per_3
                                * plain_number(
                                    coalesce(dimension_text($name_3, rest), text_3.value)
                                )
                            )
                            + if(
                                changes.per_4 = 0, 0,
                                changes.per_4
                                * plain_number(
                                    coalesce(dimension_text($name_4, rest), text_4.value)
                                )
                            )
                        )
                        as decimal(18, 6)
                    )
        end as repriced
    from matched
    left join changes on matched.place = changes.place
    left join dimension_values as text_1
        on matched.code_1 = text_1.code and text_1.place = place_of($name_1)
    left join dimension_values as text_2
        on matched.code_2 = text_2.code and text_2.place = place_of($name_2)
    left join dimension_values as text_3
        on matched.code_3 = text_3.code and text_3.place = place_of($name_3)
    left join dimension_values as text_4
        on matched.code_4 = text_4.code and text_4.place = place_of($name_4)
)

select
    charged.pool,
    features.feature_id,
    charged.occurred_at,
    out_of_order.known_at,
    out_of_order.ledger_seq,
    charged.credits,
    charged.repriced,
    case when charged.repriced is null then charged.place end as place,
    case when charged.repriced is null then charged.units end as units,
    case
        when charged.repriced is null
            then [dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8]
    end as codes,
    case when charged.repriced is null then map_entries(rest) end as rest
from charged
left join features on charged.feature_key = features.feature_key
left join out_of_order
    on
        charged.event_id = out_of_order.event_id
        and features.feature_id is not distinct from out_of_order.feature_id
