-- What is found out about event files before their events are laid, in a database of its own.
create or replace table spool.met (
    customer_id varchar not null,
    resource_id varchar,
    feature_id varchar not null,
    plan_id varchar
);

-- The rates of the customers met, as far as SQL can charge them.
create or replace table spool.pools (
    customer_id varchar not null,
    resource_id varchar,
    feature_id varchar not null,
    plan_id varchar,
    currency_id varchar not null,
    tariff integer not null,
    is_flat boolean not null,
    amount decimal(18, 9) not null,
    short_amount decimal(9, 6),
    most_units decimal(14, 5)
);

create or replace table spool.months (
    file_number integer not null,
    first_slot integer not null,
    events bigint not null
);

create or replace table spool.object_keys (
    file_number integer not null,
    dimension_key varchar not null
);

-- The rows that go through Python, and those whose usage the extract has already.
create or replace table spool.left_out (
    file_number integer not null,
    row_number bigint not null
);

create or replace table spool.odd (
    file_number integer not null,
    row_number bigint not null,
    event_id varchar not null,
    customer_id varchar not null,
    resource_id varchar,
    feature_id varchar not null,
    currency_id varchar not null,
    occurred_at timestamp not null,
    units decimal(24, 5) not null,
    credits decimal(18, 6) not null,
    dimensions map (varchar, varchar) not null
);

-- Events that the extract has, or may have, of those in the files.
create or replace table spool.held (
    event_id varchar not null,
    feature_id varchar not null
);

create or replace table spool.suspects (
    hashed ubigint not null
);

create or replace table spool.ended (
    count_read bigint not null,
    count_usages bigint not null,
    count_rejected bigint not null,
    count_added bigint not null
);
