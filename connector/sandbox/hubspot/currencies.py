"""What the account's currencies are worth in its own, as an admin keeps it."""

from __future__ import annotations

import json
from typing import Any

from connector.sandbox.hubspot.portal import Rate
from connector.sandbox.hubspot.schema import EPOCH
from connector.sandbox.hubspot.wire import Answer, Call


def list_rates(call: Call) -> Answer:
    """The rate in force of every other currency that has one."""
    numbered = enumerate(call.portal.dated_rates, 1)
    return Answer(200, {"results": [_rate(call, number, rate) for number, rate in numbered if rate.current]})


def list_all_rates(call: Call) -> Answer:
    """Every rate that there ever was, in pages."""
    limit, after = call.number("limit", 10, 100) or 10, call.number("after", 0, 10**9)
    rates = list(enumerate(call.portal.dated_rates, 1))
    more = str(after + limit) if after + limit < len(rates) else None
    found = [_rate(call, number, rate) for number, rate in rates[after : after + limit]]
    return Answer(200, {"results": found} | call.next_page(more))


def company_currency(call: Call) -> Answer:
    """The account's own currency."""
    return Answer(200, {"currencyCode": call.portal.currency, "createdAt": EPOCH, "updatedAt": EPOCH})


def _rate(call: Call, number: int, rate: Rate) -> dict[str, Any]:
    return {
        "id": str(number),
        "fromCurrencyCode": rate.currency,
        "toCurrencyCode": call.portal.currency,
        "conversionRate": json.loads(rate.worth),
        "visibleInUI": True,
        "effectiveAt": rate.since,
        "createdAt": rate.since,
        "updatedAt": rate.since,
    }
