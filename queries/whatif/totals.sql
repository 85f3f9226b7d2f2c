-- What events.sql says of each event, summed by pool: for prices by credit and unit, and for a key
-- whose values have codes. `untold` are the events whose price goes out of range, `wrong` those
-- that it charges less than nothing: where there are any, events.sql must be asked.
with given_changes as (
    select
        unnest(cast($features as varchar[])) as feature_id,
        unnest(cast($feature_values as varchar[])) as value,
        unnest(cast($per_credit as decimal(12, 6)[])) as per_credit,
        unnest(cast($per_unit as decimal(12, 6)[])) as per_unit,
        unnest(cast($constant as decimal(15, 9)[])) as constant
),

changes as (
    select
        features.feature_key,
        key_values.code as number,
        given_changes.value is null as is_of_all,
        given_changes.value = '' as is_of_none,
        given_changes.per_credit,
        given_changes.per_unit,
        given_changes.constant
    from given_changes
    inner join features on given_changes.feature_id = features.feature_id
    left join key_values on given_changes.value = key_values.value and key_values.key = $key
),

-- Events without the key have the number 0, which no value has.
of_numbers as (
    select
        feature_key,
        number,
        per_credit,
        per_unit,
        constant
    from changes
    where number is not null
    union all
    select
        feature_key,
        0 as number,
        per_credit,
        per_unit,
        constant
    from changes
    where is_of_none
),

held as (
    select
        customer_key,
        resource_key,
        feature_key,
        units,
        credits,
        coalesce(
            key_code(
                $key, customer_key, feature_key,
                dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8
            ), 0
        ) as number
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
        held.customer_key,
        held.resource_key,
        held.units,
        held.credits,
        coalesce(of_numbers.per_credit, of_all.per_credit) as per_credit,
        coalesce(of_numbers.per_unit, of_all.per_unit) as per_unit,
        coalesce(of_numbers.constant, of_all.constant) as constant
    from held
    left join of_numbers
        on held.feature_key = of_numbers.feature_key and held.number = of_numbers.number
    left join changes as of_all
        on held.feature_key = of_all.feature_key and of_all.is_of_all
),

charged as (
    select
        customer_key,
        resource_key,
        credits,
        case
            when per_credit is null then credits
            when per_unit = 0 and constant = 0
                then try_cast(per_credit * credits as decimal(18, 6))
            else
                try_cast(
                    per_credit * credits + per_unit * units + constant as decimal(18, 6)
                )
        end as repriced
    from matched
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
