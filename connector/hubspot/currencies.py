"""What the account's other currencies were worth in its own, and since when.

Source: developers.hubspot.com, "Currencies".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from connector.hubspot import decode
from connector.hubspot.answers import Answer, Paging
from connector.hubspot.gateway import Gateway
from connector.hubspot.routes import Route
from connector.record import FieldInfo, FieldType, Value, value_text

RATES = "exchange_rates"


class Rate(Answer, frozen=True):
    """One rate; as a JSON number its digits are exact only when they never become a float."""

    id: str
    from_currency_code: str
    to_currency_code: str
    conversion_rate: Decimal
    effective_at: str
    updated_at: str


class Rates(Answer, frozen=True):
    results: list[Rate]
    paging: Paging | None = None


ALL_RATES = Route(Rates, "GET", "/settings/currencies/{v}/exchange-rates", "/settings/v3/currencies/exchange-rates")

RATE_FIELDS = (
    FieldInfo("id", "Rate id", FieldType.ID, writable=False),
    FieldInfo("fromCurrencyCode", "From", FieldType.TEXT, writable=False),
    FieldInfo("toCurrencyCode", "To", FieldType.TEXT, writable=False),
    FieldInfo("conversionRate", "Rate", FieldType.NUMBER, writable=False),
    FieldInfo("effectiveAt", "In force from", FieldType.DATETIME, writable=False),
)


def rates(gateway: Gateway) -> Iterator[tuple[str, str, Mapping[str, Value]]]:
    """Every rate, those of earlier days too: what a deal was worth goes by its own day. Raises CrmError."""
    for rate in _listed(gateway):
        values: dict[str, Value] = {
            "id": rate.id,
            "fromCurrencyCode": rate.from_currency_code,
            "toCurrencyCode": rate.to_currency_code,
            "conversionRate": value_text(rate.conversion_rate),
            "effectiveAt": decode.text("datetime", rate.effective_at),
        }
        yield rate.id, rate.updated_at, values


def _listed(gateway: Gateway) -> Iterator[Rate]:
    query = {"limit": "100"}
    while True:
        answer = gateway.send(ALL_RATES, query=query)
        yield from answer.results
        if not (answer.paging and answer.paging.next):
            return
        query["after"] = str(answer.paging.next.after)
