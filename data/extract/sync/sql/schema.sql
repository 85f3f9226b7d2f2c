-- What a sync keeps beside the tables of data/tables.py: where it came from, how far it has come.
create table if not exists about (
    source varchar not null,
    version integer not null,
    is_oldest_first boolean
);

-- Settled balances as the API told them, and when the pool was read last.
create table if not exists balances (
    customer_id varchar not null,
    resource_id varchar,
    currency_id varchar not null,
    balance decimal(38, 6) not null
);

-- Of cursors, the customer-level pool has the resource_id ''.
create table if not exists ledger_cursors (
    customer_id varchar not null,
    currency_id varchar not null,
    resource_id varchar not null,
    cursor varchar not null,
    primary key (customer_id, currency_id, resource_id)
);

-- What a pool used in an hour by feature and value of each of the keys, '' where there is none.
create table if not exists cells (
    customer_id varchar not null,
    currency_id varchar not null,
    resource_id varchar,
    occurred_at timestamp not null,
    feature_id varchar,
    keys varchar[] not null,
    key_values varchar[] not null,
    credits decimal(18, 6) not null,
    events integer not null
);

create table if not exists usage_cursors (
    customer_id varchar not null,
    currency_id varchar not null,
    resource_id varchar not null,
    keys varchar[] not null,
    read_until timestamp not null,
    primary key (customer_id, currency_id, resource_id)
);
