"""Salesforce as a `connector.crm.Crm`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from connector.crm import Ledger, Settings, Vault
from connector.errors import PauseMapping
from connector.record import Capabilities, Change, Cursor, FieldInfo, Identity, ObjectInfo, Outcome, Page, Record
from connector.salesforce.decode import PAGE
from connector.salesforce.describe import Catalogue
from connector.salesforce.query import BATCH, Reader, select
from connector.salesforce.wire import Wire
from connector.salesforce.write import ROWS_PER_CALL, Writer

USAGE = re.compile(r"(?<![-\w])api-usage=(\d+)/(\d+)")


class UserInfo(msgspec.Struct):
    """Who is signed in (help.salesforce.com, "UserInfo endpoint")."""

    organization_id: str
    user_id: str
    preferred_username: str = ""


USER = msgspec.json.Decoder(UserInfo)


class SalesforceCrm:
    """One org. ``settings``: ``url`` (the My Domain address), ``flow`` (client_credentials, refresh_token or jwt),
    ``client_id``, ``client_secret``, ``refresh_token``, ``username``, ``private_key`` (PEM), ``api_version``.

    A group of changes is one atomic graph, of at most 500 changes.
    """

    def __init__(self, name: str, settings: Settings, *, ledger: Ledger, vault: Vault | None = None) -> None:
        self.name = name
        self.can = Capabilities(read_batch=BATCH, write_batch=ROWS_PER_CALL, atomic=True)
        self._wire = Wire(name, settings, ledger=ledger, vault=vault)
        self._catalogue = Catalogue(self._wire)
        self._reader = Reader(name, self._wire, self._catalogue)
        self._writer = Writer(name, self._wire, self._catalogue, self._reader)

    def changes(self, kind: str, fields: Sequence[str], since: Cursor | None) -> Iterator[Page]:
        return self._reader.changes(kind, fields, since)

    def ids(self, kind: str) -> Iterator[Sequence[str]]:
        return self._reader.ids(kind)

    def read(self, kind: str, keys: Sequence[str], fields: Sequence[str], *, by: str = "id") -> Sequence[Record]:
        return self._reader.read(kind, keys, fields, by) if keys else []

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        return self._writer.write(changes)

    def describe(self, kind: str) -> tuple[FieldInfo, ...]:
        """Asked anew each time, so that a person who has just changed something sees it."""
        self._catalogue.forget(kind)
        return tuple(self._catalogue.fields(kind).values())

    def provision(self, objects: Sequence[ObjectInfo]) -> Sequence[str]:  # noqa: ARG002 the same for every CRM
        """Creates nothing: in Salesforce, objects and fields are metadata that an administrator deploys."""
        return ()

    def whoami(self) -> Identity:
        """Edition and limits stay unknown to a user who may not read the Organization object."""
        answer = self._wire.user()
        user = answer.read(USER)
        edition, usage = "unknown", None
        try:
            org = self._wire.query(select(["OrganizationType"], "Organization", ""), kind="Organization")
        except PauseMapping:
            pass
        else:
            usage = USAGE.search(org.usage)
            edition = next((str(row["OrganizationType"]) for row in org.read(PAGE).records), edition)
        return Identity(
            org=user.organization_id,
            user=user.preferred_username or user.user_id,
            edition=edition,
            server_time=answer.moment,
            daily_limit=int(usage[2]) if usage else None,
            daily_used=int(usage[1]) if usage else None,
        )
