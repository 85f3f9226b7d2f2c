-- What events.sql says of each event, summed by pool. `untold` are the events whose price no sum of
-- numbers tells, `wrong` those that it charges less than nothing: where there are any, events.sql
-- must be asked.
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

held as (
    select
        customer_key,
        resource_key,
        feature_key,
        units,
        credits,
        key_code(
            $key, customer_key, feature_key,
            dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8
        ) as number,
        dimension_text($key, rest) as text,
        dimension_code($name_1, dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8) as code_1,
        dimension_code($name_2, dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8) as code_2,
        dimension_code($name_3, dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8) as code_3,
        dimension_code($name_4, dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8) as code_4,
        rest
    from coded_events
    where
        currency_key = $currency_key
        and slot >= $first
        and slot < $until
        and ($first_micro = 0 or slot > $first or micro >= $first_micro)
        and ($until_micro = 900000000 or slot < $until - 1 or micro < $until_micro)
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
        coalesce(of_number.place, of_text.place, of_all.place) as place
    from held
    left join changes as of_number
        on held.feature_key = of_number.feature_key and held.number = of_number.number
    left join changes as of_text
        on
            held.feature_key = of_text.feature_key
            and coalesce(held.text, case when held.number is null then '' end) = of_text.text
    left join changes as of_all
        on held.feature_key = of_all.feature_key and of_all.value is null
),

charged as (
    select
        matched.customer_key,
        matched.resource_key,
        matched.credits,
        case
            when matched.place is null then matched.credits
            when changes.is_sum
                then
                    try_cast(
                        changes.per_credit * matched.credits
                        + changes.per_unit * matched.units
                        + changes.constant
                        + if(
                            changes.per_1 = 0, 0,
                            changes.per_1
                            * plain_number(coalesce(dimension_text($name_1, rest), text_1.value))
                        )
                        + if(
                            changes.per_2 = 0, 0,
                            changes.per_2
                            * plain_number(coalesce(dimension_text($name_2, rest), text_2.value))
                        )
                        + if(
                            changes.per_3 = 0, 0,
                            changes.per_3
                            * plain_number(coalesce(dimension_text($name_3, rest), text_3.value))
                        )
                        + if(
                            changes.per_4 = 0, 0,
                            changes.per_4
                            * plain_number(coalesce(dimension_text($name_4, rest), text_4.value))
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
    cast(customer_key as bigint) * 4294967296 + coalesce(resource_key, 0) as pool,
    count(*) as events,
    count(*) filter (repriced != credits) as changed,
    sum(credits) as charged,
    sum(repriced) as repriced,
    count(*) filter (repriced is null) as untold,
    count(*) filter (repriced < 0 and credits >= 0) as wrong
from charged
group by customer_key, resource_key
