"""Asks a portal everything that its checks and its layout are judged by; what it refuses is a fact, too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from connector.errors import CrmError, PauseMapping
from connector.finding import Use
from connector.hubspot import layout
from connector.hubspot.checks import Facts, Seen
from connector.hubspot.describe import Portal
from connector.hubspot.gateway import Gateway
from connector.hubspot.pipelines import DEAL_PIPELINES
from connector.hubspot.splits import SPLITS, Splits

T = TypeVar("T")
ANY_DEAL = "1"


class Survey:
    """Reads only: three calls, and about half a dozen for each object."""

    def __init__(self, gateway: Gateway, portal: Portal, splits: Splits) -> None:
        self._gateway, self._portal, self._splits = gateway, portal, splits

    def facts(self, uses: Sequence[Use], now: datetime) -> Facts:
        """Everything for `checks.evaluate`; ``now`` is our own clock. Raises nothing that HubSpot says."""
        account, unreachable = _tried(self._gateway.account)
        if account is None:
            return Facts(self._gateway.name, self._gateway.version, now, unreachable=unreachable)
        theirs, _ = _tried(lambda: self._gateway.server_time)
        scopes, unsaid = _tried(self._gateway.granted)
        seen = {use.kind: self._seen(use.kind) for use in uses}
        return Facts(
            self._gateway.name,
            self._gateway.version,
            now,
            theirs=theirs,
            edition=account.account_type,
            scopes=scopes,
            unsaid=unsaid,
            seen=seen,
            daily=self._gateway.daily,
        )

    def refuses(self, kind: str) -> str | None:
        """Why this portal cannot hold splits or notes of ours, for a person; ``None`` where it can."""
        if kind == SPLITS:
            return _refused(lambda: self._splits.read([ANY_DEAL], ()))[1] or None
        self._portal.forget(kind)
        fields, refusal = _refused(lambda: self._portal.fields(kind))
        if fields is None or any(field.unique and not field.name.startswith("hs_") for field in fields):
            return refusal or None
        place = f"{self._gateway.name}, {kind}"
        return f"{place}: no property is unique, so that nothing can be written twice alike. Fix: dealsync init"

    def layout(self) -> layout.Facts:
        """Everything for `layout.choose`. Raises TryAgain, PauseUntil, StopCrm."""
        self._portal.forget("")
        custom, refusal = _refused(self._portal.custom)
        scopes, _ = _tried(self._gateway.granted)
        pipelines, _ = _refused(lambda: self._gateway.send(DEAL_PIPELINES, layout.DEALS).results)
        return layout.Facts(frozenset(custom or ()), refusal, scopes, frozenset(p.label for p in pipelines or ()))

    def _seen(self, kind: str) -> Seen:
        if kind == SPLITS:
            _, refusal = _tried(lambda: self._splits.read([ANY_DEAL], ()))
            return Seen(refusal=refusal)
        self._portal.forget(kind)
        fields, refusal = _tried(lambda: self._portal.fields(kind))
        return Seen(fields or (), refusal)


def _tried(ask: Callable[[], T]) -> tuple[T | None, str]:
    """The answer, or in words why there is none."""
    try:
        return ask(), ""
    except CrmError as error:
        return None, error.message


def _refused(ask: Callable[[], T]) -> tuple[T | None, str]:
    """The answer, or why this portal will never give it."""
    try:
        return ask(), ""
    except PauseMapping as error:
        return None, error.message
