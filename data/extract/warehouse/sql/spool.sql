-- Rows of warehouse exports as they were read, in a database of its own. A row with a reason is
-- rejected. Amounts are credits, times naive UTC.
create table if not exists spool.read_files (
    file_number integer not null
);

create table if not exists spool.consumptions (
    file_number integer not null,
    row_number bigint not null,
    environment_id varchar,
    customer_id varchar,
    resource_id varchar,
    event_id varchar,
    feature_id varchar,
    partial_cost decimal(18, 6),
    total_cost decimal(18, 6),
    credit_grant_id varchar,
    credit_currency_id varchar,
    consumption_timestamp timestamp,
    event_timestamp timestamp,
    created_at timestamp,
    reason varchar
);

create table if not exists spool.granted (
    file_number integer not null,
    row_number bigint not null,
    environment_id varchar,
    id varchar,
    customer_id varchar,
    resource_id varchar,
    credit_currency_id varchar,
    display_name varchar,
    grant_type varchar,
    status varchar,
    amount decimal(18, 6),
    consumed_amount decimal(18, 6),
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
    automatic_recharge_configuration_id varchar,
    reason varchar
);

-- Consumption that the extract did not have, month by month: rows of the ledger to be.
create table if not exists spool.consumed (
    first_slot integer not null,
    customer_key integer not null,
    currency_key integer not null,
    resource_key integer,
    feature_key integer,
    grant_id varchar not null,
    event_id varchar not null,
    credits decimal(18, 6) not null,
    occurred_at timestamp not null
);

-- Per month: events whose parts are not their whole cost.
create table if not exists spool.uneven (
    first_slot integer not null,
    events bigint not null
);

create table if not exists spool.grant_counts (
    count_added bigint not null,
    count_changed bigint not null,
    count_same bigint not null
);
