"""How numbers and times are written: compact on charts, exact in tables."""

from datetime import datetime, timedelta
from decimal import Decimal

from data.credits.money import CURRENCIES
from queries.time import to_local, zone_of

ROUNDS_UP = Decimal("0.9995")
"""From here on three digits round up into the next scale."""
SCALES = ((Decimal(10) ** 9, "B"), (Decimal(10) ** 6, "M"), (Decimal(10) ** 3, "k"))


def compact(amount: Decimal) -> str:
    """Three digits and a scale: 1.23 M, 45.6 k, 7.89."""
    for scale, letter in SCALES:
        if abs(amount) >= scale * ROUNDS_UP:
            return f"{_three_digits(amount / scale)} {letter}"
    return _three_digits(amount)


def exact(amount: Decimal) -> str:
    """Every digit that matters, thousands apart: 1,234.5."""
    text = f"{amount:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def signed(amount: Decimal) -> str:
    """Compact, with its sign; a true minus."""
    sign = "+" if amount > 0 else "−" if amount < 0 else ""
    return f"{sign}{compact(abs(amount))}"


def money(amount: Decimal, currency: str) -> str:
    """Two decimals, or as many as the currency has: 1,234.50 USD."""
    digits = CURRENCIES[currency].digits if currency in CURRENCIES else 2
    return f"{amount:,.{digits}f} {currency}".replace("-", "−")


def price(amount: Decimal, currency: str) -> str:
    """Money with every decimal that matters, at least those of its currency: 0.004 USD."""
    shown, text = money(amount, currency), exact(amount)
    least = len(shown.removesuffix(f" {currency}").partition(".")[2])
    if len(text.partition(".")[2]) <= least:
        return shown
    return f"{text} {currency}".replace("-", "−")


def percent(ratio: float) -> str:
    """With its sign, and a decimal while that matters."""
    digits = 0 if abs(ratio) >= 10 else 1
    return f"{ratio * 100:+,.{digits}f} %".replace("-", "−")


def moment(instant: datetime, zone: str) -> str:
    """A time in the display zone, with the zone: 3 May 2026 14:05 UTC."""
    return f"{to_local(instant, zone_of(zone)):%-d %b %Y %H:%M} {zone}"


def day_span(start: datetime, end: datetime, zone: str) -> str:
    """The days of a half-open span: 1–31 May 2026."""
    first = to_local(start, zone_of(zone))
    last = to_local(end - timedelta(microseconds=1), zone_of(zone))
    if first.date() == last.date():
        return f"{first:%-d %b %Y}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first:%-d}–{last:%-d %b %Y}"
    if first.year == last.year:
        return f"{first:%-d %b} – {last:%-d %b %Y}"
    return f"{first:%-d %b %Y} – {last:%-d %b %Y}"


def hours_alike(*lengths: timedelta) -> list[str]:
    """Hours to be compared: all with a decimal where one of them, above 0, is below 10."""
    hours = [length / timedelta(hours=1) for length in lengths]
    digits = 1 if any(0 < each < 10 for each in hours) else 0
    return ["< 0.1" if 0 < each < 0.05 else f"{each:,.{digits}f}" for each in hours]


def age(as_of: datetime, now: datetime) -> str:
    """How long ago: 2 s, 5 min, 3 h, 4 days."""
    seconds = max(0, int((now - as_of).total_seconds()))
    for size, unit in ((86400, "day"), (3600, "h"), (60, "min")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''}"
    return f"{seconds} s"


def _three_digits(amount: Decimal) -> str:
    places = 2 if abs(amount) < 10 else 1 if abs(amount) < 100 else 0
    text = f"{amount:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
