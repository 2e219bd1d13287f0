"""HubSpot's owners: a short list without modification filter, so a reading is always the whole of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connector.hubspot import routes
from connector.hubspot.answers import Owner
from connector.hubspot.decode import moment
from connector.hubspot.describe import OWNERS
from connector.hubspot.gateway import Gateway
from connector.record import ABSENT, Record, Ref, Value, value_text


def owners(gateway: Gateway, fields: Sequence[str]) -> Iterator[Record]:
    """Every owner; deactivated ones too, as deals keep naming them. Source: HubSpot docs, "Owners"."""
    for archived in ("false", "true"):
        for owner in _listed(gateway, archived):
            values = _values(owner)
            yield Record(
                Ref(gateway.name, OWNERS, owner.id),
                moment(owner.updated_at),
                tuple(values.get(name, ABSENT) for name in fields),
            )


def _listed(gateway: Gateway, archived: str) -> Iterator[Owner]:
    query = {"limit": "100", "archived": archived}
    while True:
        answer = gateway.send(routes.OWNERS, query=query)
        yield from answer.results
        if not (answer.paging and answer.paging.next):
            return
        query["after"] = str(answer.paging.next.after)


def _values(owner: Owner) -> dict[str, Value]:
    return {
        "id": owner.id,
        "email": value_text(owner.email),
        "firstName": value_text(owner.first_name),
        "lastName": value_text(owner.last_name),
        "userId": value_text(owner.user_id),
        "archived": value_text(owner.archived),
    }
