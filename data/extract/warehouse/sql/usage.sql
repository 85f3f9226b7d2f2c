-- What the fresh rows make of usage: an event and feature each, which the extract has not yet, with
-- its whole cost. `total_cost` is that of the event and feature, or, where the parts of all its
-- features sum to it, of the event.
create or replace temp table usage_rows as
with twice as (
    select usage_hash
    from fresh_rows
    group by usage_hash
    having count(*) > 1 or bool_or(partial_cost != total_cost)
),

whole as (
    select
        event_id,
        feature_id,
        customer_id,
        resource_id,
        credit_currency_id,
        event_timestamp,
        created_at,
        total_cost as credits,
        true as is_even
    from fresh_rows
    anti join twice on fresh_rows.usage_hash = twice.usage_hash
),

in_parts as (
    select
        event_id,
        feature_id,
        min((file_number, row_number)) as place,
        sum(partial_cost) as parts
    from fresh_rows
    semi join twice on fresh_rows.usage_hash = twice.usage_hash
    group by event_id, feature_id
),

of_event as (
    select
        *,
        sum(parts) over (partition by event_id) as all_parts
    from in_parts
),

summed as (
    select
        fresh_rows.event_id,
        fresh_rows.feature_id,
        fresh_rows.customer_id,
        fresh_rows.resource_id,
        fresh_rows.credit_currency_id,
        fresh_rows.event_timestamp,
        fresh_rows.created_at,
        case
            when of_event.all_parts = fresh_rows.total_cost
                then cast(of_event.parts as decimal(18, 6))
            else fresh_rows.total_cost
        end as credits,
        of_event.parts = fresh_rows.total_cost
        or of_event.all_parts = fresh_rows.total_cost as is_even
    from of_event
    inner join fresh_rows
        on of_event.place = (fresh_rows.file_number, fresh_rows.row_number)
),

made as (
    select *
    from whole
    union all
    select *
    from summed
),

held as (
    select
        usage_events.event_id,
        features.feature_id
    from usage_events
    left join features on usage_events.feature_key = features.feature_key
    where
        usage_events.slot >= getvariable('first_slot')
        and usage_events.slot < getvariable('until_slot')
)

select made.*
from made
anti join held
    on
        made.event_id = held.event_id
        and made.feature_id is not distinct from held.feature_id;
