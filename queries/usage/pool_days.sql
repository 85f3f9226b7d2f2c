-- Usage from pool_days: by the customer or by none.
with keyed as (
    select
        case when $is_whole then 0 else (day * 96 - $phase) // $step end as unit,
        credits,
        events,
        case $key_1 when 'customerId' then customer_key end as code_1,
        case $key_2 when 'customerId' then customer_key end as code_2,
        case $key_3 when 'customerId' then customer_key end as code_3,
        case $key_4 when 'customerId' then customer_key end as code_4,
        case $key_5 when 'customerId' then customer_key end as code_5
    from pool_days
    where
        day >= $first // 96
        and day < $until // 96
        and currency_key = $currency_key
        and (
            $customer_key is null
            or (customer_key = $customer_key and resource_key is not distinct from $resource_key)
        )
        and passes(
            $values_1, $codes_1, $is_without_1,
            case $filter_1 when 'customerId' then customer_key end, null
        )
        and passes(
            $values_2, $codes_2, $is_without_2,
            case $filter_2 when 'customerId' then customer_key end, null
        )
        and passes(
            $values_3, $codes_3, $is_without_3,
            case $filter_3 when 'customerId' then customer_key end, null
        )
        and passes(
            $values_4, $codes_4, $is_without_4,
            case $filter_4 when 'customerId' then customer_key end, null
        )
        and passes(
            $values_5, $codes_5, $is_without_5,
            case $filter_5 when 'customerId' then customer_key end, null
        )
)

select
    (
        (
            (
                (
                    cast(unit as bigint) * $size_1 + coalesce(code_1, 0)
                ) * $size_2 + coalesce(code_2, 0)
            ) * $size_3 + coalesce(code_3, 0)
        ) * $size_4 + coalesce(code_4, 0)
    ) * $size_5 + coalesce(code_5, 0) as place,
    sum(credits) as credits,
    cast(sum(events) as bigint) as events
from keyed
group by place
order by place
limit $most_rows
