"""The switchboard of one served CRM: its clock, its record of calls, and faults that a test can order."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import unquote_plus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAINTENANCE = b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body>Back at 06:00 GMT.</body></html>"


@dataclass(frozen=True, slots=True)
class Call:
    """One request as answered. ``status`` is 0 when the connection was closed without an answer.

    ``kind`` is the vendor app's word for the call (it sets ``scope["kind"]``), or ``fault`` when the app never
    saw the request. A call that the app answered itself, but whose answer was spoilt, keeps the app's word.
    """

    method: str
    path: str
    status: int
    kind: str


@dataclass
class Fault:
    """Something that goes wrong with matching calls: skips ``skip`` of them, strikes ``times``, then is gone.

    ``path`` is searched in ``/path?query`` (decoded) followed by a line feed and the request's body. What it does
    is the first of these that is set: ``drop`` closes the connection before the app sees the request,
    ``drop_after`` lets the app do its work and closes without an answer, ``html`` answers 200 with a maintenance
    page, ``truncate`` cuts the answer in the middle, ``status`` answers with ``body`` (text, or any JSON value)
    and ``headers``. ``delay`` (seconds) comes before any of them, or alone.
    """

    method: str = ""
    path: str = ""
    skip: int = 0
    times: int = 1
    status: int = 0
    body: object = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False
    drop_after: bool = False
    html: bool = False
    truncate: bool = False
    delay: float = 0.0

    def __post_init__(self) -> None:
        if not (self.drop or self.drop_after or self.html or self.truncate or self.status or self.delay):
            raise ValueError("a fault must do something: drop, drop_after, html, truncate, status or delay")
        re.compile(self.method), re.compile(self.path)

    def matches(self, method: str, text: str) -> bool:
        """Whether this fault is about such a call."""
        return bool(re.search(self.method, method) and re.search(self.path, text))

    def answer(self) -> tuple[int, bytes, dict[str, str]] | None:
        """Status, body and headers that are sent instead of the app's answer; None where the app answers."""
        if self.html:
            return 200, MAINTENANCE, {"content-type": "text/html; charset=utf-8"}
        if not self.status:
            return None
        if isinstance(self.body, str):
            return self.status, self.body.encode(), {"content-type": "text/plain; charset=utf-8", **self.headers}
        return self.status, json.dumps(self.body).encode(), {"content-type": "application/json", **self.headers}


class Switchboard:
    """Everything about one served CRM that is not the CRM: ``offset`` moves its clock, ``faults`` spoil its calls,
    and ``weather`` those that meet no fault.

    ``settings`` hold the vendor's own misbehaviours; each vendor's ``app`` documents the ones it knows.
    """

    def __init__(self, settings: Mapping[str, object] | None = None) -> None:
        self.offset = timedelta()
        self.settings: dict[str, object] = dict(settings or {})
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.weather: Callable[[], Fault | None] = lambda: None

    def now(self) -> datetime:
        """The CRM's clock: UTC, shifted by ``offset``."""
        return datetime.now(UTC) + self.offset

    def strike(self, method: str, text: str) -> Fault | None:
        """The fault that this call meets, if any; it is used up by being met."""
        for fault in list(self.faults):
            if not fault.matches(method, text):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.times -= 1
            if fault.times <= 0:
                self.faults.remove(fault)
            return fault
        return self.weather()

    def middleware(self, app: ASGIApp) -> ASGIApp:
        """The app behind this switchboard."""

        async def switched(scope: Scope, receive: Receive, send: Send) -> None:
            await self._call(app, scope, receive, send)

        return switched

    async def _call(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _read(receive)
        fault = self.strike(scope["method"], _searched(scope, body))
        line = _Line(scope, send, self)
        if fault and fault.delay:
            await asyncio.sleep(fault.delay)
        answer = fault.answer() if fault else None
        if fault and fault.drop:
            scope["kind"] = "fault"
            await line.hang_up(receive)
        elif fault and fault.drop_after:
            await app(scope, _replay(body, receive), _swallow)
            await line.hang_up(receive)
        elif answer:
            scope["kind"] = "fault"
            await line.answer(*answer)
        elif fault and fault.truncate:
            await app(scope, _replay(body, receive), line.truncated)
            await line.hang_up(receive)
        else:
            await app(scope, _replay(body, receive), line.send)


class _Line:
    """The way back to the client of one call: adds the CRM's ``Date``, records the call before it is answered."""

    def __init__(self, scope: Scope, send: Send, switchboard: Switchboard) -> None:
        self._scope = scope
        self._send = send
        self._switchboard = switchboard
        self._recorded = False

    def _record(self, status: int) -> None:
        if not self._recorded:
            call = Call(self._scope["method"], self._scope["path"], status, self._scope.get("kind", ""))
            self._switchboard.calls.append(call)
        self._recorded = True

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._record(message["status"])
            date = format_datetime(self._switchboard.now(), usegmt=True).encode()
            headers = [pair for pair in message.get("headers", []) if pair[0] != b"date"]
            message = {**message, "headers": [*headers, (b"date", date)]}
        await self._send(message)

    async def answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        pairs = [(name.lower().encode(), text.encode()) for name, text in headers.items()]
        pairs.append((b"content-length", str(len(body)).encode()))
        await self.send({"type": "http.response.start", "status": status, "headers": pairs})
        await self.send({"type": "http.response.body", "body": body})

    async def truncated(self, message: Message) -> None:
        """Sends the first half of a body and leaves it unfinished."""
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            message = {**message, "body": body[: len(body) // 2], "more_body": True}
        await self.send(message)

    async def hang_up(self, receive: Receive) -> None:
        """Close the connection as if a cable had been pulled; `connector.sandbox.serve` lends us the transport."""
        self._record(0)
        self._scope["state"]["transport"].close()
        while (await receive())["type"] != "http.disconnect":
            pass


async def _read(receive: Receive) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def _searched(scope: Scope, body: bytes) -> str:
    query = unquote_plus(scope["query_string"].decode("latin-1"))
    return f"{scope['path']}{'?' if query else ''}{query}\n{body.decode('utf-8', 'replace')}"


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body that was already read, once, and then whatever the server says next."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return messages.pop() if messages else await receive()

    return replayed


async def _swallow(_: Message) -> None:
    """An answer that nobody will get."""
