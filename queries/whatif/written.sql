-- What the ledger holds of each grant and kind of row. All overdrafts of a pool go by one name,
-- since a replay opens its own.
with sums as (
    select
        ledger.customer_key,
        ledger.resource_key,
        ledger.grant_id,
        ledger.event_type,
        sum(ledger.amount) as amount,
        count(*) as count_rows,
        min(ledger.occurred_at) as first_at
    from ledger
    inner join customers on ledger.customer_key = customers.customer_key
    inner join currencies on ledger.currency_key = currencies.currency_key
    where
        currencies.currency_id = $currency_id
        and ($customers is null or list_contains($customers, customers.customer_id))
    group by ledger.customer_key, ledger.resource_key, ledger.grant_id, ledger.event_type
)

select
    cast(coalesce(sums.resource_key, -sums.customer_key) as bigint) as pool,
    sums.event_type as entry_type,
    sums.amount,
    sums.count_rows,
    sums.first_at,
    case when grants.grant_type = 'OVERDRAFT' then 'overdraft' else sums.grant_id end as grant_id
from sums
left join grants
    on sums.grant_id = grants.grant_id and sums.customer_key = grants.customer_key
order by pool, grant_id, entry_type
