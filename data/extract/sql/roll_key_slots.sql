-- What all pools of the part used by slot and by the value of one key; $rolled are the places.
insert into part.key_slots
with rolled as (
    select
        0 as place,
        currency_key,
        slot,
        feature_key,
        null as code,
        sum(credits) as credits,
        sum(events) as events
    from part.usage_events
    where list_contains($rolled, 0)
    group by all
    union all
    select
        1 as place,
        currency_key,
        slot,
        feature_key,
        dim_1 as code,
        sum(credits) as credits,
        sum(events) as events
    from part.usage_events
    where list_contains($rolled, 1)
    group by all
    union all
    select
        2 as place,
        currency_key,
        slot,
        feature_key,
        dim_2 as code,
        sum(credits) as credits,
        sum(events) as events
    from part.usage_events
    where list_contains($rolled, 2)
    group by all
    union all
    select
        3 as place,
        currency_key,
        slot,
        feature_key,
        dim_3 as code,
        sum(credits) as credits,
        sum(events) as events
    from part.usage_events
    where list_contains($rolled, 3)
    group by all
    union all
    select
        4 as place,
        currency_key,
        slot,
        feature_key,
        dim_4 as code,
        sum(credits) as credits,
        sum(events) as events
    from part.usage_events
    where list_contains($rolled, 4)
    group by all
    union all
    select
        5 as place,
        currency_key,
        slot,
        feature_key,
        dim_5 as code,
        sum(credits) as credits,
        sum(events) as events
    from part.usage_events
    where list_contains($rolled, 5)
    group by all
    union all
    select
        6 as place,
        currency_key,
        slot,
        feature_key,
        dim_6 as code,
        sum(credits) as credits,
        sum(events) as events
    from part.usage_events
    where list_contains($rolled, 6)
    group by all
    union all
    select
        7 as place,
        currency_key,
        slot,
        feature_key,
        dim_7 as code,
        sum(credits) as credits,
        sum(events) as events
    from part.usage_events
    where list_contains($rolled, 7)
    group by all
    union all
    select
        8 as place,
        currency_key,
        slot,
        feature_key,
        dim_8 as code,
        sum(credits) as credits,
        sum(events) as events
    from part.usage_events
    where list_contains($rolled, 8)
    group by all
)

select *
from rolled
order by place, currency_key, slot, feature_key, code
