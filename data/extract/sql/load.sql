-- The frames of data/tables.py, registered as given_<table>, become the tables of an extract:
-- all but the grants and the ledger.
insert into customers
select
    row_number() over (order by customer_id) as customer_key,
    customer_id,
    name,
    email,
    created_at
from given_customers;

insert into currencies
select
    row_number() over (order by currency_id) as currency_key,
    currency_id,
    display_name,
    symbol,
    unit_singular,
    unit_plural,
    status
from given_currencies;

insert into features
select
    row_number() over (order by feature_id) as feature_key,
    feature_id,
    display_name,
    feature_type,
    meter_type,
    unit_singular,
    unit_plural,
    created_at
from given_features;

insert into resources
select
    row_number() over (order by given.customer_id, given.resource_id) as resource_key,
    known(customers.customer_key, given.customer_id) as customer_key,
    given.resource_id,
    given.created_at
from given_resources as given
left join customers on given.customer_id = customers.customer_id;

insert into plans
select
    plan_id,
    display_name,
    product_id
from given_plans
order by plan_id;

insert into rates
select
    given.plan_id,
    known(features.feature_key, given.feature_id) as feature_key,
    known(currencies.currency_key, given.currency_id) as currency_key,
    given.amount,
    given.cost_formula
from given_rates as given
left join features on given.feature_id = features.feature_id
left join currencies on given.currency_id = currencies.currency_id
order by given.plan_id, feature_key;

insert into subscriptions
select
    given.subscription_id,
    known(customers.customer_key, given.customer_id) as customer_key,
    known(pools.resource_key, given.resource_id) as resource_key,
    given.plan_id,
    given.status,
    given.started_at
from given_subscriptions as given
left join customers on given.customer_id = customers.customer_id
left join pools
    on given.customer_id = pools.customer_id and given.resource_id = pools.resource_id
order by customer_key, given.started_at, given.subscription_id;

insert into recharge_settings
select
    known(customers.customer_key, given.customer_id) as customer_key,
    known(currencies.currency_key, given.currency_id) as currency_key,
    given.is_enabled,
    given.threshold_type,
    given.threshold_value,
    given.target_balance,
    given.max_spend_limit,
    given.grant_expiration_period,
    given.current_monthly_spend,
    given.created_at,
    given.updated_at
from given_recharge_settings as given
left join customers on given.customer_id = customers.customer_id
left join currencies on given.currency_id = currencies.currency_id
order by customer_key, currency_key;

insert into promotional_entitlements
select
    given.promotional_entitlement_id,
    known(customers.customer_key, given.customer_id) as customer_key,
    known(features.feature_key, given.feature_id) as feature_key,
    given.status,
    given.usage_limit,
    given.has_unlimited_usage,
    given.has_soft_limit,
    given.is_visible,
    given.enum_values,
    given.period,
    given.reset_period,
    given.reset_according_to,
    given.description,
    given.started_at,
    given.ends_at,
    given.created_at,
    given.updated_at
from given_promotional_entitlements as given
left join customers on given.customer_id = customers.customer_id
left join features on given.feature_id = features.feature_id
order by customer_key, feature_key, given.started_at;

insert into addons
select
    addon_id,
    display_name
from given_addons
order by addon_id;

insert into coupons
select
    coupon_id,
    display_name,
    promotion_code,
    percent_off,
    duration_in_months,
    status
from given_coupons
order by coupon_id;

create or replace temp view incoming as
with keyed as (
    select
        *,
        list_transform(dimensions, lambda entry: entry['key']) as dimension_keys,
        list_transform(dimensions, lambda entry: entry['value']) as dimension_values
    from given_usage_events
)

select
    given.event_id,
    known(customers.customer_key, given.customer_id) as customer_key,
    known(pools.resource_key, given.resource_id) as resource_key,
    known(features.feature_key, given.feature_id) as feature_key,
    known(currencies.currency_key, given.currency_id) as currency_key,
    given.occurred_at,
    given.received_at as loaded_at,
    given.units,
    given.credits,
    given.events,
    dimension_values[list_position(dimension_keys, getvariable('promoted')[1])] as dim_1,
    dimension_values[list_position(dimension_keys, getvariable('promoted')[2])] as dim_2,
    dimension_values[list_position(dimension_keys, getvariable('promoted')[3])] as dim_3,
    dimension_values[list_position(dimension_keys, getvariable('promoted')[4])] as dim_4,
    dimension_values[list_position(dimension_keys, getvariable('promoted')[5])] as dim_5,
    dimension_values[list_position(dimension_keys, getvariable('promoted')[6])] as dim_6,
    dimension_values[list_position(dimension_keys, getvariable('promoted')[7])] as dim_7,
    dimension_values[list_position(dimension_keys, getvariable('promoted')[8])] as dim_8,
    map_from_entries(
        coalesce(
            list_filter(
                dimensions,
                lambda entry: not list_contains(getvariable('promoted'), entry['key'])
            ),
            []
        )
    ) as rest
from keyed as given
left join customers on given.customer_id = customers.customer_id
left join currencies on given.currency_id = currencies.currency_id
left join features on given.feature_id = features.feature_id
left join pools
    on given.customer_id = pools.customer_id and given.resource_id = pools.resource_id;

create or replace temp view incoming_values as
select *
from incoming;
