"""The one way out to HubSpot: signs, counts, sends, and turns every answer into a typed one or a CrmError."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import requests
from hubspot.hubspot import HubSpot
from hubspot.utils.requests.http_request_builder import Request
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from connector.address import is_safe
from connector.crm import Ledger, Settings, Vault
from connector.errors import CrmError, InDoubt, PauseMapping, StopCrm, TryAgain
from connector.hubspot import routes
from connector.hubspot.answers import Account, Answer, Granted, Problem, Token, read
from connector.hubspot.auth import Auth, FixedToken, RefreshedToken
from connector.hubspot.errors import Refusal, fault
from connector.hubspot.pace import Pace
from connector.hubspot.routes import Route

DEFAULT_URL = "https://api.hubapi.com"
DEFAULT_VERSION = "2026-09"
TIMEOUTS = (10.0, 60.0)  # seconds to connect, seconds between two bytes of an answer
POOL = 16

PRIVATE_APP = Route(
    Granted,
    "POST",
    "/oauth/v2/private-apps/get/access-token-info",
    "/oauth/v2/private-apps/get/access-token-info",
)
INTROSPECT = Route(Granted, "POST", "/oauth/{v}/token/introspect", "/oauth/v3/token/introspect")

A = TypeVar("A")
Query = Mapping[str, str]
Body = Mapping[str, Any] | bytes
"""What is sent as JSON; bytes are JSON already, with numbers that a float would spoil."""


class Client(HubSpot):
    """The vendor's client, whose own `api_request` sends without time-outs and without a connection pool."""

    def __init__(self, url: str) -> None:
        super().__init__(base_url=url, user_agent="dealsync")
        self.session = requests.Session()
        self.session.mount("https://", HTTPAdapter(pool_maxsize=POOL))
        self.session.mount("http://", HTTPAdapter(pool_maxsize=POOL))
        self.session.auth = lambda request: request  # or a .netrc entry would replace our Authorization
        self.session.trust_env = url.startswith("https:")  # no proxy to this machine itself

    def api_request(self, options: dict[str, Any]) -> requests.Response:
        """Send what the vendor's `Request` builds. Raises requests' exceptions."""
        request = Request({**self.config, "access_token": options.get("token")}, options)
        return self.session.request(
            request.get_method(),
            request.get_url(),
            timeout=TIMEOUTS,
            allow_redirects=False,
            **request.get_options_for_sending(),
        )


class Gateway:
    """Calls to one portal. Safe for many threads.

    ``types`` translates our objects' names to the portal's own type ids (``partner_attribution``: ``2-123``).
    """

    def __init__(self, name: str, settings: Settings, ledger: Ledger, vault: Vault | None) -> None:
        self.name = name
        self.version = settings.get("api_version") or DEFAULT_VERSION
        self.types: dict[str, str] = {}
        self.daily: tuple[int | None, int | None] = (None, None)  # limit, remaining
        self._ledger, self._settings = ledger, settings
        self._client = Client((settings.get("url") or DEFAULT_URL).rstrip("/"))
        self._auth: Auth = (
            RefreshedToken(name, settings, vault, self._exchange, self._now)
            if settings.get("flow") == "refresh_token"
            else FixedToken(settings["token"])
        )
        self._pace = Pace()
        self._thread = threading.local()
        self._zone: ZoneInfo | None = None
        self._ahead: float | None = None  # HubSpot's clock less our monotonic one

    @property
    def server_time(self) -> datetime:
        """The ``Date`` of this thread's last answer, to the second. Raises TryAgain where it had none."""
        moment: datetime | None = getattr(self._thread, "server_time", None)
        if moment is None:
            raise TryAgain(f"{self.name}: HubSpot's answer carries no Date. Fix: let the proxy pass it")
        return moment

    @property
    def clock(self) -> datetime | None:
        """What HubSpot's clock says now, as far as any answer told; no call."""
        seconds = self._now()
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)

    def account(self) -> Account:
        """The portal's own settings; its time zone decides when a daily limit ends."""
        account = self.send(routes.ACCOUNT)
        with suppress(ZoneInfoNotFoundError, ValueError):
            self._zone = ZoneInfo(account.time_zone)
        return account

    def zone(self) -> ZoneInfo | None:
        """The account's time zone, asked once; ``None`` where it cannot be told."""
        if self._zone is None:
            with suppress(CrmError):
                self.account()
        return self._zone

    def send(self, route: Route[A], *where: str, query: Query | None = None, body: Body | None = None) -> A:
        """One call, counted and signed; a 401 is replayed once with a renewed token."""
        options = {
            "method": route.method,
            "path": route.path(self.version, [self.types.get(part, part) for part in where]),
            "qs": dict(query or {}),
            **({} if body is None else {"body": body if isinstance(body, bytes) else dict(body)}),
        }
        token = self._auth.token()
        response = self._counted(route, {**options, "token": token})
        if response.status_code == 401 and (renewed := self._auth.renew(token)):
            response = self._counted(route, {**options, "token": renewed})
        return self._answer(route, response, where[0] if where else "")

    def granted(self) -> frozenset[str]:
        """The scopes of our token, as HubSpot knows them. Raises CrmError where it does not say."""
        token = self._auth.token()
        if isinstance(self._auth, FixedToken):
            return frozenset(self.send(PRIVATE_APP, body={"tokenKey": token}).scopes)
        who = {name: self._settings[name] for name in ("client_id", "client_secret")}
        return frozenset(self._form(INTROSPECT, {**who, "token": token}).scopes)

    def close(self) -> None:
        """Close the pooled connections."""
        self._client.session.close()

    def _now(self) -> float | None:
        return None if self._ahead is None else self._ahead + time.monotonic()

    def _exchange(self, form: dict[str, str]) -> Token:
        return self._form(routes.TOKEN, form)

    def _form(self, route: Route[A], form: Mapping[str, str]) -> A:
        options = {
            "method": route.method,
            "path": route.path(self.version, ()),
            "headers": {"Content-Type": "application/x-www-form-urlencoded"},
            "body": urlencode(form),
        }
        try:
            return self._answer(route, self._counted(route, options), "")
        except PauseMapping as refused:  # a refusal without a word of ours: no mapping is to blame for a sign-in
            raise StopCrm(refused.message, code=refused.code) from refused

    def _counted(self, route: Route[Any], options: dict[str, Any]) -> requests.Response:
        wait = self._pace.take(time.monotonic()) if route.limit == "general" else 0.0
        wait = wait or self._ledger.take(self.name, route.limit)
        if wait > 0:
            raise TryAgain(f"{self.name}: HubSpot's {route.limit} limit is reached", after=wait)
        place = f"{self.name}: {options['method']} {options['path']}"
        try:
            response = self._client.api_request(options)
        except requests.RequestException as error:
            raise _lost(route, place, error) from error
        self._note(response.headers)
        return response

    def _note(self, headers: Mapping[str, str]) -> None:
        self._pace.learn(headers, time.monotonic())
        moment = self._thread.server_time = _date(headers.get("Date", ""))
        self._ahead = moment.timestamp() - time.monotonic() if moment else self._ahead
        limit, left = (headers.get(f"X-HubSpot-RateLimit-Daily{suffix}", "") for suffix in ("", "-Remaining"))
        if limit.isdecimal() and left.isdecimal():
            self.daily = int(limit), int(left)
            self._ledger.learn(self.name, "general", used=int(limit) - int(left), allowed=int(limit))

    def _answer(self, route: Route[A], response: requests.Response, kind: str) -> A:
        place = f"{self.name}: {route.method} {urlsplit(response.url).path}"
        if not 200 <= response.status_code < 300:
            raise self._refused(route, place, response, kind)
        if not response.content and route.answer is Answer:
            return msgspec.convert({}, route.answer)
        try:
            return read(response.content, route.answer)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise _unread(route, f"{place}: HubSpot's answer cannot be read ({error})") from error

    def _refused(self, route: Route[Any], place: str, response: requests.Response, kind: str) -> CrmError:
        said = _said(response.content)
        refusal = Refusal(
            place=place,
            kind=kind,
            status=response.status_code,
            said=said,
            headers=response.headers,
            now=self._thread.server_time,
            reading=not route.writes,
        )
        if said.get("policyName") == "DAILY" and route is not routes.ACCOUNT:
            refusal = replace(refusal, zone=self.zone())
        return fault(refusal)


def settings_faults(name: str, settings: Settings) -> list[str]:
    """What is wrong with the address and the version of a connection."""
    url, version = settings.get("url") or DEFAULT_URL, settings.get("api_version") or DEFAULT_VERSION
    found = []
    if not is_safe(url):
        found.append(f"{name}: url {url!r} is not https. Fix: use {DEFAULT_URL}")
    if not routes.known(version):
        found.append(f"{name}: api_version {version!r} is unknown. Fix: use {DEFAULT_VERSION}")
    return found


def _date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except ValueError:
        return None


def _said(content: bytes) -> Problem:
    try:
        said = msgspec.json.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}  # an HTML page of a proxy: the status says it all
    return said if isinstance(said, dict) else {}


def _lost(route: Route[Any], place: str, error: requests.RequestException) -> CrmError:
    """No answer at all. A write that may have been sent is in doubt; one that never left is not."""
    if isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return StopCrm(f"{place}: the server's certificate is not trusted. Fix: correct url or the CA bundle")
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.MissingSchema):
        return StopCrm(f"{place}: not an address. Fix: correct url of this connection")
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    if isinstance(reason, NewConnectionError | ConnectTimeoutError):
        return TryAgain(f"{place}: HubSpot cannot be reached ({type(reason).__name__})")
    return _unread(route, f"{place}: the connection broke before the answer ({type(error).__name__})")


def _unread(route: Route[Any], message: str) -> CrmError:
    if route.writes:
        return InDoubt(message)
    return TryAgain(message)
