"""Money: currencies with their minor units, and rounding to them."""

from dataclasses import dataclass
from decimal import Decimal

from data.credits.amounts import PRECISION

NOTHING = Decimal(0)
PRICE_STEP = Decimal("1e-12")


@dataclass(frozen=True, slots=True)
class Currency:
    """An ISO 4217 currency; `digits` is how many decimals its minor unit has."""

    code: str
    symbol: str
    digits: int = 2


CURRENCIES = {
    currency.code: currency
    for currency in (
        Currency("USD", "$"),
        Currency("EUR", "€"),
        Currency("GBP", "£"),
        Currency("JPY", "¥", 0),
        Currency("KRW", "₩", 0),
        Currency("CHF", "CHF"),
        Currency("CAD", "CA$"),
        Currency("AUD", "A$"),
        Currency("BRL", "R$"),
        Currency("INR", "₹"),
        Currency("SEK", "kr"),
        Currency("BHD", "BD", 3),
        Currency("KWD", "KD", 3),
    )
}


def to_money(amount: Decimal, currency: str) -> Decimal:
    """Rounded half away from zero to the currency's minor unit."""
    return amount.quantize(Decimal(1).scaleb(-CURRENCIES[currency].digits), context=PRECISION)


def in_minor_units(amount: Decimal, currency: str) -> Decimal:
    """Dollars as cents, yen as yen."""
    return to_money(amount, currency).scaleb(CURRENCIES[currency].digits)


def from_minor_units(amount: Decimal, currency: str) -> Decimal:
    """Cents as dollars, yen as yen; a currency that is not known here has two decimals."""
    known = CURRENCIES.get(currency)
    return amount.scaleb(-(known.digits if known else 2))


def part(amount: Decimal, numerator: int | Decimal, denominator: int | Decimal) -> Decimal:
    """`amount` × numerator ÷ denominator, not rounded to money yet."""
    return PRECISION.divide(PRECISION.multiply(amount, Decimal(numerator)), Decimal(denominator))


def per_credit(cost: Decimal, amount: Decimal) -> Decimal | None:
    """What one credit of a grant cost, to 12 decimals; None of a grant without credits."""
    return PRECISION.divide(cost, amount).quantize(PRICE_STEP) if amount else None
