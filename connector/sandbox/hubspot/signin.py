"""Who is calling: the tokens of a portal, and the OAuth endpoint that issues more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from connector.sandbox.hubspot.errors import Refusal
from connector.sandbox.hubspot.portal import Portal
from connector.sandbox.hubspot.tables import Source
from connector.sandbox.hubspot.wire import Answer

APP = Source("INTEGRATION", "4100001")
PERSON = Source("CRM_UI", "userId:9001")
CLIENT = {"client_id": "dealsync", "client_secret": "sandbox-secret"}
REFRESH_TOKEN = "refresh-sandbox"  # noqa: S105 -- a sandbox has no secrets
LIFETIME = timedelta(seconds=1800)
SCOPES = (
    *(
        f"crm.objects.{kind}.{verb}"
        for kind in ("contacts", "companies", "deals", "custom")
        for verb in ("read", "write")
    ),
    *(f"crm.objects.{kind}.read" for kind in ("owners", "line_items")),
    *(
        f"crm.schemas.{kind}.{verb}"
        for kind in ("contacts", "companies", "deals", "custom")
        for verb in ("read", "write")
    ),
    "crm.dealsplits.read_write",
)
"""What the sandbox's app was granted, unless the setting ``missing_scopes`` takes some away."""


@dataclass(frozen=True, slots=True)
class Sender:
    """One signed-in caller. ``oauth``: by an access token that expires, with limits of its own."""

    token: str
    source: Source
    oauth: bool = False


class SignIn:
    """``pat-sandbox`` is the service, ``pat-person`` a person in the CRM's own screens."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._fixed = {"pat-sandbox": APP, "pat-person": PERSON}
        self._issued: dict[str, datetime] = {}
        self._refresh_token = REFRESH_TOKEN
        self._numbers = count(1)

    def sender(self, authorization: str) -> Sender:
        """The caller behind an ``Authorization`` header. Raises Refusal (401)."""
        scheme, _, token = authorization.partition(" ")
        revoked = scheme.lower() != "bearer" or token in self._revoked()
        if token in self._fixed and not revoked:
            return Sender(token, self._fixed[token])
        if token not in self._issued or revoked:
            raise Refusal(
                401,
                "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find "
                "more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
                "INVALID_AUTHENTICATION",
            )
        self._refuse_expired(token)
        return Sender(token, APP, oauth=True)

    def token(self, form: Mapping[str, str]) -> Answer:
        """A fresh access token for the refresh token, which stays, unless ``rotate_refresh_tokens`` is set."""
        if any(form.get(key) != value for key, value in CLIENT.items()):
            return _refused("BAD_CLIENT_ID", "missing or unknown client id or secret", "invalid_client")
        if form.get("grant_type") != "refresh_token":
            return _refused("BAD_GRANT_TYPE", "only grant_type=refresh_token", "unsupported_grant_type")
        if form.get("refresh_token") != self._refresh_token or self._refresh_token in self._revoked():
            return _refused("BAD_REFRESH_TOKEN", "missing or unknown refresh token", "invalid_grant")
        token = f"oauth-{next(self._numbers)}"
        self._issued[token] = self._portal.now() + LIFETIME
        if self._portal.setting("rotate_refresh_tokens", False):
            self._refresh_token = f"{REFRESH_TOKEN}-{token}"
        return Answer(200, self._grant(token))

    def introspect(self, form: Mapping[str, str]) -> Answer:
        """What an OAuth access token may do, to the app that it was issued to."""
        if any(form.get(key) != value for key, value in CLIENT.items()):
            return _refused("BAD_CLIENT_ID", "missing or unknown client id or secret", "invalid_client")
        ends = self._issued.get(form.get("token", ""))
        if ends is None or ends <= self._portal.now():
            return Answer(200, {"active": False})
        return Answer(200, {"active": True, "hub_id": self._portal.id, "scopes": self._scopes()})

    def private_app(self, token: str) -> Answer:
        """What a private app's token may do; it is its own proof."""
        if token not in self._fixed or token in self._revoked():
            raise Refusal(400, "The private app token is not valid", "VALIDATION_ERROR")
        return Answer(200, {"userId": 9001, "hubId": self._portal.id, "appId": 4100001, "scopes": self._scopes()})

    def _revoked(self) -> Sequence[str]:
        return tuple(self._portal.setting("revoked_tokens", ()))

    def _scopes(self) -> list[str]:
        missing = set(self._portal.setting("missing_scopes", ()))
        custom = {kind.name for kind in self._portal.types.values() if kind.custom}
        words = {"custom" if each in custom else each for each in missing}
        return [
            scope
            for scope in ("oauth", *SCOPES)
            if not (words & set(scope.split(".")[2:]) or _schemas(scope, words))
        ]

    def _grant(self, token: str) -> dict[str, Any]:
        return {
            "access_token": token,
            "refresh_token": self._refresh_token,
            "expires_in": int(LIFETIME.total_seconds()),
            "token_type": "bearer",
            "token_use": "access_token",
            "hub_id": self._portal.id,
            "user_id": 9001,
            "scopes": self._scopes(),
        }

    def _refuse_expired(self, token: str) -> None:
        """401 after a token's time; the setting ``expire_tokens`` ends every token issued so far, once."""
        now = self._portal.now()
        if self._portal.switchboard.settings.pop("expire_tokens", False):
            self._issued = {each: min(end, now) for each, end in self._issued.items()}
        if self._issued[token] <= now:
            seconds = int((now - self._issued[token]).total_seconds())
            message = f"The OAuth token used to make this call expired {seconds} second(s) ago."
            raise Refusal(401, message, "EXPIRED_AUTHENTICATION")


def _refused(status: str, message: str, error: str) -> Answer:
    return Answer(400, {"status": status, "message": message, "error": error, "error_description": message})


def _schemas(scope: str, words: set[str]) -> bool:
    return "schemas" in words and scope.startswith("crm.schemas.custom.")
