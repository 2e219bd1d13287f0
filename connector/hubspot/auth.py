"""The access token: a fixed one, or one that is renewed in good time, by one caller for all threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Protocol

from connector.crm import Settings, Vault
from connector.errors import StopCrm
from connector.hubspot.answers import Token

LEAD = 300.0  # seconds before its end at which a token is renewed: one page may take long


class Auth(Protocol):
    """Where the gateway gets its token from."""

    def token(self) -> str:
        """A token that should be good now. Raises what the sign-in raises."""

    def renew(self, refused: str, /) -> str | None:
        """A token to try instead of one answered with 401, or ``None`` where there can be none."""


class FixedToken:
    """A private app's or service key's token: nothing to renew."""

    def __init__(self, token: str) -> None:
        self._token = token

    def token(self) -> str:
        return self._token

    def renew(self, _refused: str, /) -> str | None:
        return None


class RefreshedToken:
    """An OAuth app's token. Source: developers.hubspot.com, "Manage OAuth tokens".

    ``exchange`` sends one form to the token endpoint. HubSpot does not rotate refresh tokens today; should it
    answer with another one, that goes to the vault and is preferred from then on.
    """

    def __init__(
        self, name: str, settings: Settings, vault: Vault | None, exchange: Callable[[dict[str, str]], Token]
    ) -> None:
        self._name, self._settings, self._vault, self._exchange = name, settings, vault, exchange
        self._lock = threading.Lock()
        self._token = ""
        self._good_until = 0.0
        self._dead: StopCrm | None = None

    def token(self) -> str:
        with self._lock:
            if time.monotonic() >= self._good_until:
                self._refresh()
            return self._token

    def renew(self, refused: str, /) -> str | None:
        with self._lock:
            if self._token == refused:  # otherwise another thread has renewed it already
                self._refresh()
            return self._token

    def _refresh(self) -> None:
        if self._dead:
            raise self._dead
        for known in self._candidates():
            try:
                self._adopt(known, self._exchange(self._form(known)))
                return
            except StopCrm as refused:
                self._dead = refused
        raise self._dead or StopCrm(f"{self._name}: no refresh_token. Fix: set it in config.toml")

    def _candidates(self) -> Iterator[str]:
        """The rotated token first, then the configured one: an admin may have replaced a revoked one there."""
        stored = self._vault.load(self._name) if self._vault else None
        yield from dict.fromkeys(token for token in (stored, self._settings["refresh_token"]) if token)

    def _form(self, refresh_token: str) -> dict[str, str]:
        return {
            "grant_type": "refresh_token",
            "client_id": self._settings["client_id"],
            "client_secret": self._settings["client_secret"],
            "refresh_token": refresh_token,
        }

    def _adopt(self, used: str, token: Token) -> None:
        self._dead = None
        self._token = token.access_token
        self._good_until = time.monotonic() + max(token.expires_in - LEAD, token.expires_in / 2)
        if self._vault and token.refresh_token and token.refresh_token != used:
            self._vault.swap(self._name, self._vault.load(self._name), token.refresh_token)


def settings_faults(name: str, settings: Settings) -> list[str]:
    """What is wrong with the sign-in of a connection, all at once."""
    needs = {"token": ("token",), "refresh_token": ("client_id", "client_secret", "refresh_token")}
    flow = settings.get("flow", "token")
    if flow not in needs:
        return [f"{name}: flow {flow!r} is unknown. Fix: use one of {', '.join(needs)}"]
    return [
        f"{name}: {key} is missing for flow {flow!r}. Fix: set auth.{key} of this connection"
        for key in needs[flow]
        if not settings.get(key)
    ]
