"""Salesforce as a `connector.crm.Crm`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from connector.crm import Ledger, Settings, Vault
from connector.errors import PauseMapping
from connector.finding import Finding, Use
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
from connector.salesforce.checks import evaluate
from connector.salesforce.decode import PAGE
from connector.salesforce.describe import Catalogue
from connector.salesforce.ingest import FEWEST_ROWS, JOB_ROWS
from connector.salesforce.natives import NATIVES
from connector.salesforce.query import READ_BATCH, Reader
from connector.salesforce.soql import select
from connector.salesforce.survey import Survey
from connector.salesforce.wire import USAGE, Wire
from connector.salesforce.write import ROWS_PER_CALL, Writer


class UserInfo(msgspec.Struct):
    """Who is signed in (help.salesforce.com, "UserInfo endpoint")."""

    organization_id: str
    user_id: str
    preferred_username: str = ""


USER = msgspec.json.Decoder(UserInfo)


class SalesforceCrm:
    """One org. ``settings``: ``url`` (the My Domain address), ``flow`` (client_credentials, refresh_token or jwt),
    ``client_id``, ``client_secret``, ``refresh_token``, ``username``, ``private_key`` (PEM), ``api_version``,
    ``duplicates`` (allow: save what a duplicate rule only warns of).

    A group of changes is one atomic graph, of at most 500 changes.
    """

    def __init__(self, name: str, settings: Settings, *, ledger: Ledger, vault: Vault | None = None) -> None:
        self.name = name
        self.can = Capabilities(
            read_batch=READ_BATCH,
            write_batch=ROWS_PER_CALL,
            bulk_from=FEWEST_ROWS,
            bulk_batch=JOB_ROWS,
            atomic=True,
        )
        self._wire = Wire(name, settings, ledger=ledger, vault=vault)
        self._catalogue = Catalogue(self._wire)
        self._reader = Reader(name, self._wire, self._catalogue)
        self._writer = Writer(name, self._wire, self._catalogue, self._reader, settings)
        self._survey = Survey(self._wire, self._catalogue, self.whoami, self._writer.natives, name=name)

    def changes(self, kind: str, fields: Sequence[str], since: Cursor | None) -> Iterator[Page]:
        return self._reader.changes(kind, fields, since)

    def ahead(self, asks: Sequence[tuple[str, Sequence[str], Cursor | None]]) -> None:
        self._reader.ahead(asks)

    def ids(self, kind: str) -> Iterator[Sequence[str]]:
        return self._reader.ids(kind)

    def read(self, kind: str, keys: Sequence[str], fields: Sequence[str], *, by: str = "id") -> Sequence[Record]:
        if by == ":".join(NATIVES.get(kind, ())):
            return self._writer.natives.read(kind, keys, fields)
        return self._reader.read(kind, keys, fields, by) if keys else []

    def refuses(self, kind: str) -> str | None:
        """Why this org cannot hold `connector.salesforce.natives` of that kind, for a person; None where it can."""
        return self._writer.natives.refusal(kind)

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        return self._writer.write(changes)

    def check(self, uses: Sequence[Use], now: datetime) -> Sequence[Finding]:
        """What `dealsync doctor` says of this org; reads only. ``now`` is our own clock, aware."""
        return evaluate(self._survey.facts(uses, now), uses)

    def describe(self, kind: str) -> tuple[FieldInfo, ...]:
        """Asked anew each time, so that a person who has just changed something sees it."""
        self._catalogue.forget(kind)
        return tuple(self._catalogue.fields(kind).values())

    def record_types(self, kind: str) -> RecordTypes:
        return self._survey.record_types(kind)

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
