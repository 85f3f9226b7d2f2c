-- Values of promoted keys that are met for the first time get the next codes of their place.
insert into dimension_values
with met as (
    select distinct
        1 as place,
        dim_1 as value
    from incoming_values
    union all
    select distinct
        2 as place,
        dim_2 as value
    from incoming_values
    union all
    select distinct
        3 as place,
        dim_3 as value
    from incoming_values
    union all
    select distinct
        4 as place,
        dim_4 as value
    from incoming_values
    union all
    select distinct
        5 as place,
        dim_5 as value
    from incoming_values
    union all
    select distinct
        6 as place,
        dim_6 as value
    from incoming_values
    union all
    select distinct
        7 as place,
        dim_7 as value
    from incoming_values
    union all
    select distinct
        8 as place,
        dim_8 as value
    from incoming_values
),

fresh as (
    select
        met.place,
        met.value
    from met
    anti join dimension_values as known on met.place = known.place and met.value = known.value
    where met.value is not null
),

lasts as (
    select
        place,
        max(code) as last_code
    from dimension_values
    group by place
)

select
    fresh.place,
    coalesce(lasts.last_code, 0)
    + row_number() over (partition by fresh.place order by fresh.value) as code,
    fresh.value
from fresh
left join lasts on fresh.place = lasts.place
order by fresh.place, code
