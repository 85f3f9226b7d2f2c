-- One row per feature that the customer was granted beside its plans; those that had ended at the
-- cut-off are expired, whatever was stored.
select
    features.feature_id,
    coalesce(features.display_name, features.feature_id) as feature_name,
    features.feature_type,
    features.meter_type,
    features.unit_singular as unit,
    features.unit_plural as units,
    granted.usage_limit,
    granted.has_unlimited_usage,
    granted.has_soft_limit,
    granted.enum_values,
    granted.reset_period,
    granted.reset_according_to,
    granted.promotional_entitlement_id as promotion_id,
    case
        when granted.ends_at <= $as_of then 'Expired' else granted.status
    end as status,
    granted.period,
    granted.is_visible,
    granted.started_at,
    granted.ends_at,
    granted.updated_at
from promotional_entitlements as granted
inner join customers on granted.customer_key = customers.customer_key
inner join features on granted.feature_key = features.feature_key
where customers.customer_id = $customer_id
order by features.feature_id
