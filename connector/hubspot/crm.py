"""One HubSpot portal as a `connector.crm.Crm`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from connector.crm import Ledger, Settings, Vault
from connector.errors import PauseMapping, StopCrm
from connector.finding import Finding, Use
from connector.hubspot import auth, gateway, lists
from connector.hubspot.checks import evaluate
from connector.hubspot.describe import Portal
from connector.hubspot.gateway import Gateway
from connector.hubspot.layout import Layout, Wish, choose
from connector.hubspot.links import LINK_BATCH, Links
from connector.hubspot.merging import WRITE_BATCH
from connector.hubspot.pages import READ_BATCH
from connector.hubspot.pipelines import narrowed
from connector.hubspot.provision import Provisioner
from connector.hubspot.read import Reader
from connector.hubspot.select import Selector
from connector.hubspot.splits import FIELDS as SPLIT_FIELDS
from connector.hubspot.splits import SPLITS, Splits
from connector.hubspot.survey import Survey
from connector.hubspot.write import Writer
from connector.record import (
    Capabilities,
    Change,
    Cursor,
    FieldInfo,
    Identity,
    ObjectInfo,
    Outcome,
    Page,
    Record,
    RecordTypes,
)


class HubSpotCrm:
    """Speaks to one portal through the vendor's client; safe for many threads, never waits, never repeats a write.

    Settings: ``url`` (default https://api.hubapi.com; http for loopback only), ``flow`` ``token`` (``token``) or
    ``refresh_token`` (``client_id``, ``client_secret``, ``refresh_token``), ``api_version`` (default 2026-09; also
    2026-03, v3). Raises StopCrm, naming every wrong setting.

    Beyond HubSpot's objects, ``write`` takes ``deal_splits`` (upsert by the deal's id; one field ``splits``,
    ``77:0.6;88:0.4``) and ``notes`` (upsert by a unique property of ours); ask ``refuses`` first.
    """

    can = Capabilities(read_batch=READ_BATCH, write_batch=WRITE_BATCH, together=LINK_BATCH, associations=True)

    def __init__(self, name: str, settings: Settings, *, ledger: Ledger, vault: Vault | None = None) -> None:
        wrong = [*gateway.settings_faults(name, settings), *auth.settings_faults(name, settings)]
        if wrong:
            raise StopCrm("\n".join(wrong), code="SETTINGS")
        self._name = name
        self._user = settings.get("client_id") or "private app"
        self._gateway = Gateway(name, settings, ledger, vault)
        self._portal = Portal(self._gateway)
        links = Links(self._gateway, self._portal)
        self._reader = Reader(self._gateway, self._portal, Selector(name, self._portal, links))
        self._splits = Splits(self._gateway, self._reader)
        self._survey = Survey(self._gateway, self._portal, self._splits)
        self._writer = Writer(self._gateway, self._portal, self._reader, links, self._splits)

    @property
    def name(self) -> str:
        return self._name

    def changes(self, kind: str, fields: Sequence[str], since: Cursor | None) -> Iterator[Page]:
        return self._reader.changes(kind, fields, since)

    def ahead(self, asks: Sequence[tuple[str, Sequence[str], Cursor | None]]) -> None:
        """HubSpot has no call that reads several objects."""

    def ids(self, kind: str) -> Iterator[Sequence[str]]:
        return self._reader.ids(kind)

    def read(self, kind: str, keys: Sequence[str], fields: Sequence[str], *, by: str = "id") -> Sequence[Record]:
        if kind == SPLITS:
            return self._splits.read(keys, fields)
        return self._reader.read(kind, keys, fields, by)

    def refuses(self, kind: str) -> str | None:
        """Why this portal cannot hold ``deal_splits`` or ``notes`` of ours; ``None`` where it can."""
        return self._survey.refuses(kind)

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        return self._writer.write(changes)

    def describe(self, kind: str) -> tuple[FieldInfo, ...]:
        """The fields as they are now, asked anew: an admin may have changed them."""
        if kind == SPLITS:
            return SPLIT_FIELDS
        if kind in lists.KINDS:
            return lists.KINDS[kind].fields
        self._portal.forget(kind)
        return self._portal.fields(kind)

    def record_types(self, kind: str) -> RecordTypes:
        """The stages of each pipeline; only deals have pipelines here."""
        return narrowed(self._gateway) if kind == "deals" else {}

    def provision(self, objects: Sequence[ObjectInfo]) -> Sequence[str]:
        provisioner = Provisioner(self._gateway, self._portal)
        return [sentence for wanted in objects for sentence in provisioner.provision(wanted)]

    def has(self, kind: str) -> bool:
        """Whether the portal has a custom object of this name, and lets us know. Raises TryAgain, StopCrm."""
        try:
            return kind in self._portal.custom()
        except PauseMapping:
            return False

    def layout(self, objects: Sequence[ObjectInfo], stages: Mapping[str, str], wish: Wish = "auto") -> Layout:
        """Where this portal can keep ``objects``, and why (`connector.hubspot.layout`)."""
        return choose(self._survey.layout(), objects, stages, wish)

    def lay_out(self, layout: Layout) -> Sequence[str]:
        """Create what a layout lacks; returns one sentence for each thing created."""
        provisioner = Provisioner(self._gateway, self._portal)
        made = [sentence for wanted in layout.pipelines for sentence in provisioner.pipeline(wanted)]
        return [*made, *self.provision(layout.objects)]

    def check(self, uses: Sequence[Use], now: datetime) -> Sequence[Finding]:
        """What `dealsync doctor` says of this portal; reads only. ``now`` is our own clock, aware."""
        return evaluate(self._survey.facts(uses, now), uses)

    def whoami(self) -> Identity:
        """The portal and its clock; limits as the last answer's headers told them."""
        account = self._gateway.account()
        limit, left = self._gateway.daily
        return Identity(
            org=str(account.portal_id),
            user=self._user,
            edition=account.account_type,
            server_time=self._gateway.server_time,
            daily_limit=limit,
            daily_used=None if limit is None or left is None else limit - left,
        )

    def close(self) -> None:
        """Close the pooled connections."""
        self._gateway.close()
