-- The ledger of the customers from $first to $until: pool by pool, each in the order of time.
-- What has the same time and place is put in order by hashes, which sort faster than texts.
insert into spool.given_ledger
with written as (
    select
        customer_key,
        currency_key,
        resource_key,
        event_type,
        place,
        amount,
        grant_id,
        cast(null as varchar) as event_id,
        cast(null as integer) as feature_key,
        occurred_at
    from moves
    where customer_key >= $first and customer_key < $until
    union all
    select
        customer_key,
        currency_key,
        resource_key,
        'CREDITS_CONSUMED' as event_type,
        6 as place,
        -credits as amount,
        grant_id,
        event_id,
        feature_key,
        occurred_at
    from told
    where customer_key >= $first and customer_key < $until
),

numbered as (
    select
        *,
        row_number() over (
            partition by customer_key
            order by
                currency_key asc, resource_key asc nulls first,
                occurred_at asc, place asc, hash(event_id) asc,
                feature_key asc nulls first, hash(grant_id) asc
        ) as ledger_seq
    from written
)

select
    numbered.ledger_seq,
    customers.customer_id,
    currencies.currency_id,
    resources.resource_id,
    numbered.event_type,
    numbered.amount,
    numbered.grant_id,
    numbered.event_id,
    features.feature_id,
    numbered.occurred_at
from numbered
inner join customers on numbered.customer_key = customers.customer_key
inner join currencies on numbered.currency_key = currencies.currency_key
left join resources on numbered.resource_key = resources.resource_key
left join features on numbered.feature_key = features.feature_key;
