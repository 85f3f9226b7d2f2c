-- The ledger's rows that follow from what the grants are now. An export of grants has no history,
-- but the pool has rules (data/credits/pool.py): a grant counts from its start, what is left of it
-- goes when it expires or is voided, and an overdraft moves over to the next grants that start.
create or replace temp table started as
select
    *,
    coalesce(resource_key, 0) as resource,
    coalesce(effective_at, created_at) as started_at,
    case status
        when 'EXPIRED' then coalesce(expire_at, updated_at, created_at)
        when 'VOIDED' then coalesce(voided_at, updated_at, created_at)
    end as ended_at
from grants
where
    status in ('ACTIVE', 'EXPIRED')
    or (
        status = 'VOIDED'
        and (
            grant_type = 'OVERDRAFT'
            or coalesce(voided_at, updated_at, created_at) >= coalesce(effective_at, created_at)
        )
    );

create or replace temp table burned as
select
    grant_id,
    sum(credits) as credits
from told
group by grant_id;

create or replace temp table first_told as
select
    customer_key,
    currency_key,
    coalesce(resource_key, 0) as resource,
    min(occurred_at) as first_at
from told
group by all;

-- A pool's grants in the order in which they start, each with the debt that was made before it and
-- after the one before.
create or replace temp table transfers as
with starts as (
    select
        *,
        row_number() over (
            partition by customer_key, currency_key, resource
            order by started_at, created_at, grant_id
        ) as place
    from started
    where grant_type != 'OVERDRAFT' and amount > 0
),

debts as (
    select
        told.customer_key,
        told.currency_key,
        coalesce(told.resource_key, 0) as resource,
        told.credits,
        told.occurred_at
    from told
    inner join grants on told.grant_id = grants.grant_id
    where grants.grant_type = 'OVERDRAFT'
),

owed as (
    select
        debts.customer_key,
        debts.currency_key,
        debts.resource,
        starts.started_at,
        sum(debts.credits) as credits
    from debts
    asof inner join starts
        on
            debts.customer_key = starts.customer_key
            and debts.currency_key = starts.currency_key
            and debts.resource = starts.resource
            and debts.occurred_at < starts.started_at
    group by all
),

firsts as (
    select
        customer_key,
        currency_key,
        resource,
        started_at,
        min(place) as place
    from starts
    group by all
),

levels as (
    select
        starts.*,
        coalesce(owed.credits, 0) as owed,
        sum(coalesce(owed.credits, 0) - starts.amount) over (
            partition by starts.customer_key, starts.currency_key, starts.resource
            order by starts.place
        ) as level
    from starts
    left join firsts
        on
            starts.customer_key = firsts.customer_key
            and starts.currency_key = firsts.currency_key
            and starts.resource = firsts.resource
            and starts.place = firsts.place
    left join owed
        on
            firsts.customer_key = owed.customer_key
            and firsts.currency_key = owed.currency_key
            and firsts.resource = owed.resource
            and firsts.started_at = owed.started_at
),

-- What is owed after each start: debt = max(debt before + owed - amount, 0), without recursion.
debt_after as (
    select
        *,
        level - least(
            0,
            min(level) over (
                partition by customer_key, currency_key, resource
                order by place
            )
        ) as debt
    from levels
),

moved as (
    select
        debt_after.*,
        coalesce(
            lag(debt_after.debt) over (
                partition by debt_after.customer_key, debt_after.currency_key, debt_after.resource
                order by debt_after.place
            ),
            0
        ) + debt_after.owed - debt_after.debt as credits
    from debt_after
),

-- Never more than the grant says that it consumed beside its rows.
bounded as (
    select
        moved.* replace (
            least(
                moved.credits,
                greatest(moved.consumed_amount - coalesce(burned.credits, 0), 0)
            ) as credits
        )
    from moved
    left join burned on moved.grant_id = burned.grant_id
),

overdrafts as (
    select
        grant_id as overdraft_id,
        customer_key,
        currency_key,
        resource,
        created_at as owed_since
    from started
    where grant_type = 'OVERDRAFT'
)

select
    bounded.customer_key,
    bounded.currency_key,
    bounded.resource_key,
    bounded.grant_id,
    overdrafts.overdraft_id,
    bounded.credits,
    bounded.started_at
from bounded
asof inner join overdrafts
    on
        bounded.customer_key = overdrafts.customer_key
        and bounded.currency_key = overdrafts.currency_key
        and bounded.resource = overdrafts.resource
        and bounded.started_at >= overdrafts.owed_since
where bounded.credits > 0;

-- What the grants say that they consumed, and neither rows nor transfers tell.
create or replace temp table untold as
with parts as (
    select
        grant_id,
        credits
    from transfers
    union all
    select
        overdraft_id as grant_id,
        -credits as credits
    from transfers
    union all
    select
        grant_id,
        credits
    from burned
),

explained as (
    select
        grant_id,
        sum(credits) as credits
    from parts
    group by grant_id
)

select
    started.*,
    started.consumed_amount - coalesce(explained.credits, 0) as credits,
    greatest(
        started.started_at,
        least(first_told.first_at, coalesce(started.ended_at, first_told.first_at))
    ) as brought_at
from started
left join explained on started.grant_id = explained.grant_id
left join first_told
    on
        started.customer_key = first_told.customer_key
        and started.currency_key = first_told.currency_key
        and started.resource = first_told.resource;

-- `place` orders rows of one instant: endings, starts, then what moves and burns.
create or replace temp table moves as
select
    customer_key,
    currency_key,
    resource_key,
    'CREDITS_GRANTED' as event_type,
    2 as place,
    amount,
    grant_id,
    started_at as occurred_at
from started
where grant_type != 'OVERDRAFT'
union all
select
    customer_key,
    currency_key,
    resource_key,
    case status when 'EXPIRED' then 'CREDITS_EXPIRED' else 'CREDITS_VOIDED' end as event_type,
    1 as place,
    consumed_amount - amount as amount,
    grant_id,
    ended_at as occurred_at
from started
where
    grant_type != 'OVERDRAFT'
    and status != 'ACTIVE'
    and amount != consumed_amount
union all
select
    customer_key,
    currency_key,
    resource_key,
    'CREDITS_CONSUMPTION_TRANSFER_SOURCE' as event_type,
    3 as place,
    credits as amount,
    overdraft_id as grant_id,
    started_at as occurred_at
from transfers
union all
select
    customer_key,
    currency_key,
    resource_key,
    'CREDITS_CONSUMPTION_TRANSFER_TARGET' as event_type,
    4 as place,
    -credits as amount,
    grant_id,
    started_at as occurred_at
from transfers
union all
select
    customer_key,
    currency_key,
    resource_key,
    'CREDITS_CONSUMED' as event_type,
    5 as place,
    -credits as amount,
    grant_id,
    brought_at as occurred_at
from untold
where credits > 0;
