"""The customers that have a story: those of the vendor's samples and those people look for."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from data.demo.customers import GROWTH, PAY_AS_YOU_GO, SCALE, Customer

SITUATIONS = {
    "customer-demo-01": "The showcase: large, every everyday key, two pools, a healthy balance.",
    "customer-test-id": "Seats reported on resource-01, some of them given back.",
    "customer-in-overdraft": "Used more than it bought: in overdraft for about six days.",
    "customer-only-overdraft": "Never had a grant: its pool holds an overdraft and nothing else.",
    "customer-nearly-out": "Runs out of credits in about three days.",
    "customer-promo-expiring": "Promotional credits expire in 18 days with most of them left.",
    "customer-usage-spike": "In the last seven days one model, gpt, burned many times the usual.",
    "customer-recharge-stopped": "Auto-recharge hit its monthly cap and stopped; usage went on.",
    "customer-voided-grant": "A paid grant booked twice was voided after part of it had burned.",
    "customer-scheduled-grant": "A paid grant begins in ten days.",
    "customer-payment-pending": "A paid grant waits for its invoice and cannot be used yet.",
    "customer-late-events": "Events of the last two days of a month arrive on the 4th of the next.",
    "customer-long-tail": "3000 different dimension keys, each on a few events.",
    "customer-many-users": "More than 3000 different values of user_id.",
    "customer-brand-new": "Joined two days ago: a welcome grant and no usage yet.",
}

LONG_TAIL = "customer-long-tail"
MANY_USERS = "customer-many-users"
LATE_EVENTS = "customer-late-events"

NAMED = (
    Customer(
        customer_id="customer-demo-01",
        name="Kestrel Robotics",
        plan_id=GROWTH,
        events=14_000,
        resources=("workspace-example-com",),
        calls=0.15,
        tokens=2.0,
        users=60,
        is_tidy=True,
    ),
    Customer(
        customer_id="customer-test-id",
        name="Bluebird Test Labs",
        plan_id=GROWTH,
        events=1800,
        resources=("resource-01",),
        resource_share=0.6,
        calls=0.2,
        is_tidy=True,
    ),
    Customer("customer-in-overdraft", "Harrow Freight (in overdraft)", PAY_AS_YOU_GO, 1600),
    Customer("customer-only-overdraft", "Quill Press (only overdraft)", PAY_AS_YOU_GO, 240, 90),
    Customer("customer-nearly-out", "Osprey Travel (nearly out)", PAY_AS_YOU_GO, 2400),
    Customer("customer-promo-expiring", "Tansy Foods (promo expiring)", PAY_AS_YOU_GO, 1200),
    Customer("customer-usage-spike", "Vellum Media (usage spike)", PAY_AS_YOU_GO, 2200),
    Customer(
        customer_id="customer-recharge-stopped",
        name="Wharf Games (recharge stopped)",
        plan_id=PAY_AS_YOU_GO,
        events=600,
    ),
    Customer("customer-voided-grant", "Pennant Legal (voided grant)", PAY_AS_YOU_GO, 1100),
    Customer("customer-scheduled-grant", "Ridge Energy (scheduled grant)", PAY_AS_YOU_GO, 1300),
    Customer("customer-payment-pending", "Sable Bank (payment pending)", PAY_AS_YOU_GO, 900),
    Customer(LATE_EVENTS, "Tidewater Clinics (late events)", PAY_AS_YOU_GO, 2600),
    Customer(LONG_TAIL, "Umber Analytics (long tail of keys)", SCALE, 5000),
    Customer(
        customer_id=MANY_USERS,
        name="Vantage Education (many users)",
        plan_id=SCALE,
        events=6500,
        users=3100,
        is_tidy=True,
    ),
    Customer("customer-brand-new", "Yarrow Systems (brand new)", GROWTH, 0, joined=2),
)

SEAT_CHANGES = (
    ("customer-demo-01", None, timedelta(days=350), 40),
    ("customer-demo-01", None, timedelta(days=180), 12),
    ("customer-demo-01", None, timedelta(days=31), 8),
    ("customer-test-id", "resource-01", timedelta(days=340), 10),
    ("customer-test-id", "resource-01", timedelta(days=200), 4),
    ("customer-test-id", "resource-01", timedelta(days=24, minutes=40), 6),
    ("customer-test-id", "resource-01", timedelta(days=24, minutes=28), -2),
    ("customer-test-id", "resource-01", timedelta(days=6), 3),
)
"""Seats reported as usage: customer, resource, how long ago, how many more or fewer."""


@dataclass(frozen=True, slots=True)
class Burst:
    """Chat completions beyond the usual rhythm, spread evenly over a time."""

    customer_id: str
    events: int
    since: datetime
    until: datetime
    model: str | None = None


def bursts(now: datetime) -> tuple[Burst, ...]:
    """The spike of one model, and the rush that drove a customer's auto-recharge into its cap.

    The rush is in one calendar month, of which at least a day has passed: a cap counts by month.
    """
    week = timedelta(days=7)
    month = month_of(now - timedelta(days=1))
    return (
        Burst("customer-usage-spike", 420, now - week, now, model="gpt"),
        Burst("customer-recharge-stopped", 320, max(month, now - week), now),
    )


def month_of(at: datetime) -> datetime:
    """The first moment of its calendar month."""
    return at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
