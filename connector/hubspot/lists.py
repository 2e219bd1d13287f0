"""Short lists without a modification filter, so that a reading is always the whole: owners, stages, rates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from connector.hubspot.currencies import RATE_FIELDS, RATES, rates
from connector.hubspot.decode import moment
from connector.hubspot.describe import OWNER_FIELDS, OWNERS
from connector.hubspot.gateway import Gateway
from connector.hubspot.owners import owners
from connector.hubspot.pipelines import PIPELINE_FIELDS, PIPELINES, STAGE_FIELDS, STAGES, pipelines, stages
from connector.record import ABSENT, FieldInfo, Record, Ref, Value

Entry = tuple[str, str, Mapping[str, Value]]
"""Id, stamp as HubSpot spells it, values by field."""


@dataclass(frozen=True, slots=True)
class ShortList:
    """What such a list holds, and how it is read."""

    fields: tuple[FieldInfo, ...]
    entries: Callable[[Gateway], Iterator[Entry]]


KINDS: Mapping[str, ShortList] = {
    OWNERS: ShortList(OWNER_FIELDS, owners),
    PIPELINES: ShortList(PIPELINE_FIELDS, pipelines),
    STAGES: ShortList(STAGE_FIELDS, stages),
    RATES: ShortList(RATE_FIELDS, rates),
}


def records(gateway: Gateway, kind: str, fields: Sequence[str]) -> Iterator[Record]:
    """Every entry of one of ``KINDS``. Raises CrmError."""
    for entry_id, stamp, values in KINDS[kind].entries(gateway):
        asked = tuple(values.get(name, ABSENT) for name in fields)
        yield Record(Ref(gateway.name, kind, entry_id), moment(stamp), asked)
