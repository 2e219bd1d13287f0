"""The refresh token that all processes of a connection share, and the session that it opened last.

With refresh token rotation each refresh answers with another token, and using an old one twice revokes them all
(help.salesforce.com, "Refresh Token Rotation"). So only one process refreshes at a time, the new token is stored
before its session is used, and a session that is still good is used again by the next command instead of spending
a token. Everything is one value of the vault, replaced by comparing and swapping.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from time import monotonic, monotonic_ns
from typing import Final

import msgspec

from connector.crm import Vault
from connector.errors import CrmError, TryAgain

LEASE = 60.0
"""Seconds after which another process's sign-in without a result is taken for dead: longer than one can take."""
WAITS: Final = (1.0, 4.0, 10.0, 20.0, 30.0)
"""Seconds between looks at another process's sign-in; together more than the lease."""


class Grant(msgspec.Struct):
    """The token endpoint's answer (help.salesforce.com, "OAuth 2.0 token response"); it names no expiry."""

    access_token: str
    instance_url: str
    refresh_token: str | None = None


class Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the vault holds. ``root`` tells which configured token it all began with: another one starts anew."""

    root: str
    refresh: str
    access: str = ""
    instance: str = ""
    claim: str = ""  # whose sign-in is on its way

    def text(self) -> str:
        return msgspec.json.encode(self).decode()


class Pocket:
    """A vault for a connection that has none: it lasts as long as the program."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    def load(self, name: str) -> str | None:
        return self._kept.get(name)

    def swap(self, name: str, old: str | None, new: str) -> bool:
        if self._kept.get(name) != old:
            return False
        self._kept[name] = new
        return True


class Rotation:
    """Sessions by the refresh token ``configured``, in agreement with every other process."""

    def __init__(self, name: str, configured: str, vault: Vault) -> None:
        self._name = name
        self._vault = vault
        self._start = Kept(root=hashlib.sha256(configured.encode()).hexdigest()[:16], refresh=configured)
        self._seen: tuple[str, float, int] = ("", 0.0, 0)  # a claim, since when, how often looked at

    def session(self, stale: str | None, exchange: Callable[[str], Grant]) -> Grant:
        """A session other than ``stale``: somebody's newer one, or a new one for the refresh token that
        ``exchange`` is called with. Raises what it raises, and TryAgain while another process signs in.
        """
        stored = self._vault.load(self._name)
        kept = self._kept(stored)
        if kept.access and kept.access != stale:
            return Grant(kept.access, kept.instance)
        if kept.claim:
            self._wait_for(kept.claim)
        claimed = Kept(kept.root, kept.refresh, claim=f"{os.getpid()}-{monotonic_ns()}")
        if not self._vault.swap(self._name, stored, claimed.text()):
            raise self._later(WAITS[0])
        try:
            grant = exchange(kept.refresh)
        except CrmError:
            self._vault.swap(self._name, claimed.text(), Kept(kept.root, kept.refresh).text())
            raise
        fresh = Kept(kept.root, grant.refresh_token or kept.refresh, grant.access_token, grant.instance_url)
        if not self._vault.swap(self._name, claimed.text(), fresh.text()):
            raise self._later(WAITS[0])
        return grant

    def _kept(self, stored: str | None) -> Kept:
        """An administrator's new token in config.toml ends the family of the old one."""
        if stored is None:
            return self._start
        try:
            kept = msgspec.json.decode(stored, type=Kept)
        except msgspec.DecodeError:  # a bare token, as earlier versions stored it
            return msgspec.structs.replace(self._start, refresh=stored)
        return kept if kept.root == self._start.root else self._start

    def _wait_for(self, claim: str) -> None:
        """Clocks of two machines differ, so a claim is old when we ourselves have seen it for so long."""
        seen, since, looks = self._seen
        if seen != claim:
            since, looks = monotonic(), 0
        if monotonic() - since >= LEASE:
            return
        self._seen = (claim, since, looks + 1)
        raise self._later(WAITS[min(looks, len(WAITS) - 1)])

    def _later(self, seconds: float) -> TryAgain:
        return TryAgain(f"{self._name}: another process is signing in; its session is used", after=seconds)
