"""What the mapping screens show: every mapping, and one with its fields, the CRM's fields, samples and versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connector.record import FieldInfo
from connector.snapshot import Snapshot
from sync import drafts
from sync.config import Config
from sync.drift import Rest, resting
from sync.mapped.drafting import FIVE, MANY
from sync.mapped.samples import filled, matched, samples
from sync.mapped.sheet import Sheet, drafted, running
from sync.mapping.offered import offers
from sync.mapping.paths import PATHS, Path
from sync.mapping.proof import astray, failures
from sync.model.problem import did_you_mean
from sync.store.published import LATEST, Published, schemas, versions
from sync.store.seen import Seen, count_misread, latest_rows
from sync.world import World


def all_mappings(config: Config, world: World) -> list[dict[str, Any]]:
    """Every mapping with its object, state, problems, version, and who changed it when."""
    with world.store.read() as connection:
        misread = count_misread(connection)
        rests = resting(connection, world.mappings)
        kept = {name: versions(connection, name) for name in drafts.names(config)}
    found = []
    for name, known in kept.items():
        own = running(config, name)
        form = own.checked()
        rest = sum(entry.mapping == form.id for entry in rests)
        found.append(
            {
                "name": name,
                "title": form.title or name,
                "connection": form.connection,
                "object": form.object,
                "canonical": form.canonical,
                "state": _state(config, form.connection, form.status),
                "draft": drafts.draft_of(config, name).exists(),
                "mapped": len(form.field),
                "paths": len(PATHS[form.canonical]),
                "problems": rest + len(own.failed) + misread.get((form.connection, form.object), 0),
                "version": form.version[:8],
                "latest": known[-1] if known else None,
            }
        )
    return found


def _state(config: Config, connection: str, status: str) -> str:
    return status if connection in config.form.connection else "not connected"


def one_mapping(config: Config, world: World, name: str, path: str = "", show: str = "") -> dict[str, Any]:
    """One mapping as its draft says, else as it runs. ``path``: the field looked at; ``show``: which fields.

    Asks no CRM: the fields are those of the latest schema that was pulled, else those that records and the mapping
    know. Raises BadInput for an unknown mapping.
    """
    draft, runs = drafted(config, name), running(config, name)
    place = draft.place
    with world.store.read() as connection:
        rows = latest_rows(connection, *place, MANY)
        schema = schemas(connection, LATEST).get(place)
        rests = [rest for rest in resting(connection, world.mappings) if rest.mapping == runs.content.get("id")]
        kept = versions(connection, name)
    fields = schema.fields if schema else ()
    field_map = draft.field_map or runs.field_map
    shown = samples(field_map, rows[:FIVE]) if field_map else {}
    lines = list(_lines(draft, fields, rests, rows, shown))
    chosen = next((line for line in lines if line["path"] == path), None)
    return {
        "name": name,
        "title": draft.content.get("title") or name,
        "connection": place[0],
        "object": place[1],
        "canonical": str(draft.content.get("canonical")),
        "state": _state(config, place[0], str(draft.content.get("status", "active"))),
        "notes": draft.content.get("notes", ""),
        "scope": draft.form.scope.where if draft.form and draft.form.scope else "",
        "draft": drafts.draft_of(config, name).exists(),
        "from_schema": schema is not None,
        "fields": _remote_fields(fields, draft, rows),
        "lines": [line for line in lines if _wanted(line, show)],
        "counts": {which: sum(_wanted(line, which) for line in lines) for which in FILTERS},
        "chosen": chosen,
        "samples": shown.get(path, []),
        "matching": _matching(draft, chosen, schema, rows) if chosen else None,
        "types": ", ".join(f"{key}={kind}" for key, kind in draft.content.get("types", {}).items()),
        "picklists": sorted(draft.content.get("picklist", {})),
        "faults": [(draft.line_of(fault), fault) for fault in draft.faults],
        "tests": list(_tests(draft)),
        "records": [row.id for row in rows[:FIVE]] if draft.field_map else [],
        "versions": [_version(entry) for entry in reversed(kept)],
    }


FILTERS = ("", "mapped", "unmapped", "problems")


def _wanted(line: Mapping[str, Any], show: str) -> bool:
    answers = {"mapped": line["mapped"], "unmapped": not line["mapped"], "problems": line["problems"]}
    return bool(answers.get(show, True))


def _version(entry: Published) -> dict[str, Any]:
    names = ("number", "how", "by", "at", "why")
    return {name: getattr(entry, name) for name in names} | {"version": entry.version[:8]}


def _lines(
    draft: Sheet,
    fields: Sequence[FieldInfo],
    rests: Sequence[Rest],
    rows: Sequence[Seen],
    shown: Mapping[str, list[dict[str, Any]]],
) -> Iterator[dict[str, Any]]:
    """Every path of the object, mapped or not, with what its block says."""
    share = filled(rows)
    for name, path in PATHS.get(str(draft.content.get("canonical")), {}).items():
        block = draft.block(name)
        remotes = draft.remotes(name)
        first = shown.get(name, [])
        wrong = [f"{fault.what}: {fault.fix}" for fault in draft.faults_of(name)]
        wrong += _unknown(remotes, fields)
        wrong += [f"{rest.field} {rest.what}: {rest.fix}" for rest in rests if rest.field in _bare(remotes)]
        wrong += [f"{entry['record']}: {entry['problem']}" for entry in first if entry["problem"]][:1]
        yield {
            "path": name,
            "transform": path.transform,
            "words": path.words,
            "ours": path.ours,
            "mapped": bool(block),
            "remote": ", ".join(_remotes(block)),
            "rule": _rule(block, path),
            "direction": block.get("direction", "out" if path.ours and not block else "in"),
            "owner": block.get("owner", "engine" if path.ours and not block else "crm"),
            "null": block.get("null", "clear"),
            **{
                key: str(block.get(key, ""))
                for key in ("expr", "default", "picklist", "refers", "write_if", "notes")
            },
            "filled": min((share.get(remote, 0) for remote in _bare(remotes)[:1]), default=None),
            "sample": next((entry for entry in first if entry["text"] not in ("-", "")), None),
            "problems": wrong,
        }


def _remotes(block: Mapping[str, Any]) -> list[str]:
    remote = block.get("remote", ())
    return [remote] if isinstance(remote, str) else [str(entry) for entry in remote]


def _bare(remotes: Sequence[str]) -> list[str]:
    return [remote.removesuffix("?") for remote in remotes]


def _rule(block: Mapping[str, Any], path: Path) -> str:
    if not block:
        return ""
    if "expr" in block:
        return "expression"
    return "picklist" if path.words else "lookup" if path.transform.startswith("reference") else "copy"


def _unknown(remotes: Sequence[str], fields: Sequence[FieldInfo]) -> list[str]:
    """Fields that the CRM does not have, by the latest schema; an association is not in every schema."""
    known = [field.name for field in fields]
    return [
        f"the CRM has no field {remote}: {did_you_mean(remote, known, 'correct its name, or grant its right')}"
        for remote in remotes
        if known and remote not in known and not remote.endswith("?") and "#" not in remote
    ]


def _remote_fields(fields: Sequence[FieldInfo], draft: Sheet, rows: Sequence[Seen]) -> list[dict[str, Any]]:
    """The fields of the CRM's object, with the paths that are mapped to each."""
    used: dict[str, list[str]] = {}
    for block in draft.blocks:
        path = str(block.get("canonical"))
        for name in _bare(draft.remotes(path)):
            used.setdefault(name, []).append(path)
    seen = {name for row in rows[:FIVE] for name in row.texts}
    plain = {name: {"name": name, "label": "", "type": "", "more": ""} for name in sorted({*used, *seen})}
    described = {
        field.name: {"name": field.name, "label": field.label, "type": field.type.value, "more": _more(field)}
        for field in fields
    }
    return [entry | {"paths": used.get(name, [])} for name, entry in (described or plain).items()]


def _more(field: FieldInfo) -> str:
    flags = ("required", "calculated", "unique")
    found = [flag for flag in flags if getattr(field, flag)] + ([] if field.writable else ["read only"])
    return ", ".join(found)


def _matching(
    draft: Sheet, chosen: Mapping[str, Any], schema: Snapshot | None, rows: Sequence[Seen]
) -> dict[str, Any] | None:
    """The picklist of the chosen field: the CRM's values on one side, our words on the other."""
    block = draft.content.get("picklist", {}).get(chosen["picklist"])
    if block is None or not chosen["words"]:
        return None
    remote = next(iter(_bare(draft.remotes(chosen["path"]))), "")
    named = next((field for field in schema.fields if field.name == remote), None) if schema else None
    offered = offers(named, schema.record_types) if schema and named else {}
    return {
        "name": chosen["picklist"],
        "unmapped": block.get("unmapped", "error"),
        "words": chosen["words"],
        "typed": any(offered.values()),
        "rows": matched(chosen["words"], block.get("map", {}), offered, (row.texts.get(remote) for row in rows)),
    }


def _tests(draft: Sheet) -> Iterator[dict[str, Any]]:
    """The examples inside the mapping, and what is not as they expect."""
    if draft.form and draft.field_map:
        for number, test in enumerate(draft.form.test, start=1):
            lost = [what for what, _, _ in astray(draft.form, test)]
            wrong = lost or list(failures(draft.field_map, test))
            yield {"number": number, "name": test.name, "failures": wrong}
