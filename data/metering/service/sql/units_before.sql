-- Units of one feature that were reported for times before $until, settled or not.
with reported as (
    select
        customer_id,
        resource_id,
        feature_id,
        occurred_at,
        units
    from usage_events
    union all
    select
        customer_id,
        resource_id,
        feature_id,
        occurred_at,
        units
    from queue
)

select coalesce(sum(units), 0)::decimal(24, 5) as units
from reported
where
    customer_id = $customer_id
    and resource_id is not distinct from $resource_id
    and feature_id = $feature_id
    and occurred_at < $until
