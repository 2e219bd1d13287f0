"""One CRM record in our words, before it is known which account, partner or deal it stands for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from connector.record import Ref, Value


class Row(NamedTuple):
    """A path is missing from ``values`` when it could not be read or understood; ``raw`` is the CRM's own text."""

    ref: Ref
    kind: str  # the canonical object: account, opportunity, line, registration, attribution, …
    stamp: datetime
    values: Mapping[str, Any]
    raw: Mapping[str, Value]
    deleted: bool = False
    merged_into: str | None = None
