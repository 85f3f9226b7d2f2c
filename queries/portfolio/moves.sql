-- One row per bucket, move and, of what was granted, grant type; of all pools of one currency.
-- What moves between grants changes no balance.
with buckets as (
    select unnest($cuts) as bucket
),

moved as (
    select
        buckets.bucket,
        case ledger.event_type
            when 'CREDITS_GRANTED' then 'granted'
            when 'CREDITS_CONSUMED' then 'consumed'
            when 'CREDITS_EXPIRED' then 'expired'
            when 'CREDITS_VOIDED' then 'voided'
            else 'updated'
        end as move,
        case ledger.event_type
            when 'CREDITS_GRANTED' then grants.grant_type
        end as grant_type,
        ledger.amount
    from ledger
    inner join customers on ledger.customer_key = customers.customer_key
    inner join currencies on ledger.currency_key = currencies.currency_key
    left join grants
        on
            ledger.grant_id = grants.grant_id
            and ledger.customer_key = grants.customer_key
    asof inner join buckets on ledger.occurred_at >= buckets.bucket
    where
        ledger.occurred_at >= $since
        and ledger.occurred_at < $until
        and not starts_with(ledger.event_type, 'CREDITS_CONSUMPTION_TRANSFER')
        and currencies.currency_id = $currency_id
        and ($customers is null or list_contains($customers, customers.customer_id))
)

select
    bucket,
    move,
    grant_type,
    sum(amount) as amount
from moved
group by bucket, move, grant_type
having sum(amount) != 0
order by bucket asc, move asc, grant_type asc nulls first
