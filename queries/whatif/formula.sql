-- What one formula charges the events that it is for, by pool, beside what they were charged: as
-- changed.sql does for other prices, with which it shares what it takes.
--
-- `untold` are the events that no sum of plain numbers charges or, if $is_checked, that it charges
-- less than nothing. Where $is_summed is
-- false, they are all there is, with what the price may read, to be charged one by one.
with numbers as (
    select
        place,
        code,
        coalesce(
            plain_number(value), case when regexp_matches(value, $no_number) then 0 end
        ) as number
    from dimension_values
    where
        place = place_of($name_1)
        or place = place_of($name_2)
        or place = place_of($name_3)
        or place = place_of($name_4)
),

held as (
    select
        coalesce(resource_key, -customer_key) as pool,
        feature_key,
        units,
        credits,
        events,
        dim_1,
        dim_2,
        dim_3,
        dim_4,
        dim_5,
        dim_6,
        dim_7,
        dim_8,
        rest,
        dimension_code($name_1, dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8) as code_1,
        case when cardinality(rest) > 0 then dimension_text($name_1, rest) end as text_1,
        dimension_code($name_2, dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8) as code_2,
        case when cardinality(rest) > 0 then dimension_text($name_2, rest) end as text_2,
        dimension_code($name_3, dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8) as code_3,
        case when cardinality(rest) > 0 then dimension_text($name_3, rest) end as text_3,
        dimension_code($name_4, dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8) as code_4,
        case when cardinality(rest) > 0 then dimension_text($name_4, rest) end as text_4
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
),

numbered as (
    select
        held.*,
        case
            when $per_1 = 0 then 0
            when place_of($name_1) is null
                then
                    coalesce(
                        plain_number(text_1),
                        case when regexp_matches(text_1, $no_number) then 0 end
                    )
            when held.code_1 is null then 0
            else of_1.number
        end as number_1,
        case
            when $per_2 = 0 then 0
            when place_of($name_2) is null
                then
                    coalesce(
                        plain_number(text_2),
                        case when regexp_matches(text_2, $no_number) then 0 end
                    )
            when held.code_2 is null then 0
            else of_2.number
        end as number_2,
        case
            when $per_3 = 0 then 0
            when place_of($name_3) is null
                then
                    coalesce(
                        plain_number(text_3),
                        case when regexp_matches(text_3, $no_number) then 0 end
                    )
            when held.code_3 is null then 0
            else of_3.number
        end as number_3,
        case
            when $per_4 = 0 then 0
            when place_of($name_4) is null
                then
                    coalesce(
                        plain_number(text_4),
                        case when regexp_matches(text_4, $no_number) then 0 end
                    )
            when held.code_4 is null then 0
            else of_4.number
        end as number_4
    from held
    left join numbers as of_1
        on held.code_1 = of_1.code and of_1.place = place_of($name_1)
    left join numbers as of_2
        on held.code_2 = of_2.code and of_2.place = place_of($name_2)
    left join numbers as of_3
        on held.code_3 = of_3.code and of_3.place = place_of($name_3)
    left join numbers as of_4
        on held.code_4 = of_4.code and of_4.place = place_of($name_4)
),

charged as (
    select
        numbered.*,
        case
            when not $is_sum then null
            when
                $per_credit = 0 and $per_unit = 0
                and number_1 = 0 and number_2 = 0 and number_3 = 0 and number_4 = 0
                then try_cast(cast($constant as decimal(15, 9)) as decimal(18, 6))
            else
                try_cast(
                    try(
                        cast($per_credit as decimal(9, 6)) * cast(credits as decimal(24, 6))
                        + cast($per_unit as decimal(12, 6)) * units
                        + cast($constant as decimal(15, 9))
                        + cast($per_1 as decimal(15, 9)) * number_1
                        + cast($per_2 as decimal(15, 9)) * number_2
                        + cast($per_3 as decimal(15, 9)) * number_3
                        + cast($per_4 as decimal(15, 9)) * number_4
                    )
                    as decimal(18, 6)
                )
        end as repriced
    from numbered
),

told as (
    select
        charged.*,
        repriced is not null and (not $is_checked or repriced >= 0 or credits < 0) as is_told
    from charged
)

select
    pool,
    case when not $is_summed then feature_key end as feature_key,
    case when not $is_summed and $per_unit != 0 then units end as units,
    case when not $is_summed then credits end as credits,
    case when not $is_summed and list_contains($read_places, 1) then dim_1 end as code_1,
    case when not $is_summed and list_contains($read_places, 2) then dim_2 end as code_2,
    case when not $is_summed and list_contains($read_places, 3) then dim_3 end as code_3,
    case when not $is_summed and list_contains($read_places, 4) then dim_4 end as code_4,
    case when not $is_summed and list_contains($read_places, 5) then dim_5 end as code_5,
    case when not $is_summed and list_contains($read_places, 6) then dim_6 end as code_6,
    case when not $is_summed and list_contains($read_places, 7) then dim_7 end as code_7,
    case when not $is_summed and list_contains($read_places, 8) then dim_8 end as code_8,
    case
        when not $is_summed and cardinality(rest) > 0
            then list_transform($read_texts, lambda name: rest[name])
    end as texts,
    count(*) as count_rows,
    sum(events) as events,
    sum(credits) filter (where is_told) as was,
    sum(repriced) filter (where is_told) as becomes,
    sum(events) filter (where is_told and repriced != credits) as changed,
    count_if(not is_told) as untold
from told
where $is_summed or not is_told
group by all
