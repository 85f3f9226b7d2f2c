-- The tables of an extract, schema version 4. Ids are the company's own texts and live in one
-- table each; everywhere else small integers stand for them, because integers prune and texts
-- with a common prefix do not. Times are naive UTC.

create table metadata (
    source varchar not null,
    cut_off timestamp not null,
    loaded_at timestamp not null,
    schema_version integer not null,
    promoted_keys varchar[] not null,
    row_counts map (varchar, bigint) not null
);

create table customers (
    customer_key integer primary key,
    customer_id varchar not null,
    name varchar,
    email varchar,
    created_at timestamp
);

-- A resource belongs to one customer: the same resource_id may exist for several.
create table resources (
    resource_key integer primary key,
    customer_key integer not null,
    resource_id varchar not null,
    created_at timestamp
);

create table currencies (
    currency_key integer primary key,
    currency_id varchar not null,
    display_name varchar,
    symbol varchar,
    unit_singular varchar,
    unit_plural varchar,
    status varchar
);

create table features (
    feature_key integer primary key,
    feature_id varchar not null,
    display_name varchar,
    feature_type varchar,
    meter_type varchar,
    unit_singular varchar,
    unit_plural varchar,
    created_at timestamp
);

create table plans (
    plan_id varchar not null,
    display_name varchar,
    product_id varchar
);

create table rates (
    plan_id varchar not null,
    feature_key integer not null,
    currency_key integer not null,
    amount decimal(18, 6),
    cost_formula varchar
);

create table subscriptions (
    subscription_id varchar not null,
    customer_key integer not null,
    resource_key integer,
    plan_id varchar not null,
    status varchar,
    started_at timestamp
);

create table grants (
    grant_id varchar not null,
    customer_key integer not null,
    currency_key integer not null,
    resource_key integer,
    display_name varchar,
    grant_type varchar not null,
    status varchar not null,
    amount decimal(18, 6) not null,
    consumed_amount decimal(18, 6) not null,
    cost_amount decimal(18, 6),
    cost_currency varchar,
    priority integer,
    payment_collection varchar,
    effective_at timestamp,
    expire_at timestamp,
    voided_at timestamp,
    created_at timestamp,
    updated_at timestamp,
    comment varchar,
    additional_metadata varchar,
    is_recharge boolean
);

create table recharge_settings (
    customer_key integer not null,
    currency_key integer not null,
    is_enabled boolean,
    threshold_type varchar,
    threshold_value decimal(18, 6),
    target_balance decimal(18, 6),
    max_spend_limit decimal(18, 6),
    grant_expiration_period varchar,
    current_monthly_spend decimal(18, 6),
    created_at timestamp,
    updated_at timestamp
);

create table promotional_entitlements (
    promotional_entitlement_id varchar,
    customer_key integer not null,
    feature_key integer not null,
    status varchar,
    usage_limit decimal(24, 5),
    has_unlimited_usage boolean,
    has_soft_limit boolean,
    is_visible boolean,
    enum_values varchar[],
    period varchar,
    reset_period varchar,
    reset_according_to varchar,
    description varchar,
    started_at timestamp,
    ends_at timestamp,
    created_at timestamp,
    updated_at timestamp
);

create table addons (
    addon_id varchar not null,
    display_name varchar
);

create table coupons (
    coupon_id varchar not null,
    display_name varchar,
    promotion_code varchar,
    percent_off decimal(9, 4),
    duration_in_months integer,
    status varchar
);

-- The texts that events have for the promoted keys: place i is metadata.promoted_keys[i]. Events
-- hold the codes, because integers group, compare and pack several times better than texts.
create table dimension_values (
    place tinyint not null,
    code integer not null,
    value varchar not null
);

-- The files that hold the events (part.sql), beside this one: each has all events of its months,
-- from first_slot to until_slot. Versions share the files that did not change. An event's id is
-- id_prefix and a number of id_digits digits wherever that says it exactly.
create table parts (
    file varchar not null,
    first_slot integer not null,
    until_slot integer not null,
    last_at timestamp not null,
    count_rows bigint not null,
    events bigint not null,
    rolled_places tinyint[] not null,
    id_prefix varchar not null,
    id_digits tinyint not null
);

-- The file that holds the ledger (ledger.sql), beside this one; none of an extract without it.
-- Versions share the file until the ledger changes.
create table ledger_files (
    file varchar not null,
    count_rows bigint not null,
    id_prefix varchar not null,
    id_digits tinyint not null
);
