"""HubSpot's owners: the people behind ``hubspot_owner_id``. Source: developers.hubspot.com, "Owners"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connector.hubspot import routes
from connector.hubspot.answers import Owner
from connector.hubspot.gateway import Gateway
from connector.record import Value, value_text


def owners(gateway: Gateway) -> Iterator[tuple[str, str, Mapping[str, Value]]]:
    """Every owner; deactivated ones too, as deals keep naming them. Raises CrmError."""
    for archived in ("false", "true"):
        for owner in _listed(gateway, archived):
            yield owner.id, owner.updated_at, _values(owner)


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
