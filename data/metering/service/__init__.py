"""The local metering API: the vendor's GraphQL surface over one durable DuckDB file."""
