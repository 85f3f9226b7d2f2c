-- Usage read from files, by natural ids; read_seq is the order in which it was read.
create temp table fresh (
    read_seq bigint not null,
    event_id varchar not null,
    customer_id varchar not null,
    resource_id varchar,
    feature_id varchar not null,
    currency_id varchar not null,
    occurred_at timestamp not null,
    loaded_at timestamp not null,
    units decimal(24, 5) not null,
    credits decimal(18, 6) not null,
    dimensions struct(key varchar, value varchar)[] not null
)
