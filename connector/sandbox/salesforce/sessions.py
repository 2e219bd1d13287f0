"""Signing in: the OAuth token endpoint, and the sessions it opens."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from connector.sandbox.salesforce.errors import Refusal

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
REFRESH_TOKEN = "refresh-sandbox"  # noqa: S105 - the documented token of a stand-in
_AUDIENCES = ("https://login.salesforce.com", "https://test.salesforce.com")
_LIFETIME = 7200


class LoginRefused(Exception):
    """A refused token request: OAuth's ``error`` and ``error_description``."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


@dataclass(frozen=True, slots=True)
class Client:
    """A connected app with its secret, and the user in whose name client credentials run."""

    secret: str
    user_id: str


@dataclass
class Sessions:
    """Open sessions by access token. ``users`` are the ids of users by user name, for the JWT flow."""

    now: Callable[[], datetime]
    settings: dict[str, Any]
    clients: Mapping[str, Client]
    users: Mapping[str, str]
    org_id: str
    _open: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    _refresh: dict[str, str] = field(default_factory=dict)  # refresh token -> user id, "" once used up
    _serial: Any = field(default_factory=lambda: count(1))

    def user(self, authorization: str, host: str) -> str:
        """The user id behind an Authorization header; 401 INVALID_SESSION_ID for a session not open here."""
        if self.settings.get("expire_sessions"):
            self.settings["expire_sessions"] = False
            self._open.clear()
        scheme, _, token = authorization.partition(" ")
        user_id, until = self._open.get(token.strip(), ("", self.now()))
        here = self.settings.get("instance_url") in (None, host)
        known = scheme.lower() in ("bearer", "oauth") and until > self.now() and here
        if not known or self.settings.get("refuse_sessions"):
            raise Refusal("INVALID_SESSION_ID", "Session expired or invalid", status=401)
        return user_id

    def sign_in(self, form: Mapping[str, str], authorization: str) -> tuple[str, dict[str, str]]:
        """User id and tokens for a token request. Raises LoginRefused."""
        more: dict[str, str] = {}
        if error := self.settings.get("dead_credentials"):
            raise LoginRefused(str(error), "refused by an administrator")
        match form.get("grant_type"):
            case "client_credentials":
                user_id = self._client(form, authorization).user_id
            case "refresh_token":
                self._client(form, authorization, secret_needed=False)
                user_id, more = self._refreshed(form.get("refresh_token", ""))
            case grant if grant == JWT_BEARER:
                user_id = self._asserted(form.get("assertion", ""))
            case _:
                raise LoginRefused("unsupported_grant_type", "grant type not supported")
        token = f"{self.org_id[:15]}!sandbox.{next(self._serial)}"
        lifetime = float(self.settings.get("session_seconds", _LIFETIME))
        self._open[token] = (user_id, self.now() + timedelta(seconds=lifetime))
        return user_id, {"access_token": token, **more}

    def introspected(self, form: Mapping[str, str], authorization: str) -> dict[str, Any]:
        """What is known of a token (help.salesforce.com, "Token Introspection"). Raises LoginRefused."""
        self._client(form, authorization)
        user_id, until = self._open.get(form.get("token", ""), ("", self.now()))
        if until <= self.now():
            return {"active": False}
        kind = {"token_type": "access_token", "scope": "api"}
        return {"active": True, **kind, "sub": user_id, "exp": int(until.timestamp())}

    def _client(self, form: Mapping[str, str], authorization: str, *, secret_needed: bool = True) -> Client:
        name, secret = form.get("client_id", ""), form.get("client_secret", "")
        if authorization.lower().startswith("basic "):
            name, secret = _basic(authorization[6:])
        client = self.clients.get(name)
        if client is None:
            raise LoginRefused("invalid_client_id", "client identifier invalid")
        if client.secret != secret and (secret_needed or secret):
            raise LoginRefused("invalid_client", "invalid client credentials")
        return client

    def _refreshed(self, token: str) -> tuple[str, dict[str, str]]:
        """With ``rotate_refresh_tokens`` a token serves once, and using it again revokes the whole family."""
        self._refresh.setdefault(REFRESH_TOKEN, self.clients["dealsync"].user_id)
        user_id = self._refresh.get(token, "")
        if not user_id:
            if token in self._refresh:
                self._refresh = dict.fromkeys(self._refresh, "")
            raise LoginRefused("invalid_grant", "expired access/refresh token")
        if not self.settings.get("rotate_refresh_tokens"):
            return user_id, {}
        fresh = f"{REFRESH_TOKEN}-{next(self._serial)}"
        self._refresh |= {token: "", fresh: user_id}
        return user_id, {"refresh_token": fresh}

    def _asserted(self, assertion: str) -> str:
        """The user of a JWT. Its signature is not checked: the stand-in knows nobody's certificate."""
        claims = _claims(assertion)
        if claims.get("aud") not in _AUDIENCES:
            raise LoginRefused("invalid_grant", "audience is invalid")
        if claims["exp"] < self.now().timestamp():
            raise LoginRefused("invalid_grant", "expired authorization code")
        user_id = self.users.get(str(claims.get("sub", "")).lower())
        if user_id is None or claims.get("iss") not in self.clients:
            raise LoginRefused("invalid_grant", "user hasn't approved this consumer")
        return user_id


def _basic(encoded: str) -> tuple[str, str]:
    try:
        name, _, secret = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise LoginRefused("invalid_client", "invalid client credentials") from error
    return name, secret


def _claims(assertion: str) -> dict[str, Any]:
    try:
        claims = json.loads(base64.urlsafe_b64decode(assertion.split(".")[1] + "=="))
        return {**claims, "exp": float(claims["exp"])}
    except (LookupError, ValueError, TypeError) as error:
        raise LoginRefused("invalid_grant", "invalid assertion") from error
