"""Outlook: when credits run out, what lapses unused, what is unusual; by the method of METHOD.

    now = answer.as_of
    use = answer(daily_use(customer, currency, now, resource), source).frame
    outlook = pool_outlook(use, grants, recharge, now=now)

`use` is by days of UTC, `grants` as `Grants` answers, `recharge` as `Recharge` does. For all pools
at once `customer_id` and `resource_id` (null for the customer-level pool) stand before the same
columns: `fleet_outlook(use, grants, recharges, now=now)`, `unusual(use, now=now)`.
"""

from data.credits.forecast import METHOD
from queries.outlook.asked import HORIZON, daily_use, use_span
from queries.outlook.fleet import fleet_outlook
from queries.outlook.past import hindsight, rewound
from queries.outlook.pool import pool_outlook
from queries.outlook.results import PoolOutlook, RunOut, Said, Status
from queries.outlook.unusual import unusual

__all__ = [
    "HORIZON",
    "METHOD",
    "PoolOutlook",
    "RunOut",
    "Said",
    "Status",
    "daily_use",
    "fleet_outlook",
    "hindsight",
    "pool_outlook",
    "rewound",
    "unusual",
    "use_span",
]
