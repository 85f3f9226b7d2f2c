-- The pools that the rows name, and when each is met first; then features and currencies that the
-- extract does not know get the next keys.
create or replace temp view read_rows as
select *
from spool.consumptions
where reason is null;

create or replace temp view read_grants as
select *
from spool.granted
where reason is null;

create or replace temp table arrivals as
with met as (
    select
        customer_id,
        resource_id,
        event_timestamp as first_at
    from read_rows
    union all
    select
        customer_id,
        resource_id,
        created_at as first_at
    from read_grants
)

select
    customer_id,
    resource_id,
    min(first_at) as first_at
from met
group by customer_id, resource_id;

insert into features
with met as (
    select distinct feature_id
    from read_rows
    where feature_id is not null
)

select
    row_number() over (order by met.feature_id)
    + (select coalesce(max(held.feature_key), 0) from features as held) as feature_key,
    met.feature_id,
    met.feature_id as display_name,
    null as feature_type,
    null as meter_type,
    null as unit_singular,
    null as unit_plural,
    null as created_at
from met
anti join features on met.feature_id = features.feature_id;

insert into currencies
with met as (
    select credit_currency_id as currency_id
    from read_rows
    union
    select credit_currency_id as currency_id
    from read_grants
)

select
    row_number() over (order by met.currency_id)
    + (select coalesce(max(held.currency_key), 0) from currencies as held) as currency_key,
    met.currency_id,
    met.currency_id as display_name,
    null as symbol,
    null as unit_singular,
    null as unit_plural,
    'ACTIVE' as status
from met
anti join currencies on met.currency_id = currencies.currency_id;
