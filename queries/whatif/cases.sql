-- What one formula charges the events that it is for, by pool, beside what they were charged, where
-- it reads dimensions with codes: a case is the number that their codes make, 0 for none, each less
-- than its size, and $charges has a charge for each. `untold` are the events whose charge is null,
-- or below nothing. It shares all else with changed.sql.
with cases as (
    select
        unnest(range(len($charges))) as number,
        unnest(cast($charges as decimal(18, 6)[])) as charge
),

held as (
    select
        coalesce(resource_key, -customer_key) as pool,
        credits,
        events,
        (
            (
                coalesce(
                    dimension_code($name_1, dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8),
                    0
                )
                * $size_2
                + coalesce(
                    dimension_code($name_2, dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8),
                    0
                )
            )
            * $size_3
            + coalesce(
                dimension_code($name_3, dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8), 0
            )
        )
        * $size_4
        + coalesce(
            dimension_code($name_4, dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8), 0
        ) as case_number
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
    held.pool,
    sum(held.credits) as was,
    sum(cases.charge) as becomes,
    sum(case when cases.charge != held.credits then held.events else 0 end) as changed,
    count_if(
        cases.charge is null or ($is_checked and cases.charge < 0 and held.credits >= 0)
    ) as untold
from held
inner join cases on held.case_number = cases.number
group by held.pool
