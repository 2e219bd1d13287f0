"""The access token: a fixed one, or one that is renewed in good time, once for all threads and processes."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Protocol

import msgspec

from connector.crm import Settings, Vault
from connector.errors import CrmError, StopCrm, TryAgain
from connector.hubspot.answers import Token

LEAD = 300.0  # seconds before its end at which a token is renewed: one page may take long
PATIENCE = 15.0  # seconds after which a renewal that another process began counts as given up

Clock = Callable[[], float | None]
"""HubSpot's own time in seconds since 1970, or ``None`` before its first answer."""


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


class Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the vault holds of one connection; ``claim``: somebody is renewing.

    The access token is renewed from ``aging`` on, and dead from ``until`` on, by HubSpot's time.
    """

    access: str = ""
    aging: float = 0.0
    until: float = 0.0
    refresh: str = ""
    claim: str = ""


class RefreshedToken:
    """An OAuth app's token. Source: developers.hubspot.com, "Manage OAuth tokens".

    ``exchange`` sends one form to the token endpoint. HubSpot does not rotate refresh tokens today; should it
    answer with another one, that goes to the vault and is preferred from then on.

    Processes share the token through the vault: whoever swaps a claim into it renews, the others find the new
    token there, or raise TryAgain while they wait. A claim that stands for ``PATIENCE`` seconds is taken over.
    Without a vault every process renews for itself.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        vault: Vault | None,
        exchange: Callable[[dict[str, str]], Token],
        now: Clock,
    ) -> None:
        self._name, self._settings, self._vault = name, settings, vault
        self._exchange, self._now = exchange, now
        self._lock = threading.Lock()
        self._token = Kept()
        self._dead: StopCrm | None = None
        self._seen = ("", 0.0, 0)  # another's claim, since when we see it, how often

    def token(self) -> str:
        with self._lock:
            if not self._before(self._token.aging):
                self._refresh_early()
            return self._token.access

    def renew(self, refused: str, /) -> str | None:
        with self._lock:
            if self._token.access == refused:  # otherwise another thread has renewed it already
                self._refresh(refused)
            return self._token.access

    def _before(self, end: float) -> bool:
        """A token of unknown age is tried: HubSpot answers 401, and says what time it is."""
        now = self._now()
        return bool(end) and (now is None or now < end)

    def _refresh_early(self) -> None:
        try:
            self._refresh(self._token.access)
        except TryAgain:
            if not self._before(self._token.until):
                raise

    def _refresh(self, refused: str) -> None:
        if self._dead:
            raise self._dead
        text = self._vault.load(self._name) if self._vault else None
        kept = _kept(text)
        if kept.access != refused and self._before(kept.aging):
            self._token = kept  # another process has renewed it
            return
        if kept.claim:
            self._wait_for(kept.claim)
        kept = msgspec.structs.replace(kept, claim=f"{os.getpid()}.{time.monotonic_ns()}")
        self._swap(text, kept)
        try:
            renewed = self._renewed(kept)
        except CrmError:
            self._settle(kept, msgspec.structs.replace(kept, claim=""))
            raise
        self._settle(kept, renewed)
        self._token = renewed

    def _swap(self, text: str | None, claimed: Kept) -> None:
        if self._vault and not self._vault.swap(self._name, text, _text(claimed)):
            raise TryAgain(f"{self._name}: another process signs in at this moment", after=1)

    def _settle(self, claimed: Kept, kept: Kept) -> None:
        """A new refresh token is stored before the access token is used, also over the claim of who took over."""
        if self._vault is None or self._vault.swap(self._name, _text(claimed), _text(kept)):
            return
        there = self._vault.load(self._name)
        if kept.access != claimed.access and _kept(there).claim:
            self._vault.swap(self._name, there, _text(kept))

    def _wait_for(self, claim: str) -> None:
        """Raises TryAgain, with longer and longer waits, until the claim has stood for too long."""
        seen, since, times = self._seen
        if seen != claim:
            since, times = time.monotonic(), 0
        self._seen = (claim, since, times + 1)
        if time.monotonic() - since < PATIENCE:
            raise TryAgain(f"{self._name}: another process signs in at this moment", after=float(2**times))

    def _renewed(self, kept: Kept) -> Kept:
        for known in self._candidates(kept):
            try:
                token = self._exchange(self._form(known))
            except StopCrm as refused:
                self._dead = refused
                continue
            self._dead = None
            rotated = token.refresh_token if token.refresh_token != known else ""
            now, young = self._now() or 0.0, max(token.expires_in - LEAD, token.expires_in / 2)
            stored = known if known != self._settings["refresh_token"] else ""
            return Kept(token.access_token, now + young, now + token.expires_in, rotated or stored)
        raise self._dead or StopCrm(f"{self._name}: no refresh_token. Fix: set it in config.toml")

    def _candidates(self, kept: Kept) -> Iterator[str]:
        """The rotated token first, then the configured one: an admin may have replaced a revoked one there."""
        yield from dict.fromkeys(token for token in (kept.refresh, self._settings["refresh_token"]) if token)

    def _form(self, refresh_token: str) -> dict[str, str]:
        return {
            "grant_type": "refresh_token",
            "client_id": self._settings["client_id"],
            "client_secret": self._settings["client_secret"],
            "refresh_token": refresh_token,
        }


def _kept(text: str | None) -> Kept:
    """What the vault holds; earlier versions kept the bare refresh token."""
    if not text or not text.startswith("{"):
        return Kept(refresh=text or "")
    try:
        return msgspec.json.decode(text, type=Kept)
    except msgspec.MsgspecError:
        return Kept()


def _text(kept: Kept) -> str:
    return msgspec.json.encode(kept).decode()


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
