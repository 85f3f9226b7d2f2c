-- The events from $first on go back among the incoming ones, to be laid anew.
insert into incoming
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
    list_concat(
        map_entries(rest),
        list_filter(
            [
                { key: $promoted[1], value: dim_1 },
                { key: $promoted[2], value: dim_2 },
                { key: $promoted[3], value: dim_3 },
                { key: $promoted[4], value: dim_4 },
                { key: $promoted[5], value: dim_5 },
                { key: $promoted[6], value: dim_6 },
                { key: $promoted[7], value: dim_7 },
                { key: $promoted[8], value: dim_8 }
            ],
            lambda entry: entry['value'] is not null
        )
    ) as dimensions
from usage_events
where occurred_at >= $first
