"""Use that lies outside of what was usual before."""

from datetime import datetime

import polars as pl


def unusual(use: pl.DataFrame, *, now: datetime, days: int = 7) -> pl.DataFrame:
    """Pools whose use of the last `days` whole days of UTC the method would not have believed.

    use: as `fleet_outlook` or, of one pool without the first two columns, `pool_outlook` takes
    it. The range is that of the forecast made before those days, widened to hold the truth 99
    times of 100, so that of 100 pools one stands here by chance.

    Answer, the furthest outside first, as in `results.UNUSUAL`: `customer_id`, `resource_id`,
    `since`, `until`, `credits`, `usual` (expected), `usual_low`, `usual_high`, `times` (credits ÷
    usual, null where nothing was usual).
    """
    raise NotImplementedError
