-- One month of the fleet's grants and ledger. Each pool with use gets a grant on the first, of
-- what its events cost and $spare more, which lapses at the month's end: so each event is paid by
-- one grant, and every month begins at a balance of nothing. $last_seq rows were written before.
create or replace temp table used as
select
    id as event_id,
    customer as customer_id,
    resource as resource_id,
    feature as feature_id,
    rates.currency_id,
    time as occurred_at,
    cast(units * rates.amount as decimal(18, 6)) as credits
from read_parquet($files)
inner join rates using (feature);

create or replace temp table month_grants as
select
    concat_ws('|', 'grant', customer_id, resource_id, currency_id, strftime($start, '%Y-%m'))
        as grant_id,
    customer_id,
    currency_id,
    resource_id,
    'PROMOTIONAL' as grant_type,
    case when $is_last then 'ACTIVE' else 'EXPIRED' end as status,
    cast(sum(credits) + $spare as decimal(18, 6)) as amount,
    cast(sum(credits) as decimal(18, 6)) as consumed_amount,
    $start as effective_at,
    $end as expire_at,
    $start as created_at
from used
group by customer_id, currency_id, resource_id;

create or replace temp table month_ledger as
with entries as (
    select
        customer_id, currency_id, resource_id, 'CREDITS_GRANTED' as event_type, amount, grant_id,
        null as event_id, null as feature_id, effective_at as occurred_at, 1 as turn
    from month_grants
    union all
    select
        used.customer_id, used.currency_id, used.resource_id, 'CREDITS_CONSUMED', -used.credits,
        month_grants.grant_id, used.event_id, used.feature_id, used.occurred_at, 2
    from used
    inner join month_grants
        on
            used.customer_id = month_grants.customer_id
            and used.currency_id = month_grants.currency_id
            and used.resource_id is not distinct from month_grants.resource_id
    union all
    select
        customer_id, currency_id, resource_id, 'CREDITS_EXPIRED', -$spare, grant_id,
        null, null, expire_at, 3
    from month_grants
    where not $is_last
)

select
    $last_seq + row_number() over (order by occurred_at, turn, event_id, grant_id) as ledger_seq,
    * exclude (turn),
    sum(amount) over (
        partition by customer_id, currency_id, resource_id
        order by occurred_at, turn, event_id
        rows unbounded preceding
    ) as balance_after
from entries;
