-- Usage from events: a row per unit of time and group. A key is a promoted dimension, 'featureId'
-- or 'customerId'. Unit and group are one number, made of the codes, each less than its key's
-- size: that groups several times as fast as a column for each. extracted.py takes it apart.
with keyed as (
    select
        case when $is_whole then 0 else (slot - $phase) // $step end as unit,
        credits,
        events,
        key_code(
            $key_1, customer_key, feature_key,
            dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8
        ) as code_1,
        key_code(
            $key_2, customer_key, feature_key,
            dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8
        ) as code_2,
        key_code(
            $key_3, customer_key, feature_key,
            dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8
        ) as code_3,
        key_code(
            $key_4, customer_key, feature_key,
            dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8
        ) as code_4,
        key_code(
            $key_5, customer_key, feature_key,
            dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8
        ) as code_5
    from coded_events
    where
        slot >= $first
        and slot < $until
        and ($first_micro = 0 or slot > $first or micro >= $first_micro)
        and ($until_micro = 900000000 or slot < $until - 1 or micro < $until_micro)
        and currency_key = $currency_key
        and (
            $customer_key is null
            or (customer_key = $customer_key and resource_key is not distinct from $resource_key)
        )
        and passes(
            $values_1, $codes_1, $is_without_1,
            key_code(
                $filter_1, customer_key, feature_key,
                dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8
            ),
            dimension_text($filter_1, rest)
        )
        and passes(
            $values_2, $codes_2, $is_without_2,
            key_code(
                $filter_2, customer_key, feature_key,
                dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8
            ),
            dimension_text($filter_2, rest)
        )
        and passes(
            $values_3, $codes_3, $is_without_3,
            key_code(
                $filter_3, customer_key, feature_key,
                dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8
            ),
            dimension_text($filter_3, rest)
        )
        and passes(
            $values_4, $codes_4, $is_without_4,
            key_code(
                $filter_4, customer_key, feature_key,
                dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8
            ),
            dimension_text($filter_4, rest)
        )
        and passes(
            $values_5, $codes_5, $is_without_5,
            key_code(
                $filter_5, customer_key, feature_key,
                dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8
            ),
            dimension_text($filter_5, rest)
        )
),

placed as (
    select
        unit,
        credits,
        events,
        (
            (
                (
                    cast(coalesce(code_1, 0) as bigint) * $size_2 + coalesce(code_2, 0)
                ) * $size_3 + coalesce(code_3, 0)
            ) * $size_4 + coalesce(code_4, 0)
        ) * $size_5 + coalesce(code_5, 0) as group_place
    from keyed
)

select
    unit * $groups + group_place as place,
    sum(credits) as credits,
    cast(sum(events) as bigint) as events
from placed
where $chosen is null or get_bit(cast($chosen as bit), cast(group_place as integer)) = 1
group by place
order by credits desc, place asc
limit $most_rows
