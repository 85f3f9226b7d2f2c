-- The auto-recharge settings saved for one currency, by customer.
select
    customers.customer_id,
    recharge_settings.is_enabled,
    recharge_settings.threshold_type,
    recharge_settings.threshold_value,
    recharge_settings.target_balance,
    recharge_settings.max_spend_limit,
    recharge_settings.grant_expiration_period,
    recharge_settings.current_monthly_spend,
    recharge_settings.created_at,
    recharge_settings.updated_at
from recharge_settings
inner join customers on recharge_settings.customer_key = customers.customer_key
inner join currencies on recharge_settings.currency_key = currencies.currency_key
where
    currencies.currency_id = $currency_id
    and ($customers is null or list_contains($customers, customers.customer_id))
order by customers.customer_id
