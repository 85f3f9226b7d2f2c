-- The events that the extract has, in the form that lay takes: held_values and held_keys are what
-- their codes mean, promoted are the keys that are to have columns.
create or replace temp view incoming as
with written as (
    select
        usage_events.*,
        map_from_entries(
            list_concat(
                list_filter(
                    [
                        { key: getvariable('held_keys')[1], value: value_1.value },
                        { key: getvariable('held_keys')[2], value: value_2.value },
                        { key: getvariable('held_keys')[3], value: value_3.value },
                        { key: getvariable('held_keys')[4], value: value_4.value },
                        { key: getvariable('held_keys')[5], value: value_5.value },
                        { key: getvariable('held_keys')[6], value: value_6.value },
                        { key: getvariable('held_keys')[7], value: value_7.value },
                        { key: getvariable('held_keys')[8], value: value_8.value }
                    ],
                    lambda entry: entry['value'] is not null
                ),
                map_entries(usage_events.rest)
            )
        ) as dimensions
    from usage_events
    left join held_values as value_1
        on usage_events.dim_1 = value_1.code and value_1.place = 1
    left join held_values as value_2
        on usage_events.dim_2 = value_2.code and value_2.place = 2
    left join held_values as value_3
        on usage_events.dim_3 = value_3.code and value_3.place = 3
    left join held_values as value_4
        on usage_events.dim_4 = value_4.code and value_4.place = 4
    left join held_values as value_5
        on usage_events.dim_5 = value_5.code and value_5.place = 5
    left join held_values as value_6
        on usage_events.dim_6 = value_6.code and value_6.place = 6
    left join held_values as value_7
        on usage_events.dim_7 = value_7.code and value_7.place = 7
    left join held_values as value_8
        on usage_events.dim_8 = value_8.code and value_8.place = 8
)

select
    event_id,
    customer_key,
    resource_key,
    feature_key,
    currency_key,
    occurred_at,
    loaded_at,
    units,
    credits,
    events,
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
from written;

create or replace temp view incoming_values as
select *
from incoming;
