"""What the account's currencies are worth in its own, as an admin keeps it."""

from __future__ import annotations

import json
from typing import Any

from connector.sandbox.hubspot.schema import EPOCH
from connector.sandbox.hubspot.wire import Answer, Call


def list_rates(call: Call) -> Answer:
    """The rate in force of every other currency that has one."""
    rates = call.portal.rates.items()
    return Answer(200, {"results": [_rate(call, code, rate, at) for at, (code, rate) in enumerate(rates, 1)]})


def company_currency(call: Call) -> Answer:
    """The account's own currency."""
    return Answer(200, {"currencyCode": call.portal.currency, "createdAt": EPOCH, "updatedAt": EPOCH})


def _rate(call: Call, code: str, rate: str, number: int) -> dict[str, Any]:
    return {
        "id": str(number),
        "fromCurrencyCode": code,
        "toCurrencyCode": call.portal.currency,
        "conversionRate": json.loads(rate),
        "visibleInUI": True,
        "effectiveAt": EPOCH,
        "createdAt": EPOCH,
        "updatedAt": EPOCH,
    }
