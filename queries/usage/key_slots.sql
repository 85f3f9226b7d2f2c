-- Usage of all customers from key_slots: by the feature, and by the one key $rolled_key or none.
with keyed as (
    select
        case when $is_whole then 0 else (slot - $phase) // $step end as unit,
        credits,
        events,
        case $key_1 when 'featureId' then feature_key when $rolled_key then code end as code_1,
        case $key_2 when 'featureId' then feature_key when $rolled_key then code end as code_2,
        case $key_3 when 'featureId' then feature_key when $rolled_key then code end as code_3,
        case $key_4 when 'featureId' then feature_key when $rolled_key then code end as code_4,
        case $key_5 when 'featureId' then feature_key when $rolled_key then code end as code_5
    from key_slots
    where
        place = coalesce(place_of($rolled_key), 0)
        and slot >= $first
        and slot < $until
        and currency_key = $currency_key
        and passes(
            $values_1, $codes_1, $is_without_1,
            case $filter_1 when 'featureId' then feature_key when $rolled_key then code end, null
        )
        and passes(
            $values_2, $codes_2, $is_without_2,
            case $filter_2 when 'featureId' then feature_key when $rolled_key then code end, null
        )
        and passes(
            $values_3, $codes_3, $is_without_3,
            case $filter_3 when 'featureId' then feature_key when $rolled_key then code end, null
        )
        and passes(
            $values_4, $codes_4, $is_without_4,
            case $filter_4 when 'featureId' then feature_key when $rolled_key then code end, null
        )
        and passes(
            $values_5, $codes_5, $is_without_5,
            case $filter_5 when 'featureId' then feature_key when $rolled_key then code end, null
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
