"""One HubSpot portal as a `connector.crm.Crm`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connector.crm import Ledger, Settings, Vault
from connector.errors import StopCrm
from connector.hubspot import auth, gateway
from connector.hubspot.describe import Portal
from connector.hubspot.gateway import Gateway
from connector.hubspot.links import Links
from connector.hubspot.provision import Provisioner
from connector.hubspot.read import READ_BATCH, Reader
from connector.hubspot.select import Selector
from connector.hubspot.write import WRITE_BATCH, Writer
from connector.record import Capabilities, Change, Cursor, FieldInfo, Identity, ObjectInfo, Outcome, Page, Record


class HubSpotCrm:
    """Speaks to one portal through the vendor's client; safe for many threads, never waits, never repeats a write.

    Settings: ``url`` (default https://api.hubapi.com; http for loopback only), ``flow`` ``token`` (``token``) or
    ``refresh_token`` (``client_id``, ``client_secret``, ``refresh_token``), ``api_version`` (default 2026-09; also
    2026-03, v3), ``fresh_values`` (default ``on``: values of changed records are read again by id, because
    HubSpot's search may show old ones). Raises StopCrm, naming every wrong setting.
    """

    can = Capabilities(read_batch=READ_BATCH, write_batch=WRITE_BATCH, associations=True)

    def __init__(self, name: str, settings: Settings, *, ledger: Ledger, vault: Vault | None = None) -> None:
        wrong = [*gateway.settings_faults(name, settings), *auth.settings_faults(name, settings)]
        if wrong:
            raise StopCrm("\n".join(wrong), code="SETTINGS")
        self._name = name
        self._user = settings.get("client_id") or "private app"
        self._gateway = Gateway(name, settings, ledger, vault)
        self._portal = Portal(self._gateway)
        links = Links(self._gateway, self._portal)
        fresh = settings.get("fresh_values", "on") not in ("off", "false")
        self._reader = Reader(self._gateway, self._portal, Selector(name, self._portal, links), fresh=fresh)
        self._writer = Writer(self._gateway, self._portal, self._reader, links)

    @property
    def name(self) -> str:
        return self._name

    def changes(self, kind: str, fields: Sequence[str], since: Cursor | None) -> Iterator[Page]:
        return self._reader.changes(kind, fields, since)

    def ids(self, kind: str) -> Iterator[Sequence[str]]:
        return self._reader.ids(kind)

    def read(self, kind: str, keys: Sequence[str], fields: Sequence[str], *, by: str = "id") -> Sequence[Record]:
        return self._reader.read(kind, keys, fields, by)

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        return self._writer.write(changes)

    def describe(self, kind: str) -> tuple[FieldInfo, ...]:
        """The fields as they are now, asked anew: an admin may have changed them."""
        self._portal.forget(kind)
        return self._portal.fields(kind)

    def provision(self, objects: Sequence[ObjectInfo]) -> Sequence[str]:
        provisioner = Provisioner(self._gateway, self._portal)
        return [sentence for wanted in objects for sentence in provisioner.provision(wanted)]

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
