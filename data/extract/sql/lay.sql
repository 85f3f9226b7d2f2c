-- The incoming events take their place after those that were left, in the order of the table.
insert into usage_events
with listed as (
    select
        *,
        list_transform(dimensions, lambda entry: entry['key']) as dimension_keys,
        list_transform(dimensions, lambda entry: entry['value']) as dimension_values
    from incoming
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
    dimension_values[list_position(dimension_keys, $promoted[1])] as dim_1,
    dimension_values[list_position(dimension_keys, $promoted[2])] as dim_2,
    dimension_values[list_position(dimension_keys, $promoted[3])] as dim_3,
    dimension_values[list_position(dimension_keys, $promoted[4])] as dim_4,
    dimension_values[list_position(dimension_keys, $promoted[5])] as dim_5,
    dimension_values[list_position(dimension_keys, $promoted[6])] as dim_6,
    dimension_values[list_position(dimension_keys, $promoted[7])] as dim_7,
    dimension_values[list_position(dimension_keys, $promoted[8])] as dim_8,
    map_from_entries(
        list_filter(
            dimensions,
            lambda entry: not list_contains($promoted, entry['key'])
        )
    ) as rest
from listed
order by
    date_trunc('month', occurred_at), customer_key, occurred_at, event_id,
    feature_key nulls last
