-- The incoming events of the slots from $first to $until and those that the extract held of them
-- (the view held_events) become the part. An id that is $prefix and as many digits as the pattern
-- $number has is kept as the number.
insert into part.usage_events
with numbered as (
    select
        *,
        case
            when
                starts_with(event_id, $prefix)
                and regexp_full_match(substr(event_id, length($prefix) + 1), $number)
                then try_cast(substr(event_id, length($prefix) + 1) as bigint)
        end as event_number
    from incoming
    where slot_of(occurred_at) >= $first and slot_of(occurred_at) < $until
),

coded as (
    select
        numbered.event_number,
        numbered.event_id,
        numbered.customer_key,
        numbered.resource_key,
        numbered.feature_key,
        numbered.currency_key,
        slot_of(numbered.occurred_at) as slot,
        micro_of(numbered.occurred_at) as micro,
        case
            when
                epoch_us(numbered.loaded_at) - epoch_us(numbered.occurred_at)
                between 0 and 86399999999
                then epoch_us(numbered.loaded_at) - epoch_us(numbered.occurred_at)
        end as delay,
        numbered.loaded_at,
        numbered.units,
        numbered.credits,
        numbered.events,
        value_1.code as dim_1,
        value_2.code as dim_2,
        value_3.code as dim_3,
        value_4.code as dim_4,
        value_5.code as dim_5,
        value_6.code as dim_6,
        value_7.code as dim_7,
        value_8.code as dim_8,
        numbered.rest
    from numbered
    left join dimension_values as value_1 on numbered.dim_1 = value_1.value and value_1.place = 1
    left join dimension_values as value_2 on numbered.dim_2 = value_2.value and value_2.place = 2
    left join dimension_values as value_3 on numbered.dim_3 = value_3.value and value_3.place = 3
    left join dimension_values as value_4 on numbered.dim_4 = value_4.value and value_4.place = 4
    left join dimension_values as value_5 on numbered.dim_5 = value_5.value and value_5.place = 5
    left join dimension_values as value_6 on numbered.dim_6 = value_6.value and value_6.place = 6
    left join dimension_values as value_7 on numbered.dim_7 = value_7.value and value_7.place = 7
    left join dimension_values as value_8 on numbered.dim_8 = value_8.value and value_8.place = 8
),

shortened as (
    select
        * replace (
            case when event_number is null then event_id end as event_id,
            case when delay is null then loaded_at end as loaded_at
        )
    from coded
    union all
    select *
    from held_events
)

select *
from shortened
-- By pool and time, in as few bytes as can be: a wider key takes longer to sort.
order by
    (cast(customer_key as bigint) << 32) + coalesce(resource_key, 0) asc,
    coalesce(currency_key, 0) asc,
    cast(slot as bigint) * 900000000 + micro asc
