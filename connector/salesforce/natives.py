"""Salesforce's own lists of partners and splits on an opportunity, kept as optional projections of ours.

Neither has an external id, so a change is keyed by what makes a row the one it is: ``Change.by`` and ``key`` are
the fields and their values joined with ``:``, as in `NATIVES`. What is there is read first, so that a repeated
change is harmless.

``OpportunityPartner``: no update and no upsert, so another ``IsPrimary`` is a delete and a create, with a new id.
Salesforce adds the row of the other direction by itself, and takes the mark from the previous primary partner
(Object Reference, "OpportunityPartner").

``OpportunitySplit``: credits users, never companies, and only by a split type of our own that is an overlay: the
revenue type is people's pay and is refused. The third part of a key is the type's id or DeveloperName
(Object Reference, "OpportunitySplit").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from connector.errors import CrmError, PauseMapping, Rejected
from connector.record import Change, FieldInfo, Op, Record, Value
from connector.salesforce.decode import long_id
from connector.salesforce.encode import Encoder
from connector.salesforce.org import Json, Org

PARTNER, SPLIT = "OpportunityPartner", "OpportunitySplit"
NATIVES: Final[Mapping[str, tuple[str, ...]]] = {
    PARTNER: ("OpportunityId", "AccountToId", "Role"),
    SPLIT: ("OpportunityId", "SplitOwnerId", "SplitTypeId"),
}
"""The fields of a key, in order, by object."""
MOST_OVERLAY = Decimal(1000)
TYPE, TEAM = "OpportunitySplitType", "OpportunityTeamMember"
Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One request below ``/services/data/vXX.X/``."""

    method: str
    path: str
    body: Json | None = None


class Natives:
    """What it takes to bring native partners and splits to what is wanted."""

    def __init__(self, org: Org, encoder: Encoder) -> None:
        self._org = org
        self._encoder = encoder

    def refusal(self, kind: str) -> str | None:
        """Why this org cannot hold a native list, as a sentence for a person; ``None`` where it can."""
        need = f"{self._org.name}, {kind}"
        for name in (kind, *((TYPE, TEAM) if kind == SPLIT else ())):
            try:
                fields = self._org.catalogue.fields(name)
            except PauseMapping:
                feature = "opportunity splits" if kind == SPLIT else "partners on opportunities"
                return f"{need}: this org shows us no {name}; turn on {feature}, or pause the mapping"
            absent = [field for field in NATIVES.get(name, ()) if field not in fields or not fields[field].writable]
            if absent:
                return f"{need}: we may not write {', '.join(absent)}; give the integration user access"
        return None

    def steps(self, changes: Sequence[Change]) -> dict[str, list[Step] | CrmError]:
        """The steps of each change by its id, empty where the CRM says so already, or why it is refused."""
        found: dict[str, list[Step] | CrmError] = {}
        for kind in dict.fromkeys(change.kind for change in changes):
            found |= self._of_kind(kind, [change for change in changes if change.kind == kind])
        return found

    def read(self, kind: str, keys: Sequence[str], fields: Sequence[str]) -> list[Record]:
        """The rows behind some keys; the field named like the key, ``OpportunityId:…``, holds the key."""
        by = ":".join(NATIVES[kind])
        plain = [name for name in fields if name != by]
        types = self._types() if kind == SPLIT else {}
        wanted = {key: _key(kind, key, types) for key in keys}
        rows = self._rows(kind, {key[0] for key in wanted.values() if key}, plain)
        found: list[Record] = []
        for key, parts in wanted.items():
            for record in rows.get(parts, ()):
                values = dict(zip(plain, record.values, strict=True)) | {by: key}
                found.append(Record(record.ref, record.stamp, tuple(values[name] for name in fields)))
        return found

    def _of_kind(self, kind: str, changes: Sequence[Change]) -> dict[str, list[Step] | CrmError]:
        if why := self.refusal(kind):
            return {change.id: PauseMapping(why, kind=kind) for change in changes}
        types = self._types() if kind == SPLIT else {}
        keys = {change.id: _key(kind, change.key, types) for change in changes}
        written = list(dict.fromkeys(name for change in changes for name, _ in change.values))
        deals = {key[0] for key in keys.values() if key}
        rows = self._rows(kind, deals, written)
        check = self._check_split if kind == SPLIT else self._check_partner
        context = Context(keys, self._team(deals) if kind == SPLIT else set(), _primaries(changes, keys))
        found: dict[str, list[Step] | CrmError] = {}
        for change in changes:
            try:
                check(change, context)
                found[change.id] = self._steps(change, keys[change.id], rows.get(keys[change.id], []), written)
            except (PauseMapping, Rejected) as fault:
                found[change.id] = fault
        return found

    def _steps(self, change: Change, key: Key, rows: Sequence[Record], names: Sequence[str]) -> list[Step]:
        path = f"sobjects/{change.kind}"
        removals = [Step("DELETE", f"{path}/{record.ref.id}") for record in rows]
        if change.op is Op.REMOVE:
            return removals
        values = self._encoder.values(change)
        said = [dict(zip(names, record.values, strict=True)) for record in rows]
        if any(all(_same(row[name], text) for name, text in change.values) for row in said):
            return []
        if change.kind == SPLIT and rows:
            return [Step("PATCH", f"{path}/{rows[0].ref.id}", values)]
        create = Step("POST", path, dict(zip(NATIVES[change.kind], key, strict=True)) | values)
        return [*removals, create]

    def _check_partner(self, change: Change, context: Context) -> None:
        deal, account, role = context.keys[change.id] or ("", "", "")
        info = self._field(PARTNER, "Role")
        if not account:
            raise self._refused(change, "the key is no opportunity:account:role; correct the mapping")
        if info.options and role not in info.options and change.op is not Op.REMOVE:
            roles = ", ".join(info.options)
            raise self._refused(change, f"Salesforce has no partner role {role!r}; add it, or map one of {roles}")
        if context.primaries[deal] > 1:
            raise self._refused(change, "two partners of one opportunity are primary; only one can be")

    def _check_split(self, change: Change, context: Context) -> None:
        key = context.keys[change.id]
        if not key:
            raise self._refused(change, "the key is no opportunity:user:type of an active overlay split")
        if not key[1].startswith("005"):
            raise self._refused(change, "a split credits a user, not a company; map the partner's channel manager")
        percent = dict(change.values).get("SplitPercentage")
        if percent is not None and not 0 <= Decimal(percent) <= MOST_OVERLAY:
            raise self._refused(change, f"SplitPercentage is {percent}; an overlay takes 0 to {MOST_OVERLAY}")
        if change.op is not Op.REMOVE and key[:2] not in context.team:
            raise self._refused(change, f"user {key[1]} is not on the opportunity team; add them there first")

    def _types(self) -> dict[str, str]:
        """Ids of active overlay types by id and name. A type whose total is validated is somebody's pay."""
        fields = ("DeveloperName", "IsActive", "IsTotalValidated")
        records = self._org.reader.read(TYPE, ["true"], fields, "IsActive")
        overlays = [record for record in records if record.values[1:] == ("true", "false")]
        by_name = {str(record.values[0]): record.ref.id for record in overlays}
        return by_name | {record.ref.id: record.ref.id for record in overlays}

    def _team(self, deals: set[str]) -> set[Key]:
        fields = ("OpportunityId", "UserId")
        records = self._org.reader.read(TEAM, sorted(deals), fields, "OpportunityId") if deals else []
        return {(str(record.values[0]), str(record.values[1])) for record in records}

    def _rows(self, kind: str, deals: set[str], names: Sequence[str]) -> dict[Key, list[Record]]:
        """The rows of some opportunities by key, with the values of ``names``."""
        fields = NATIVES[kind]
        records = self._org.reader.read(kind, sorted(deals), (*fields, *names), fields[0]) if deals else []
        found: dict[Key, list[Record]] = {}
        for record in records:
            key = tuple(str(value) for value in record.values[: len(fields)])
            found.setdefault(key, []).append(Record(record.ref, record.stamp, record.values[len(fields) :]))
        return found

    def _field(self, kind: str, name: str) -> FieldInfo:
        return self._org.catalogue.fields(kind)[name]

    def _refused(self, change: Change, why: str) -> Rejected:
        return Rejected(f"{self._encoder.place(change)}: {change.key}: {why}")


@dataclass(frozen=True, slots=True)
class Context:
    """What the checks of one object look at: keys by change id, who is on which team, primaries by opportunity."""

    keys: Mapping[str, Key]
    team: set[Key]
    primaries: Mapping[str, int]


def _key(kind: str, text: str, types: Mapping[str, str]) -> Key:
    """The fields of a key; the empty tuple for a text that is none, or names no split type of ours."""
    parts = text.split(":", 2)
    if len(parts) != 3 or not all(parts):
        return ()
    last = types.get(parts[2]) or types.get(long_id(parts[2])) if kind == SPLIT else parts[2]
    return (long_id(parts[0]), long_id(parts[1]), last) if last else ()


def _primaries(changes: Sequence[Change], keys: Mapping[str, Key]) -> Counter[str]:
    wanted = [change for change in changes if change.op is not Op.REMOVE]
    primary = [change for change in wanted if dict(change.values).get("IsPrimary") == "true"]
    return Counter(keys[change.id][0] for change in primary if keys[change.id])


def _same(value: Value, text: str | None) -> bool:
    return value == text or (text in (None, "false") and value in (None, "false"))
