"""A call as a handler sees it, and its answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import URL, QueryParams

from connector.sandbox.hubspot.errors import Refusal, invalid
from connector.sandbox.hubspot.portal import Portal
from connector.sandbox.hubspot.schema import ObjectType
from connector.sandbox.hubspot.tables import Row, Source, Table
from connector.sandbox.hubspot.values import iso


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: ``body`` None is an empty answer."""

    status: int
    body: object = None


@dataclass(frozen=True)
class Call:
    """One request whose sender is known and whose limits have room."""

    portal: Portal
    source: Source
    verb: str  # read or write: the scope it needs
    url: URL
    path: Mapping[str, str]
    query: QueryParams
    body: Mapping[str, Any]

    @property
    def strict(self) -> bool:
        """Whether the path's version enforces what the account's admin requires: dated ones from 2026-09 on."""
        dated = re.search(r"/(20\d\d-\d\d)/", self.url.path)
        return dated is not None and dated[1] >= "2026-09"

    def kind(self, name: str = "type") -> ObjectType:
        """The object type in the path. Raises Refusal: unknown, or no scope for it."""
        kind = self.portal.kind(self.path[name])
        self.portal.allow(kind, self.verb)
        return kind

    def table(self, kind: ObjectType) -> Table:
        """The records of that type."""
        return self.portal.tables[kind.name]

    def inputs(self, most: int) -> list[dict[str, Any]]:
        """The rows of a batch. Raises Refusal where there are none or too many."""
        inputs = self.body.get("inputs")
        if not isinstance(inputs, list) or not all(isinstance(row, dict) for row in inputs):
            raise invalid('Invalid input JSON: "inputs" must be a list of objects')
        if len(inputs) > most:
            raise invalid(
                f"The maximum number of inputs supported in a batch request is {most}. Received {len(inputs)}."
            )
        return inputs

    def number(self, name: str, default: int, most: int) -> int:
        """A number between 0 and ``most`` from the query or the body. Raises Refusal."""
        given = self.query.get(name, self.body.get(name, default))
        if not str(given or 0).isdigit():
            raise invalid(f"Invalid value for {name}: {given} is not a number", {name: [str(given)]})
        if int(given or 0) > most:
            raise invalid(f"{name} must not be greater than {most}, was {given}", {name: [str(given)]})
        return int(given or 0)

    def names(self, name: str) -> list[str]:
        """A list given by repetition, by commas, or in the body."""
        given = self.query.getlist(name) or self.body.get(name) or []
        return [part for each in given for part in str(each).split(",") if part]

    def queried(self, name: str) -> list[str]:
        """A list of the query only; a create's body has associations of another kind."""
        return [part for each in self.query.getlist(name) for part in each.split(",") if part]

    def flag(self, name: str) -> bool:
        """A true or false of the query."""
        return self.query.get(name, "false").lower() == "true"

    def next_page(self, after: str | None, linked: bool = True) -> dict[str, Any]:
        """The ``paging`` of an answer; nothing on the last page."""
        if after is None:
            return {}
        link = {"link": str(self.url.include_query_params(after=after))} if linked else {}
        return {"paging": {"next": {"after": after} | link}}

    def batch(self, status: int, results: Iterable[Any], refusals: Iterable[Mapping[str, Any]] = ()) -> Answer:
        """A batch answer: 207 with ``errors`` where something was refused. Results come in no promised order."""
        now, errors = iso(self.portal.now()), list(refusals)
        body: dict[str, Any] = {"status": "COMPLETE", "results": list(results)}
        if errors:
            status, body = 207, body | {"numErrors": len(errors), "errors": errors}
        return Answer(status, body | {"startedAt": now, "completedAt": now})


def live(row: Row | None, refusal: Refusal) -> Row:
    """The row, or the refusal where there is none."""
    if row is None:
        raise refusal
    return row
