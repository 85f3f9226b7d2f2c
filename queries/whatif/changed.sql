-- What one price charges the events that it is for, by pool, beside what they were charged.
--
-- `untold` are the events whose charge goes out of range or, if $is_checked, below nothing. A row
-- within $most_credits, or $most_units, is charged in 64 bits, which takes a tenth of the time; a
-- whole number of times a charge needs no rounding: it is that many times the sum. Numbers are the
-- codes of the key's values, 0 is of events without it; of a key whose values have no codes there
-- are texts, and '' is of events without it.
with held as (
    select
        coalesce(resource_key, -customer_key) as pool,
        credits,
        events,
        case
            when $is_times and credits between -$most_credits and $most_credits
                then
                    cast(cast($per_credit as decimal(9, 6)) * credits as decimal(18, 6))
            when $is_times
                then
                    try_cast(
                        cast($per_credit as decimal(9, 6)) * cast(credits as decimal(24, 6))
                        as decimal(18, 6)
                    )
            when $per_unit = 0 then cast($constant as decimal(18, 6))
            when units between -$most_units and $most_units
                then
                    cast(
                        cast($per_unit as decimal(12, 6)) * cast(units as decimal(18, 5))
                        as decimal(18, 6)
                    )
            else try_cast(cast($per_unit as decimal(12, 6)) * units as decimal(18, 6))
        end as repriced
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
        and (
            $pools is null
            or coalesce(resource_key, -customer_key) in (
                select unnest(cast($pools as integer[])) as pool
            )
        )
        and feature_key between list_min($feature_keys) and list_max($feature_keys)
        and (
            list_min($feature_keys) + len($feature_keys) = list_max($feature_keys) + 1
            or list_contains($feature_keys, feature_key)
        )
        and case
            when $number is null then true
            when $number = 0
                then
                    key_code(
                        $key, customer_key, feature_key,
                        dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8
                    ) is null
            else
                key_code(
                    $key, customer_key, feature_key,
                    dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8
                ) = $number
        end
        and (
            $other_numbers is null
            or not list_contains(
                $other_numbers,
                coalesce(
                    key_code(
                        $key, customer_key, feature_key,
                        dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8
                    ), 0
                )
            )
        )
        and case
            when $text is null then true
            when $text = '' then coalesce(dimension_text($key, rest), '') = ''
            else cardinality(rest) > 0 and dimension_text($key, rest) = $text
        end
        and (
            $other_texts is null
            or not list_contains($other_texts, coalesce(dimension_text($key, rest), ''))
        )
)

select
    pool,
    sum(credits) as was,
    case
        when $whole_times is not null then sum(credits) * cast($whole_times as decimal(3, 0))
        else sum(repriced)
    end as becomes,
    sum(
        case
            when
                case
                    when $whole_times is not null then $whole_times != 1 and credits != 0
                    else repriced != credits
                end
                then events
            else 0
        end
    ) as changed,
    count_if(
        case
            when $whole_times is not null then not credits between -$most_whole and $most_whole
            when repriced is null then true
            else $is_checked and not $is_times and repriced < 0 and credits >= 0
        end
    ) as untold
from held
group by pool
