"""One pooled session of requests: time-outs on every call, and the address that each call really goes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

CONNECT, READ = 10.0, 120.0
"""Seconds. Salesforce ends a query after 120 s by itself (QUERY_TIMEOUT)."""


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, and the address of the org that it opens."""

    value: str
    instance: str


class TimedAdapter(HTTPAdapter):
    """Neither requests nor simple_salesforce has a time-out of its own; never repeats a call."""

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        options["timeout"] = options.get("timeout") or (CONNECT, READ)
        return super().send(request, *args, **options)


def pooled() -> requests.Session:
    """A session whose calls all time out and name us (REST API Developer Guide, "Call Options header")."""
    session = requests.Session()
    session.mount("https://", TimedAdapter(pool_maxsize=16))
    session.mount("http://", TimedAdapter(pool_maxsize=16))
    session.headers["Sforce-Call-Options"] = "client=dealsync"
    return session


class At(AuthBase):
    """Sends a request to this address, whatever host it was made for: simple_salesforce insists on ``https://``."""

    def __init__(self, address: str) -> None:
        self._to = urlsplit(address)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        made_for = urlsplit(str(request.url))
        request.url = urlunsplit(made_for._replace(scheme=self._to.scheme, netloc=self._to.netloc))
        return request


class Bearer(At):
    """Sends a request to the token's org, with the token."""

    def __init__(self, token: Token) -> None:
        super().__init__(token.instance)
        self._value = token.value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._value}"
        return super().__call__(request)
