-- What the consumption rows of one pool's ledger sum to, by one key of their events. What moved
-- between grants is consumption of a grant, and none of the pool. $is_numbered: ledger and events
-- keep any id in the same way, so that no id has to be made to compare them.
with edges as (
    select unnest($cuts) as bucket
),

consumed as (
    select
        occurred_at as happened_at,
        slot,
        feature_key,
        coalesce(case when $is_numbered then event_number end, -1) as event_number,
        coalesce(case when $is_numbered then event_text else event_id end, '') as event_text,
        grant_id,
        amount
    from ledger
    where
        customer_key = $customer_key
        and resource_key is not distinct from $resource_key
        and currency_key = $currency_key
        and occurred_at >= $since
        and occurred_at < $until
        and (
            (event_type = 'CREDITS_CONSUMED' and $grant_id is null)
            or (starts_with(event_type, 'CREDITS_CONSUM') and grant_id = $grant_id)
        )
),

events as (
    select
        * exclude (event_number, event_text),
        coalesce(case when $is_numbered then event_number end, -1) as event_number,
        coalesce(case when $is_numbered then event_text else event_id end, '') as event_text
    from usage_events
    where
        customer_key = $customer_key
        and resource_key is not distinct from $resource_key
        and slot >= $first
        and slot < $until_slot
        and occurred_at >= $since
        and occurred_at < $until
),

named as (
    select
        consumed.happened_at,
        consumed.slot,
        consumed.event_number >= 0 or consumed.event_text != '' as is_of_event,
        consumed.grant_id,
        consumed.amount,
        consumed.feature_key,
        events.dim_1,
        events.dim_2,
        events.dim_3,
        events.dim_4,
        events.dim_5,
        events.dim_6,
        events.dim_7,
        events.dim_8,
        events.rest
    from consumed
    left join events
        on
            consumed.event_number = events.event_number
            and consumed.event_text = events.event_text
            and consumed.feature_key is not distinct from events.feature_key
),

keyed as (
    select
        amount,
        case
            when $key = 'grantId' then grant_id
            when $key = 'bucket' or not is_of_event then null
            else
                coalesce(
                    dimension_text($key, rest),
                    case
                        when
                            key_code(
                                $key, null, feature_key,
                                dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8
                            ) is null
                            then ''
                    end
                )
        end as text,
        case
            when is_of_event
                then
                    key_code(
                        $key, null, feature_key,
                        dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8
                    )
        end as code,
        case
            when $key != 'bucket' then null
            when list_contains($cut_slots, slot) then happened_at
            else make_timestamp(cast(slot as bigint) * 900000000)
        end as moment
    from named
    where
        (
            $only_1 is null
            or (
                is_of_event
                and passes(
                    $values_1, $codes_1, false,
                    key_code(
                        $only_1, null, feature_key,
                        dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8
                    ),
                    dimension_text($only_1, rest)
                )
            )
        )
        and (
            $only_2 is null
            or (
                is_of_event
                and passes(
                    $values_2, $codes_2, false,
                    key_code(
                        $only_2, null, feature_key,
                        dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8
                    ),
                    dimension_text($only_2, rest)
                )
            )
        )
        and (
            $only_3 is null
            or (
                is_of_event
                and passes(
                    $values_3, $codes_3, false,
                    key_code(
                        $only_3, null, feature_key,
                        dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8
                    ),
                    dimension_text($only_3, rest)
                )
            )
        )
),

grouped as (
    select
        code,
        text,
        moment,
        sum(amount) as amount
    from keyed
    group by all
),

summed as (
    select
        grouped.code,
        case
            when $key = 'bucket' then strftime(edges.bucket, '%Y-%m-%dT%H:%M') else grouped.text
        end as text,
        sum(grouped.amount) as amount
    from grouped
    asof left join edges on grouped.moment >= edges.bucket
    group by all
)

select
    coalesce(key_values.value, summed.text) as value,
    -sum(summed.amount) as credits
from summed
left join key_values on summed.code = key_values.code and key_values.key = $key
group by all
having sum(summed.amount) != 0
order by credits desc, value asc nulls last
limit $most_rows
