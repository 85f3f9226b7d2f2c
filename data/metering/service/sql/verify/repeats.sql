-- Events that are there more than once: settled for the same feature, or waiting beside that.
with places as (
    select
        event_id,
        feature_id,
        concat_ws('-', customer_id, currency_id, resource_id) as pool
    from usage_events
),

settled as (
    select
        min(pool) as pool,
        event_id,
        count(*) as times
    from places
    group by event_id, feature_id
),

waiting as (
    select
        concat_ws('-', queue.customer_id, queue.currency_id, queue.resource_id) as pool,
        queue.event_id,
        count(*) over (partition by queue.event_id)
        + (queue.event_id in (select event_id from usage_events))::integer
        + (queue.event_id in (select event_id from unmatched_events))::integer as times
    from queue
),

counted as (
    select * from settled
    union
    select * from waiting
)

select *
from counted
where times > 1
order by pool, event_id
