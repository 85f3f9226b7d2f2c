-- One row per bucket and group. A key is a dimension, 'featureId' or 'customerId'; keys that are
-- null give ''. Every row of usage_events is one event of one feature.
with buckets as (
    select unnest($cuts) as bucket
),

named as (
    select
        usage_events.*,
        pools.customer_id,
        coalesce(features.feature_id, '') as feature_id
    from usage_events
    inner join pools
        on
            usage_events.customer_key = pools.customer_key
            and usage_events.resource_key is not distinct from pools.resource_key
    inner join currencies on usage_events.currency_key = currencies.currency_key
    left join features on usage_events.feature_key = features.feature_key
    where
        usage_events.occurred_at >= $since
        and usage_events.occurred_at < $until
        and currencies.currency_id = $currency_id
        and (
            $customer_id is null
            or (
                pools.customer_id = $customer_id
                and pools.resource_id is not distinct from $resource_id
            )
        )
),

keyed as (
    select
        occurred_at,
        credits,
        key_value(
            $key_1, customer_id, feature_id,
            dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, rest
        ) as key_1,
        key_value(
            $key_2, customer_id, feature_id,
            dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, rest
        ) as key_2,
        key_value(
            $key_3, customer_id, feature_id,
            dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, rest
        ) as key_3,
        key_value(
            $key_4, customer_id, feature_id,
            dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, rest
        ) as key_4,
        key_value(
            $key_5, customer_id, feature_id,
            dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, rest
        ) as key_5,
        key_value(
            $filter_1, customer_id, feature_id,
            dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, rest
        ) as filter_1,
        key_value(
            $filter_2, customer_id, feature_id,
            dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, rest
        ) as filter_2,
        key_value(
            $filter_3, customer_id, feature_id,
            dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, rest
        ) as filter_3,
        key_value(
            $filter_4, customer_id, feature_id,
            dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, rest
        ) as filter_4,
        key_value(
            $filter_5, customer_id, feature_id,
            dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8, rest
        ) as filter_5
    from named
),

filtered as (
    select keyed.*
    from keyed
    where
        list_contains($values_1, filter_1) != $is_without_1
        and list_contains($values_2, filter_2) != $is_without_2
        and list_contains($values_3, filter_3) != $is_without_3
        and list_contains($values_4, filter_4) != $is_without_4
        and list_contains($values_5, filter_5) != $is_without_5
),

usage as (
    select
        buckets.bucket,
        filtered.key_1,
        filtered.key_2,
        filtered.key_3,
        filtered.key_4,
        filtered.key_5,
        sum(filtered.credits) as credits,
        count(*) as events
    from filtered
    asof inner join buckets on filtered.occurred_at >= buckets.bucket
    group by all
)

select *
from usage
order by bucket, key_1, key_2, key_3, key_4, key_5
limit $most_rows
