-- One row per plan and feature that has a price in credits.
select
    rates.plan_id,
    coalesce(plans.display_name, rates.plan_id) as plan_name,
    features.feature_id,
    coalesce(features.display_name, features.feature_id) as feature_name,
    features.unit_singular as unit,
    currencies.currency_id,
    rates.amount,
    rates.cost_formula
from rates
inner join features on rates.feature_key = features.feature_key
inner join currencies on rates.currency_key = currencies.currency_key
left join plans on rates.plan_id = plans.plan_id
order by rates.plan_id, features.feature_id
