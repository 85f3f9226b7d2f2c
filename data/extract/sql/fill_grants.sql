-- The rows of given_grants become the extract's grants.
insert into grants
select
    given.grant_id,
    known(customers.customer_key, given.customer_id) as customer_key,
    known(currencies.currency_key, given.currency_id) as currency_key,
    known(pools.resource_key, given.resource_id) as resource_key,
    given.display_name,
    given.grant_type,
    given.status,
    given.amount,
    given.consumed_amount,
    given.cost_amount,
    given.cost_currency,
    given.priority,
    given.payment_collection,
    given.effective_at,
    given.expire_at,
    given.voided_at,
    given.created_at,
    given.updated_at,
    given.comment,
    given.additional_metadata,
    given.is_recharge
from given_grants as given
left join customers on given.customer_id = customers.customer_id
left join currencies on given.currency_id = currencies.currency_id
left join pools
    on given.customer_id = pools.customer_id and given.resource_id = pools.resource_id
order by customer_key, given.created_at, given.grant_id
