-- The local metering API's store: one DuckDB file, owned by one process.
-- Times are naive UTC. Rows of usage_events and ledger are only ever added.

create table if not exists customers (
    customer_id varchar not null,
    name varchar,
    email varchar,
    created_at timestamp not null
);

create table if not exists resources (
    customer_id varchar not null,
    resource_id varchar not null,
    created_at timestamp not null
);

create table if not exists currencies (
    currency_id varchar not null,
    display_name varchar not null,
    symbol varchar,
    unit_singular varchar,
    unit_plural varchar,
    status varchar not null
);

create table if not exists features (
    feature_id varchar not null,
    display_name varchar not null,
    feature_type varchar not null,
    meter_type varchar not null,
    unit_singular varchar,
    unit_plural varchar,
    created_at timestamp
);

create table if not exists plans (
    plan_id varchar not null,
    display_name varchar not null,
    product_id varchar
);

create table if not exists rates (
    plan_id varchar not null,
    feature_id varchar not null,
    currency_id varchar not null,
    amount decimal(18, 6),
    cost_formula varchar
);

create table if not exists subscriptions (
    subscription_id varchar not null,
    customer_id varchar not null,
    resource_id varchar,
    plan_id varchar not null,
    status varchar not null,
    started_at timestamp not null
);

-- What it was sold with; null in stores that are older than these columns.
alter table subscriptions add column if not exists billing_period varchar;
alter table subscriptions add column if not exists billable_features varchar;
alter table subscriptions add column if not exists addons varchar;
alter table subscriptions add column if not exists billing_country varchar;
alter table subscriptions add column if not exists promotion_code varchar;

create table if not exists addons (
    addon_id varchar not null,
    display_name varchar not null
);

create table if not exists coupons (
    coupon_id varchar not null,
    display_name varchar not null,
    promotion_code varchar,
    percent_off decimal(9, 4),
    duration_in_months integer,
    status varchar
);

create table if not exists recharge_settings (
    customer_id varchar not null,
    currency_id varchar not null,
    is_enabled boolean not null,
    threshold_type varchar,
    threshold_value decimal(18, 6),
    target_balance decimal(18, 6),
    max_spend_limit decimal(18, 6),
    grant_expiration_period varchar,
    current_monthly_spend decimal(18, 6),
    created_at timestamp,
    updated_at timestamp
);

-- `status` may be behind: whether one has ended is for the clock to say.
create table if not exists promotional_entitlements (
    promotional_entitlement_id varchar not null,
    customer_id varchar not null,
    feature_id varchar not null,
    status varchar not null,
    usage_limit decimal(24, 5),
    has_unlimited_usage boolean not null,
    has_soft_limit boolean not null,
    is_visible boolean not null,
    enum_values varchar[],
    period varchar not null,
    reset_period varchar,
    reset_according_to varchar,
    description varchar,
    started_at timestamp not null,
    ends_at timestamp,
    created_at timestamp not null,
    updated_at timestamp not null
);

create table if not exists grants (
    grant_id varchar not null,
    customer_id varchar not null,
    currency_id varchar not null,
    resource_id varchar,
    display_name varchar not null,
    grant_type varchar not null,
    status varchar not null,
    amount decimal(18, 6) not null,
    consumed_amount decimal(18, 6) not null,
    cost_amount decimal(18, 6) not null,
    cost_currency varchar not null,
    priority integer not null,
    payment_collection varchar not null,
    effective_at timestamp not null,
    expire_at timestamp,
    voided_at timestamp,
    created_at timestamp not null,
    updated_at timestamp not null,
    comment varchar,
    additional_metadata varchar,
    is_recharge boolean
);

create table if not exists ledger (
    ledger_seq bigint not null,
    customer_id varchar not null,
    currency_id varchar not null,
    resource_id varchar,
    event_type varchar not null,
    amount decimal(18, 6) not null,
    grant_id varchar not null,
    event_id varchar,
    feature_id varchar,
    occurred_at timestamp not null
);

create table if not exists usage_events (
    event_id varchar not null,
    customer_id varchar not null,
    resource_id varchar,
    feature_id varchar,
    currency_id varchar,
    occurred_at timestamp not null,
    received_at timestamp not null,
    units decimal(24, 5) not null,
    credits decimal(18, 6) not null,
    dimensions map (varchar, varchar)
);

-- Reported and acknowledged, not yet settled. `credits` is null until a raw event is rated.
create table if not exists queue (
    queue_seq bigint not null,
    event_id varchar not null,
    customer_id varchar not null,
    resource_id varchar,
    event_name varchar,
    feature_id varchar,
    currency_id varchar,
    occurred_at timestamp not null,
    received_at timestamp not null,
    units decimal(24, 5),
    credits decimal(18, 6),
    dimensions map (varchar, varchar) not null
);

-- What no customer, meter or pool could take: kept, so that nothing reported is lost.
create table if not exists unmatched_events (
    event_id varchar not null,
    customer_id varchar not null,
    event_name varchar,
    occurred_at timestamp not null,
    received_at timestamp not null,
    dimensions map (varchar, varchar) not null,
    reason varchar not null
);

-- Idempotency keys as 16 bytes; a key counts again 7 days after it was seen.
create table if not exists seen_keys (
    seen_key blob not null,
    seen_at timestamp not null
);
