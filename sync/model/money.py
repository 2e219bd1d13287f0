"""Money: whole minor units with their currency, never a float, never without a currency."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from functools import lru_cache
from typing import Final

from iso4217 import Currency

DIGITS: Final = 18
"""Of an amount, coins included: what both vendors' number fields hold, and a 64-bit column of the ledger."""

_COINS: Final = Context(prec=DIGITS, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation])
"""Refuses what has more digits; the rounding to whole coins is the only one."""


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


@lru_cache(maxsize=256)
def _coin(currency: str) -> Decimal:
    """The smallest coin, in major units."""
    return Decimal((0, (1,), -exponent(currency)))


@dataclass(frozen=True, slots=True)
class Money:
    """An amount: ``minor`` whole units of ``currency``'s smallest coin."""

    minor: int
    currency: str

    @classmethod
    def parse(cls, text: str, currency: str) -> Money:
        """A decimal text in major units, rounded half-even to the currency's exponent.

        Raises ValueError when it is not a number or too large for one, or when the currency is unknown.
        """
        try:
            number = Decimal(text)
        except InvalidOperation:
            raise ValueError(f"{shortened(text)} is not an amount") from None
        if not number.is_finite():
            raise ValueError(f"{shortened(text)} is not an amount")
        coin = _coin(currency)
        try:
            coins = number.quantize(coin, context=_COINS)
        except InvalidOperation:
            raise ValueError(f"{shortened(text)} is too large for an amount: at most {DIGITS} digits") from None
        return cls(int(coins.scaleb(exponent(currency))), currency)

    @property
    def major(self) -> Decimal:
        """The exact amount in major units, with the currency's digits."""
        return Decimal(f"{self.minor}E-{exponent(self.currency)}")

    def __str__(self) -> str:
        return f"{self.major:,.{exponent(self.currency)}f} {self.currency}"


@dataclass(frozen=True, slots=True)
class Bare:
    """An amount without a currency of its own; ``usual`` is that of its CRM, if it has one."""

    text: str
    usual: str | None = None

    def within(self, currency: str | None) -> Money:
        """In the currency of what it is a part of, else in the usual one. Raises ValueError without any."""
        if not (known := currency or self.usual):
            raise ValueError("an amount without a currency: neither its deal nor the connection has one")
        return Money.parse(self.text, known)


def shortened(text: str) -> str:
    """A text as a message quotes it, however long it is."""
    return repr(text if len(text) <= 40 else f"{text[:40]}…")
