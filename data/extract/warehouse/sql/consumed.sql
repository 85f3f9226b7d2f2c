-- The fresh rows as the ledger will have them, kept until all months are laid.
delete from spool.consumed
where first_slot = getvariable('first_slot');

delete from spool.uneven
where first_slot = getvariable('first_slot');

insert into spool.consumed
select
    getvariable('first_slot') as first_slot,
    customers.customer_key,
    currencies.currency_key,
    named_pools.resource_key,
    features.feature_key,
    fresh_rows.credit_grant_id as grant_id,
    fresh_rows.event_id,
    fresh_rows.partial_cost as credits,
    fresh_rows.consumption_timestamp as occurred_at
from fresh_rows
inner join customers on fresh_rows.customer_id = customers.customer_id
inner join currencies on fresh_rows.credit_currency_id = currencies.currency_id
left join features on fresh_rows.feature_id = features.feature_id
left join named_pools
    on
        fresh_rows.customer_id = named_pools.customer_id
        and fresh_rows.resource_id = named_pools.resource_id;

insert into spool.uneven
select
    getvariable('first_slot') as first_slot,
    count(*) as events
from usage_rows
where not is_even;
