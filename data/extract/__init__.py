"""Extracts: DuckDB files of all customers and all events, made, published and read."""
