"""One call to Salesforce: counted, signed, timed, and turned into an answer or a CrmError."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import quote_plus

import msgspec
import requests
from requests.exceptions import ConnectTimeout, SSLError
from requests.structures import CaseInsensitiveDict
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError, SalesforceExpiredSession
from urllib3.exceptions import MaxRetryError, NewConnectionError

from connector.crm import Ledger, Settings, Vault
from connector.errors import CrmError, InDoubt, StopCrm, TryAgain
from connector.salesforce.auth import Broker
from connector.salesforce.errors import WAIT, Place, call_fault
from connector.salesforce.session import Bearer, Token, pooled

API_VERSION = "62.0"
MAY_HAVE_HAPPENED = (500, 502, 504)
OK, NOT_MODIFIED = 200, 304
EXPIRED = "Bad_OAuth_Token"
"""What the UserInfo endpoint answers, with 403, where the others say 401."""
NEVER = datetime.min.replace(tzinfo=UTC)
USAGE = re.compile(r"(?<![-\w])api-usage=(\d+)/(\d+)")
"""Calls of the whole org in 24 hours, and how many it may make (REST API Developer Guide, "API Usage header")."""
T = TypeVar("T")
Call = Callable[[Bearer], requests.Response]


class NotModified(Exception):
    """What was asked for with If-Modified-Since has not changed since."""


class Part(msgspec.Struct):
    """What became of one request inside a composite call (REST API Developer Guide, "Composite")."""

    httpStatusCode: int  # noqa: N815 the vendor's word
    body: msgspec.Raw = msgspec.Raw(b"null")
    httpHeaders: dict[str, str] = {}  # noqa: N815 the vendor's word


class Parts(msgspec.Struct):
    """The answers of a composite call, in the order in which they were asked for."""

    compositeResponse: list[Part]  # noqa: N815 the vendor's word


PARTS = msgspec.json.Decoder(Parts)


class Client(Salesforce):
    """simple_salesforce for requests, paths and errors; the bytes of an answer are left to us.

    Its own decoding makes floats of money, and its own replay after a 401 loses headers, so both stay unused.
    """

    def __init__(self, version: str, session: requests.Session) -> None:
        # Bearer puts the real token and address into every request
        super().__init__(session_id="unused", instance_url="https://unused", version=version, session=session)

    def parse_result_to_json(self, result: requests.Response) -> requests.Response:
        return result

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        return self._call_salesforce(method, self.base_url + path, **options)


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer to a call that reads or writes, not yet decoded; ``usage`` is its Sforce-Limit-Info."""

    place: Place
    body: bytes
    usage: str
    writes: bool
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def moment(self) -> datetime:
        """The server's clock when it answered. Raises StopCrm where something strips the Date header."""
        if self.place.moment == NEVER:
            raise StopCrm(f"{self.place}: answers without a Date header; let the proxy in between pass it through")
        return self.place.moment

    def read(self, decoder: msgspec.json.Decoder[T]) -> T:
        """The decoded body. Raises TryAgain (InDoubt for a write) for a page that is no answer of this API."""
        try:
            return decoder.decode(self.body)
        except msgspec.DecodeError as error:
            raise _unsure(self.place, f"an answer that cannot be read ({error})", self.writes) from error


@dataclass(frozen=True, slots=True)
class Ask:
    """One reading request that may travel with others. ``path`` is below ``/services/data/vXX.X/``."""

    kind: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)


def query_path(soql: str, *, deleted: bool) -> str:
    """``deleted`` includes what is in the recycle bin (queryAll)."""
    return f"{'queryAll' if deleted else 'query'}/?q={quote_plus(soql)}"


class Wire:
    """Everything that goes to one org. Never waits and never repeats, but for one renewal of an expired session."""

    def __init__(self, name: str, settings: Settings, *, ledger: Ledger, vault: Vault | None = None) -> None:
        self._name = name
        self._ledger = ledger
        self._moment = NEVER
        self._ready: dict[str, tuple[int, Answer]] = {}
        session = pooled()
        self._broker = Broker(name, settings, vault, session)
        self._client = Client(settings.get("api_version", API_VERSION), session)
        self.version = f"v{self._client.sf_version}"

    def get(self, path: str, *, kind: str = "", headers: Mapping[str, str] | None = None) -> Answer:
        """One reading call below ``/services/data/vXX.X/``. Raises NotModified for a condition that is not met."""
        status, ready = self._ready.pop(path, (0, None))
        if status == NOT_MODIFIED:
            raise NotModified
        if ready:
            return ready
        return self._answer(kind, lambda bearer: self._client.send("GET", path, auth=bearer, headers=headers or {}))

    def together(self, asks: Sequence[Ask]) -> None:
        """Ask for all of these in one composite call; ``get`` and ``query`` then have their answers, each once.

        Those that failed are forgotten: who needs them asks again and is told why.
        """
        for ask, status, answer in self.composite(asks):
            if status in (OK, NOT_MODIFIED):
                self._ready[ask.path] = (status, answer)

    def composite(self, asks: Sequence[Ask]) -> Iterator[tuple[Ask, int, Answer]]:
        """The status and the answer of each of up to 25 reading requests, five of them queries, by one call."""
        root = f"/services/data/{self.version}/"
        wanted = [
            {"method": "GET", "url": root + ask.path, "referenceId": f"r{number}", "httpHeaders": ask.headers}
            for number, ask in enumerate(asks)
        ]
        answer = self.ask("POST", "composite", {"allOrNone": False, "compositeRequest": wanted})
        for ask, part in zip(asks, answer.read(PARTS).compositeResponse, strict=False):
            headers = CaseInsensitiveDict(part.httpHeaders)
            found = Answer(self.place(ask.kind), bytes(part.body), answer.usage, writes=False, headers=headers)
            yield ask, part.httpStatusCode, found

    def has(self, path: str) -> bool:
        """Whether the answer to this is there already."""
        return path in self._ready

    def forget_ready(self) -> None:
        """Nothing that was asked for together is used any more."""
        self._ready.clear()

    def ask(self, method: str, path: str, body: object = None, *, kind: str = "") -> Answer:
        """One call that changes no record, whatever its method: it may be repeated."""
        content = msgspec.json.encode(body) if body is not None else b""
        return self._answer(kind, lambda bearer: self._client.send(method, path, data=content, auth=bearer))

    def stream(self, path: str, *, kind: str) -> requests.Response:
        """One reading call whose CSV is read as it comes. The caller closes it."""

        def call(bearer: Bearer) -> requests.Response:
            return self._client.send("GET", path, auth=bearer, stream=True, headers={"Accept": "text/csv"})

        return self._respond(kind, call)

    def user(self) -> Answer:
        """Who we are (help.salesforce.com, "UserInfo endpoint")."""

        def call(bearer: Bearer) -> requests.Response:
            return self._client._call_salesforce("GET", self._client.oauth2_url + "userinfo", auth=bearer)

        return self._answer("", call)

    def query(self, soql: str, *, kind: str, deleted: bool = False) -> Answer:
        """The first page of a query; ``deleted`` includes what is in the recycle bin (queryAll)."""
        return self.get(query_path(soql, deleted=deleted), kind=kind)

    def more(self, url: str, *, kind: str) -> Answer:
        """The next page of a query, by its nextRecordsUrl."""

        def call(bearer: Bearer) -> requests.Response:
            return _response(self._client.query_more(url, identifier_is_url=True, auth=bearer))

        return self._answer(kind, call)

    def write(
        self, method: str, path: str, body: bytes = b"", *, kind: str, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One writing call. Raises InDoubt when it may have happened."""

        def call(bearer: Bearer) -> requests.Response:
            return self._client.send(method, path, data=body, auth=bearer, headers=headers or {})

        return self._answer(kind, call, writes=True)

    def _answer(self, kind: str, call: Call, *, writes: bool = False) -> Answer:
        response = self._respond(kind, call, writes=writes)
        usage = response.headers.get("Sforce-Limit-Info", "")
        return Answer(self.place(kind), response.content, usage, writes, response.headers)

    def _respond(self, kind: str, call: Call, *, writes: bool = False) -> requests.Response:
        token = self._broker.token()
        try:
            response = self._once(kind, token, call, writes)
        except SalesforceExpiredSession:
            token = self._broker.renewed(token)
            try:
                response = self._once(kind, token, call, writes)
            except SalesforceExpiredSession as error:
                refusal = call_fault(self.place(""), error.status, error.content)
                raise self._broker.refused(refusal) from error
        self._moment = _date(response) or self._moment
        if usage := USAGE.search(response.headers.get("Sforce-Limit-Info", "")):
            self._ledger.learn(self._name, "api", used=int(usage[1]), allowed=int(usage[2]))
        return response

    def _once(self, kind: str, token: Token, call: Call, writes: bool) -> requests.Response:
        wait = self._ledger.take(self._name, "api")
        if wait > 0:
            raise TryAgain(f"{self._name}: our own call budget asks to wait {wait:.0f} s", after=wait)
        try:
            return call(Bearer(token))
        except SalesforceExpiredSession:
            raise
        except SalesforceError as error:
            if error.status == NOT_MODIFIED:
                raise NotModified from error
            if str(error.content) == EXPIRED:
                raise SalesforceExpiredSession(error.url, 401, "", error.content) from error
            if writes and error.status in MAY_HAVE_HAPPENED:
                raise _unsure(self.place(kind), f"status {error.status}", writes) from error
            raise call_fault(self.place(kind), error.status, error.content) from error
        except requests.RequestException as error:
            raise self._broken(kind, error, writes) from error

    def _broken(self, kind: str, error: requests.RequestException, writes: bool) -> CrmError:
        """No whole answer came: what was surely not sent may be sent again, a write that was sent is in doubt."""
        place = self.place(kind)
        if isinstance(error, SSLError):
            return StopCrm(f"{place}: no trusted connection ({error}); check the url and the certificates")
        cause = error.args[0] if error.args else None
        unsent = isinstance(error, ConnectTimeout) or (
            isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)
        )
        return _unsure(place, f"no answer ({type(error).__name__})", writes and not unsent)

    def place(self, kind: str) -> Place:
        """Where a failure happens that we find ourselves."""
        return Place(self._name, kind, self._moment)


def _unsure(place: Place, what: str, writes: bool) -> CrmError:
    if writes:
        return InDoubt(f"{place}: {what}; what may have been written is read back")
    return TryAgain(f"{place}: {what}; {WAIT}")


def _response(answer: Any) -> requests.Response:
    """What `Client.parse_result_to_json` handed through; simple_salesforce types it as Any."""
    if not isinstance(answer, requests.Response):
        raise TypeError(f"not a response: {type(answer).__name__}")
    return answer


def _date(response: requests.Response) -> datetime | None:
    try:
        return parsedate_to_datetime(response.headers.get("Date", "")).astimezone(UTC)
    except ValueError:
        return None
