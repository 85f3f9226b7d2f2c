-- The catalogue's tables, registered as given_<table>: what it names is as it says, the rest of
-- the extract stays. Keys of what is known do not change, because events refer to them.
update currencies
set
    display_name = given.display_name,
    symbol = given.symbol,
    unit_singular = given.unit_singular,
    unit_plural = given.unit_plural,
    status = given.status
from given_currencies as given
where currencies.currency_id = given.currency_id;

insert into currencies
select
    row_number() over (order by given.currency_id)
    + (select coalesce(max(known.currency_key), 0) from currencies as known) as currency_key,
    given.currency_id,
    given.display_name,
    given.symbol,
    given.unit_singular,
    given.unit_plural,
    given.status
from given_currencies as given
anti join currencies on given.currency_id = currencies.currency_id;

update features
set
    display_name = given.display_name,
    feature_type = given.feature_type,
    meter_type = given.meter_type,
    unit_singular = given.unit_singular,
    unit_plural = given.unit_plural,
    created_at = given.created_at
from given_features as given
where features.feature_id = given.feature_id;

insert into features
select
    row_number() over (order by given.feature_id)
    + (select coalesce(max(known.feature_key), 0) from features as known) as feature_key,
    given.feature_id,
    given.display_name,
    given.feature_type,
    given.meter_type,
    given.unit_singular,
    given.unit_plural,
    given.created_at
from given_features as given
anti join features on given.feature_id = features.feature_id;

delete from rates
where plan_id in (select plan_id from given_plans);

delete from plans
where plan_id in (select plan_id from given_plans);

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
    features.feature_key,
    currencies.currency_key,
    given.amount,
    given.cost_formula
from given_rates as given
inner join features on given.feature_id = features.feature_id
inner join currencies on given.currency_id = currencies.currency_id
order by given.plan_id, features.feature_key;

delete from addons
where addon_id in (select addon_id from given_addons);

insert into addons
select
    addon_id,
    display_name
from given_addons
order by addon_id;

delete from coupons
where coupon_id in (select coupon_id from given_coupons);

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
