"""What warehouse exports do not tell, each gap as the sentence the user reads."""

import duckdb

from data.extract.warehouse.statements import statement


def gaps(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """A sentence for each kind of gap that the tables of moves.sql show."""
    [found] = connection.execute(statement("gaps")).fetchall()
    unknown, untold, credits_untold, ahead, uneven = found
    sentences = {
        f"Grants that consumption names and no export of grants has: {unknown:,}. What they "
        "granted is not known, and the ledger's balances leave it out: ingest an export of credit "
        "grants too.": unknown,
        f"Grants with more consumption than their rows tell: {untold:,}, in all "
        f"{credits_untold:,f} credits. The ledger has a row for each, without an event, where the "
        "rows of its pool begin.": untold,
        f"Grants with less consumption than their rows tell: {ahead:,}. They are older than the "
        "rows: export the grants after the consumption, and ingest them.": ahead,
        f"Events whose parts are not their whole cost: {uneven:,}. Usage has the whole cost, the "
        "ledger the parts.": uneven,
    }
    return [sentence for sentence, count in sentences.items() if count]
