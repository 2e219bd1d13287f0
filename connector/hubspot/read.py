"""Reads records: everything by list, changes by search on the id, deletions from the archive, keys in batches.

Search with page offsets loses rows that are edited meanwhile and ends at 10,000; a walk by id through a closed
window does neither. Source: developers.hubspot.com, "Search the CRM" and "Using object APIs".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from connector.errors import TryAgain
from connector.hubspot import routes
from connector.hubspot.answers import Row, Rows
from connector.hubspot.describe import OWNERS, Portal
from connector.hubspot.errors import Refusal, fault
from connector.hubspot.gateway import Gateway
from connector.hubspot.narrow import batches
from connector.hubspot.owners import owners
from connector.hubspot.select import LINK_PAGE, Selection, Selector
from connector.hubspot.windows import Window, milliseconds, window_of
from connector.record import Cursor, Page, Record

LIST_PAGE = 100
SEARCH_PAGE = 200
READ_BATCH = 100
LONGEST_LIST = 5000  # characters of property names in a URL; beyond, values come from batch reads


class Reader:
    """Reads one portal. ``fresh``: search answers may be stale, so that values are read again by id."""

    def __init__(self, gateway: Gateway, portal: Portal, selector: Selector, *, fresh: bool) -> None:
        self._gateway, self._portal, self._selector, self._fresh = gateway, portal, selector, fresh

    def changes(self, kind: str, fields: Sequence[str], since: Cursor | None) -> Iterator[Page]:
        """See `connector.crm.Crm.changes`."""
        window = window_of(since)
        if kind == OWNERS:
            records = tuple(owners(self._gateway, fields))
            following = window.opened(self._gateway.server_time).following()
            yield Page(records, following.cursor(), drained=True)
            return
        chosen = self._selector.choose(kind, fields)
        yield from self._changed(chosen, window) if window.lo else self._everything(chosen, window)

    def ids(self, kind: str) -> Iterator[Sequence[str]]:
        """See `connector.crm.Crm.ids`."""
        if kind == OWNERS:
            yield [record.ref.id for record in owners(self._gateway, ())]
            return
        self._portal.know(kind)
        for rows, _ in self._listed(kind, ["hs_object_id"], ""):
            yield [row.id for row in rows]

    def read(self, kind: str, keys: Sequence[str], fields: Sequence[str], by: str) -> list[Record]:
        """See `connector.crm.Crm.read`."""
        if kind == OWNERS:
            return [record for record in owners(self._gateway, fields) if record.ref.id in set(keys)]
        chosen = self._selector.choose(kind, fields)
        return self._selector.records(chosen, self.rows(kind, keys, chosen.names, by))

    def rows(self, kind: str, keys: Sequence[str], names: Sequence[str], by: str = "id") -> list[Row]:
        """The live rows that hold these keys, each once; a merged-away id answers with the survivor."""
        found: dict[str, Row] = {}
        for batch in batches(list(dict.fromkeys(keys)), READ_BATCH):
            body: dict[str, Any] = {"properties": list(names), "inputs": [{"id": key} for key in batch]}
            if by != "id":
                body["idProperty"] = by
            answer = self._gateway.send(routes.READ, kind, body=body)
            self._check(kind, answer)
            found |= {row.id: row for row in answer.results if not row.archived}
        return list(found.values())

    def _check(self, kind: str, answer: Rows) -> None:
        """A key that is not there is no failure; any other error of a 207 is."""
        for error in answer.errors:
            if error.get("category") != "OBJECT_NOT_FOUND":
                place = f"{self._gateway.name}: batch read of {kind}"
                raise fault(Refusal(place, kind, 207, error, reading=True))

    def _everything(self, chosen: Selection, window: Window) -> Iterator[Page]:
        wide = len(",".join(chosen.names)) > LONGEST_LIST
        held: list[Row] = []
        for rows, after in self._listed(chosen.kind, [chosen.modified] if wide else chosen.names, window.after):
            window = window.opened(self._gateway.server_time).at(after)
            held += rows
            if after and chosen.links and len(held) < LINK_PAGE:
                continue  # one call reads the associations of ten pages
            found = self.rows(chosen.kind, [row.id for row in held], chosen.names) if wide else held
            records = tuple(self._selector.records(chosen, found))
            yield Page(records, (window if after else window.following()).cursor(), drained=not after)
            held = []

    def _listed(self, kind: str, names: Sequence[str], after: str, archived: str = "false") -> Iterator[Listed]:
        query = {"limit": str(LIST_PAGE), "archived": archived, "properties": ",".join(names)}
        while True:
            answer = self._gateway.send(routes.LIST, kind, query={**query, **({"after": after} if after else {})})
            before, after = after, _after(answer)
            if after and after == before:
                raise TryAgain(f"{self._gateway.name}: HubSpot repeats page {after} of {kind}")
            yield answer.results, after
            if not after:
                return

    def _changed(self, chosen: Selection, window: Window) -> Iterator[Page]:
        held: list[Row] = []
        stand = window
        for rows, stand in self._searched(chosen, window):
            held += rows
            if stand.stage == "live" and chosen.links and len(held) < LINK_PAGE:
                continue
            found = self.rows(chosen.kind, [row.id for row in held], chosen.names) if self._fresh else held
            found = [row for row in found if chosen.stamp(row) >= window.since]
            merged = [record for row in found for record in chosen.merged_away(row)]
            records = (*self._selector.records(chosen, found), *merged)
            if records:
                yield Page(records, stand.cursor(), drained=False)
            held = []
        yield from self._gone(chosen, stand)

    def _searched(self, chosen: Selection, window: Window) -> Iterator[tuple[list[Row], Window]]:
        names = [chosen.modified] if self._fresh else chosen.names
        while window.stage == "live":
            answer = self._gateway.send(routes.SEARCH, chosen.kind, body=_search(chosen.modified, names, window))
            rows = sorted(answer.results, key=lambda row: int(row.id))
            window = window.opened(self._gateway.server_time)
            if not _after(answer):
                window = window.gone()
            elif rows and int(rows[-1].id) > int(window.after or 0):
                window = window.at(rows[-1].id)
            else:
                raise TryAgain(f"{self._gateway.name}: the search of {chosen.kind} does not advance")
            yield rows, window

    def _gone(self, chosen: Selection, window: Window) -> Iterator[Page]:
        """Deleted records. Only the archive's own stamp tells when, so its list is read to the end."""
        for rows, after in self._listed(chosen.kind, ["hs_object_id"], window.after, archived="true"):
            records = tuple(chosen.tombstone(row) for row in rows)
            records = tuple(record for record in records if record.stamp >= window.since)
            cursor = (window.at(after) if after else window.following()).cursor()
            if records or not after:
                yield Page(records, cursor, drained=not after)


Listed = tuple[list[Row], str]
"""Rows of one list call, and the token of the next page (empty: it was the last)."""


def _after(answer: Rows) -> str:
    return str(answer.paging.next.after) if answer.paging and answer.paging.next else ""


def _search(modified: str, names: Sequence[str], window: Window) -> dict[str, Any]:
    filters = [
        {"propertyName": modified, "operator": "GTE", "value": milliseconds(window.lo)},
        {"propertyName": "hs_object_id", "operator": "GT", "value": window.after or "0"},
    ]
    if window.hi:  # unknown before the first answer, whose time closes the window
        filters.append({"propertyName": modified, "operator": "LTE", "value": milliseconds(window.hi)})
    return {
        "filterGroups": [{"filters": filters}],
        "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        "properties": list(names),
        "limit": SEARCH_PAGE,
    }
