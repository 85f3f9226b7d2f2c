-- What the consumption rows of one pool's ledger sum to, by one key of their events. What moved
-- between grants is consumption of a grant, and none of the pool.
with edges as (
    select unnest($cuts) as bucket
),

consumed as (
    select
        ledger.occurred_at as happened_at,
        ledger.feature_key,
        ledger.event_id,
        ledger.grant_id,
        ledger.amount
    from ledger
    inner join pools
        on
            ledger.customer_key = pools.customer_key
            and ledger.resource_key is not distinct from pools.resource_key
    inner join currencies on ledger.currency_key = currencies.currency_key
    where
        pools.customer_id = $customer_id
        and pools.resource_id is not distinct from $resource_id
        and currencies.currency_id = $currency_id
        and ledger.occurred_at >= $since
        and ledger.occurred_at < $until
        and (
            (ledger.event_type = 'CREDITS_CONSUMED' and $grant_id is null)
            or (
                starts_with(ledger.event_type, 'CREDITS_CONSUM')
                and ledger.grant_id = $grant_id
            )
        )
),

events as (
    select usage_events.*
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
        consumed.event_id as of_event,
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
            consumed.event_id = events.event_id
            and consumed.feature_key is not distinct from events.feature_key
),

keyed as (
    select
        amount,
        case
            when $key = 'grantId' then grant_id
            when $key = 'bucket' or of_event is null then null
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
            when of_event is not null
                then
                    key_code(
                        $key, null, feature_key,
                        dim_1, dim_2, dim_3, dim_4, dim_5, dim_6, dim_7, dim_8
                    )
        end as code,
        case when $key = 'bucket' then happened_at end as moment
    from named
    where
        (
            $only_1 is null
            or (
                of_event is not null
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
                of_event is not null
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
                of_event is not null
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

summed as (
    select
        keyed.code,
        case
            when $key = 'bucket' then strftime(edges.bucket, '%Y-%m-%dT%H:%M') else keyed.text
        end as text,
        sum(keyed.amount) as amount
    from keyed
    asof left join edges on keyed.moment >= edges.bucket
    group by all
)

select
    coalesce(key_values.value, summed.text) as value,
    -sum(summed.amount) as credits
from summed
left join key_values on summed.code = key_values.code and key_values.key = $key
group by all
order by credits desc, value asc nulls last
limit $most_rows
