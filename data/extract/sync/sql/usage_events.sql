-- The cells as usage_events: `events` says how many events each stands for. Its id is made of all
-- that tells it from others, so that it is the same in every sync.
select
    'cell-' || md5(
        concat_ws(
            chr(31),
            customer_id,
            currency_id,
            coalesce(resource_id, ''),
            strftime(occurred_at, '%Y%m%d%H'),
            coalesce(feature_id, ''),
            array_to_string(keys, chr(31)),
            array_to_string(key_values, chr(31))
        )
    ) as event_id,
    customer_id,
    resource_id,
    feature_id,
    currency_id,
    occurred_at,
    cast(null as timestamp) as received_at,
    cast(0 as decimal(24, 5)) as units,
    credits,
    list_filter(
        list_transform(
            list_zip(keys, key_values),
            lambda pair: { key: pair[1], value: pair[2] }
        ),
        lambda entry: entry['value'] != ''
    ) as dimensions,
    events
from cells
