-- The newest row of each grant, unless the extract has a newer one. A status that is not told
-- follows from the times, as they stand at the variable loaded_at.
create or replace temp table newest_grants as
with numbered as (
    select
        *,
        row_number() over (
            partition by id
            order by updated_at desc, file_number desc, row_number desc
        ) as place
    from read_grants
)

select
    numbered.id as grant_id,
    customers.customer_key,
    currencies.currency_key,
    named_pools.resource_key,
    numbered.display_name,
    numbered.grant_type,
    case
        when numbered.status is not null then numbered.status
        when numbered.voided_at is not null then 'VOIDED'
        when numbered.effective_at > getvariable('loaded_at') then 'SCHEDULED'
        when numbered.expire_at <= getvariable('loaded_at') then 'EXPIRED'
        else 'ACTIVE'
    end as status,
    numbered.amount,
    numbered.consumed_amount,
    numbered.cost_amount,
    numbered.cost_currency,
    numbered.priority,
    numbered.payment_collection,
    coalesce(numbered.effective_at, numbered.created_at) as effective_at,
    numbered.expire_at,
    numbered.voided_at,
    numbered.created_at,
    numbered.updated_at,
    numbered.comment,
    numbered.additional_metadata,
    numbered.automatic_recharge_configuration_id is not null as is_recharge,
    held.grant_id is not null as is_held
from numbered
inner join customers on numbered.customer_id = customers.customer_id
inner join currencies on numbered.credit_currency_id = currencies.currency_id
left join named_pools
    on
        numbered.customer_id = named_pools.customer_id
        and numbered.resource_id = named_pools.resource_id
left join grants as held on numbered.id = held.grant_id
where
    numbered.place = 1
    and (
        held.grant_id is null
        or held.updated_at is null
        or held.updated_at < numbered.updated_at
    );

create or replace table spool.grant_counts as
select
    count(*) filter (not newest_grants.is_held) as count_added,
    count(*) filter (newest_grants.is_held) as count_changed,
    (select count(distinct read_grants.id) from read_grants) - count(*) as count_same
from newest_grants;
