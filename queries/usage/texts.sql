-- Usage from events by keys that are not all promoted: a row per unit of time and group. It takes
-- several times as long as events.sql.
with keyed as (
    select
        case when $is_whole then 0 else (slot - $phase) // $step end as unit,
        credits,
        events,
        key_code(
            $key_1, customer_key, feature_key,
            dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8
        ) as code_1,
        dimension_text($key_1, rest) as text_1,
        key_code(
            $key_2, customer_key, feature_key,
            dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8
        ) as code_2,
        dimension_text($key_2, rest) as text_2,
        key_code(
            $key_3, customer_key, feature_key,
            dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8
        ) as code_3,
        dimension_text($key_3, rest) as text_3,
        key_code(
            $key_4, customer_key, feature_key,
            dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8
        ) as code_4,
        dimension_text($key_4, rest) as text_4,
        key_code(
            $key_5, customer_key, feature_key,
            dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8
        ) as code_5,
        dimension_text($key_5, rest) as text_5
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
)

select
    unit,
    code_1,
    text_1,
    code_2,
    text_2,
    code_3,
    text_3,
    code_4,
    text_4,
    code_5,
    text_5,
    sum(credits) as credits,
    cast(sum(events) as bigint) as events
from keyed
group by all
order by
    credits desc, unit asc, code_1 asc nulls last, text_1 asc nulls last,
    code_2 asc nulls last, text_2 asc nulls last, code_3 asc nulls last, text_3 asc nulls last,
    code_4 asc nulls last, text_4 asc nulls last, code_5 asc nulls last, text_5 asc nulls last
limit $most_rows
