"""Money: whole minor units with their currency, never a float, never without a currency."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from functools import lru_cache

from iso4217 import Currency


@lru_cache(maxsize=256)
def exponent(currency: str) -> int:
    """Digits after the point (ISO 4217: JPY 0, EUR 2, KWD 3). Raises ValueError for an unknown code."""
    try:
        digits = Currency(currency).exponent
    except ValueError:
        raise ValueError(f"{currency!r} is not a currency of ISO 4217") from None
    if digits is None:
        raise ValueError(f"{currency!r} has no minor unit in ISO 4217")
    return int(digits)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount: ``minor`` whole units of ``currency``'s smallest coin."""

    minor: int
    currency: str

    @classmethod
    def parse(cls, text: str, currency: str) -> Money:
        """A decimal text in major units, rounded half-even to the currency's exponent.

        Raises ValueError when it is not a number or the currency is unknown.
        """
        try:
            number = Decimal(text)
        except InvalidOperation:
            raise ValueError(f"{text!r} is not an amount") from None
        if not number.is_finite():
            raise ValueError(f"{text!r} is not an amount")
        minor = number.scaleb(exponent(currency)).quantize(Decimal(1), ROUND_HALF_EVEN)
        return cls(int(minor), currency)

    @property
    def major(self) -> Decimal:
        """The exact amount in major units, with the currency's digits."""
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    def __str__(self) -> str:
        return f"{self.major:,.{exponent(self.currency)}f} {self.currency}"
