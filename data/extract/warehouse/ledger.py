"""The ledger that warehouse exports tell, written anew from all consumption and the grants."""

import duckdb

from data.extract.fresh import Report
from data.extract.ledger_file import spans
from data.extract.warehouse.statements import statement


def order_ledger(connection: duckdb.DuckDBPyConnection, report: Report) -> None:
    """Make `given_ledger`, for lay_ledger, of `told` and the tables of moves.sql."""
    connection.execute(statement("given_ledger"))
    counted = connection.execute(statement("ledger_customers")).fetchall()
    for first, until in spans(counted):
        span = {"first": first, "until": until}
        [(rows,)] = connection.execute(statement("ledger"), span).fetchall()
        report(f"{rows:,} rows of the ledger put in order")
