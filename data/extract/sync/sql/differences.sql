-- The pools whose told balance is not the sum of their ledger, or not what their grants have left.
with ledgers as (
    select
        customer_id,
        currency_id,
        resource_id,
        sum(amount) as balance
    from ledger
    group by all
),

held as (
    select
        customer_id,
        currency_id,
        resource_id,
        sum(amount - consumed_amount) as balance
    from grants
    where status = 'ACTIVE'
    group by all
),

compared as (
    select
        told.customer_id,
        told.currency_id,
        told.resource_id,
        told.balance as told,
        coalesce(ledgers.balance, 0) as of_ledger,
        coalesce(held.balance, 0) as of_grants
    from balances as told
    left join ledgers
        on
            told.customer_id = ledgers.customer_id
            and told.currency_id = ledgers.currency_id
            and told.resource_id is not distinct from ledgers.resource_id
    left join held
        on
            told.customer_id = held.customer_id
            and told.currency_id = held.currency_id
            and told.resource_id is not distinct from held.resource_id
)

select *
from compared
where told != of_ledger or told != of_grants
order by customer_id, currency_id, resource_id nulls first
