"""What every part of the writing half works with, and what each write asks of Salesforce."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from connector.crm import Settings
from connector.salesforce.describe import Catalogue
from connector.salesforce.query import Reader
from connector.salesforce.wire import Wire

BODY = msgspec.json.Encoder(decimal_format="number")
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Org:
    """One org: its wire, its describes, a reader, and the headers of every write."""

    name: str
    wire: Wire
    catalogue: Catalogue
    reader: Reader
    headers: Mapping[str, str]

    def url(self, path: str) -> str:
        """The address of a subrequest."""
        return f"/services/data/{self.wire.version}/{path}"


def headers(settings: Settings) -> dict[str, str]:
    """A duplicate rule that only warns stops a new record too, and names what it resembles; the setting
    ``duplicates = "allow"`` saves it all the same. No assignment rule gives away what we write
    (REST API Developer Guide, "Duplicate Rule Header" and "Assignment Rule Header"). The parts of a composite call
    take them as their own; the nodes of a graph have none of their own any more, so a graph says them once.
    """
    save = "true" if settings.get("duplicates") == "allow" else "false"
    return {
        "Sforce-Duplicate-Rule-Header": f"allowSave={save}; includeRecordDetails=true; runAsCurrentUser=true",
        "Sforce-Auto-Assign": "FALSE",
    }
