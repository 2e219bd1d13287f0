"""One request to a data resource, its reply, and the way from a path to the function that answers it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote

from connector.sandbox.salesforce.errors import Refusal, not_found
from connector.sandbox.salesforce.org import Org
from connector.sandbox.salesforce.writes import Writer


@dataclass(frozen=True, slots=True)
class Ask:
    """One request or subrequest: path below ``/services/data/{version}``, decoded query and JSON body."""

    org: Org
    user: str
    version: str
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes = b""  # the body as it came, where it is no JSON

    @property
    def writer(self) -> Writer:
        """Writes in the name of whoever asks."""
        rule = self.headers.get("sforce-duplicate-rule-header", "").replace(" ", "").lower()
        return Writer(self.org.tables, self.user, allow_duplicates="allowsave=true" in rule)

    def since(self, header: str) -> datetime | None:
        """The moment in a conditional header; 400 for one that is no HTTP date."""
        text = self.headers.get(header)
        try:
            return parsedate_to_datetime(text) if text else None
        except ValueError as error:
            raise Refusal("INVALID_HEADER", f"{header}: not an HTTP date: {text}") from error

    def fields(self) -> dict[str, Any]:
        """The body as the fields of one row."""
        if not isinstance(self.body, dict):
            message = "The HTTP entity body is required, but this request has no entity body."
            raise Refusal("JSON_PARSER_ERROR", message)
        return self.body


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; ``body`` None means that there is none, bytes are sent as they are with a content-type header."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


Route = tuple[str, re.Pattern[str], str, Callable[..., Reply]]


def answer(ask: Ask, routes: list[Route]) -> tuple[str, Reply]:
    """The kind of call and the reply of the first route that fits. Raises Refusal."""
    fits = False
    for method, pattern, kind, reply in routes:
        if match := pattern.fullmatch(ask.path.rstrip("/")):
            fits = True
            if method == ask.method:
                return kind, reply(ask, *(unquote(part) for part in match.groups()))
    if fits:
        message = f"HTTP Method '{ask.method}' not allowed"
        raise Refusal("METHOD_NOT_ALLOWED", message, status=405)
    raise not_found()


def route(method: str, path: str, kind: str, reply: Callable[..., Reply]) -> Route:
    """A row of the table; ``{}`` in the path is one segment, in any case and still encoded."""
    return method, re.compile(path.replace("{}", "([^/]+)"), re.I), kind, reply
