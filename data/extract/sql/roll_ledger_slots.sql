-- What all pools' ledgers sum to by slot. Only what was granted is looked up among the grants.
insert into books.ledger_slots
with granted as (
    select
        ledger.currency_key,
        slot_of(ledger.occurred_at) as slot,
        ledger.event_type,
        grants.grant_type,
        ledger.amount
    from books.ledger
    left join grants
        on
            ledger.grant_id = grants.grant_id
            and ledger.customer_key = grants.customer_key
    where ledger.event_type = 'CREDITS_GRANTED'
),

others as (
    select
        currency_key,
        slot_of(occurred_at) as slot,
        event_type,
        sum(amount) as amount
    from books.ledger
    where event_type != 'CREDITS_GRANTED'
    group by all
)

select
    currency_key,
    slot,
    event_type,
    grant_type,
    sum(amount) as amount
from granted
group by all
union all
select
    currency_key,
    slot,
    event_type,
    null as grant_type,
    amount
from others
order by currency_key asc, slot asc, event_type asc, grant_type asc nulls first
