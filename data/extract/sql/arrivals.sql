-- The events that Python read, of the months from variable first_slot to until_slot, and the pools
-- of these months' events.
create or replace temp view odd_rows as
select
    *,
    dimensions[getvariable('promoted')[1]] as dim_1,
    dimensions[getvariable('promoted')[2]] as dim_2,
    dimensions[getvariable('promoted')[3]] as dim_3,
    dimensions[getvariable('promoted')[4]] as dim_4,
    dimensions[getvariable('promoted')[5]] as dim_5,
    dimensions[getvariable('promoted')[6]] as dim_6,
    dimensions[getvariable('promoted')[7]] as dim_7,
    dimensions[getvariable('promoted')[8]] as dim_8,
    map_from_entries(
        list_filter(
            map_entries(dimensions),
            lambda entry: not list_contains(getvariable('promoted'), entry['key'])
        )
    ) as rest
from spool.odd
where
    slot_of(occurred_at) >= getvariable('first_slot')
    and slot_of(occurred_at) < getvariable('until_slot');

create or replace temp table arrivals as
with met as (
    select
        customer_id,
        resource_id,
        occurred_at
    from plain_rows
    union all
    select
        customer_id,
        resource_id,
        occurred_at
    from odd_rows
)

select
    customer_id,
    resource_id,
    min(occurred_at) as first_at,
    max(occurred_at) as last_at,
    count(*) as events
from met
group by customer_id, resource_id;
