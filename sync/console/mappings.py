"""The mapping screens: every mapping, one in three panes, its draft, publishing and undoing."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Form, HTTPException
from starlette.responses import Response

from sync import drafts, mapped
from sync.console.visit import Here, Visit
from sync.console.weighing import Weighing
from sync.drafts import Said
from sync.expressions import FUNCTIONS
from sync.impact import Impact
from sync.mapped import Edit, Values
from sync.model.problem import BadInput
from sync.world import Progress

Filled = Annotated[Edit, Form()]
Word = Annotated[str, Form()]


def every(visit: Here) -> Response:
    """Every mapping: its object, state, problems, version, and who changed it when."""
    return visit.page("mappings.html", mappings=mapped.all_mappings(visit.site.config, visit.world))


def page(visit: Here, name: str, field: str = "", show: str = "") -> Response:
    """One mapping: the CRM's fields, ours, and live samples of the one that is looked at."""
    return _page(visit, name, field, show)


def _page(visit: Here, name: str, field: str, show: str = "", code: int = 200, **more: Any) -> Response:
    view = mapped.one_mapping(visit.site.config, visit.world, name, field, show)
    entered = more.pop("entered", {})
    view["chosen"] = view["chosen"] and view["chosen"] | entered
    shown = {"wrong": (), "show": show, "functions": FUNCTIONS, "filters": mapped.FILTERS} | more
    return visit.page("mapping.html", code, mapping=view, **shown)


def check(visit: Here, name: str, edit: Filled) -> Response:
    """A field as it is being filled in: what it would read and write, and where it is wrong. Keeps nothing."""
    return visit.page(
        "mapping_check.html", tried=mapped.tried(visit.site.config, visit.world, name, edit), code=200
    )


def save(visit: Here, name: str, edit: Filled) -> Response:
    """Keep one field in the draft; what is wrong with it is said beside it."""
    config, world = visit.site.config, visit.world
    try:
        mapped.save_field(config, world, name, edit)
    except BadInput as faults:
        entered = {key: getattr(edit, key) for key in edit.keys} | {"types": edit.types}
        found = mapped.tried(config, world, name, edit)
        return _page(visit, name, edit.field, code=422, wrong=faults.problems, entered=entered, tried=found)
    return _kept(visit, name, "edit a mapping's draft", edit.field)


def save_picklist(visit: Here, name: str, values: Annotated[Values, Form()]) -> Response:
    """Keep the map of a picklist in the draft."""
    mapped.save_picklist(visit.site.config, name, values)
    return _kept(visit, name, "edit a mapping's draft", values.field)


def example(visit: Here, name: str, record: Word, shows: Word = "") -> Response:
    """Keep in the draft that a record must always be read as it is read now."""
    mapped.save_example(visit.site.config, visit.world, name, record, shows)
    with visit.site.store.write() as connection:
        visit.note(connection, "edit a mapping's draft", name, {"example": shows})
    return visit.see(f"/mappings/{name}", "The example is in the draft.")


def drop_example(visit: Here, name: str, number: Annotated[int, Form()]) -> Response:
    """Take one example out of the draft: what it says need not stay true."""
    mapped.drop_example(visit.site.config, name, number)
    with visit.site.store.write() as connection:
        visit.note(connection, "drop an example of a mapping's draft", name, {"example": number})
    return visit.see(f"/mappings/{name}", "The example is not in the draft any more.")


def drop(visit: Here, name: str, field: Word) -> Response:
    """Take one field out of the draft."""
    mapped.drop_field(visit.site.config, name, field)
    return _kept(visit, name, "drop a field of a mapping's draft", field)


def _kept(visit: Here, name: str, what: str, field: str) -> Response:
    with visit.site.store.write() as connection:
        visit.note(connection, what, name, {"field": field})
    return visit.see(f"/mappings/{name}?field={quote(field)}", f"{field} is in the draft; nothing runs by it yet.")


def draft(visit: Here, name: str) -> Response:
    """The draft as a diff, with what publishing it would change, as far as that is worked out."""
    view = mapped.draft_view(visit.site.config, name)
    weighs = view["weighs"] and not view["paused"]
    return visit.page(
        "mapping_draft.html", draft=view, weighed=_weighed(visit, name, view["seen"]) if weighs else None
    )


def impact(visit: Here, name: str) -> Response:
    """The part of that page that says what publishing would change: the answer, or how far it is."""
    view = mapped.draft_view(visit.site.config, name)
    if not view["weighs"]:
        raise HTTPException(404, "There is no draft any more.")
    return visit.page("mapping_impact.html", name=name, weighed=_weighed(visit, name, view["seen"]))


def _weighed(visit: Visit, name: str, seen: str) -> Weighing:
    config, world, now = visit.site.config, visit.world, visit.now
    key = (seen, config.mappings.hash)

    def work(tell: Progress) -> Impact:
        return mapped.weigh(config, replace(world, tell=tell), name, now)

    return visit.site.scales.weigh(name, key, now.timestamp(), work)


def publish(visit: Here, name: str, seen: Word, why: Word = "", when: Word = "now") -> Response:
    """Let the draft run; who, when and why are kept with it."""
    said, later = Said(visit.user.name, why.strip()), when == "later"
    config = visit.site.config
    mapped.still_as_seen(config, name, seen)
    entry = drafts.publish(config, visit.world, name, said, visit.now, later=later)
    with visit.site.store.write() as connection:
        visit.note(connection, "publish a mapping", name, {"version": entry.version, "why": entry.why})
    return visit.see(f"/mappings/{name}", f"Version {entry.number} runs from now on.")


def discard(visit: Here, name: str) -> Response:
    """Throw the draft away."""
    mapped.drop_draft(visit.site.config, name)
    with visit.site.store.write() as connection:
        visit.note(connection, "throw a mapping's draft away", name)
    return visit.see(f"/mappings/{name}", "The draft is gone; what runs is as it was.")


def undo(visit: Here, name: str, why: Word = "") -> Response:
    """Publish the version before the present one."""
    entry = drafts.undo(visit.site.config, visit.world, name, Said(visit.user.name, why.strip()), visit.now)
    with visit.site.store.write() as connection:
        visit.note(connection, "undo a mapping", name, {"version": entry.version, "why": entry.why})
    return visit.see(f"/mappings/{name}", f"Version {entry.number} runs from now on: {entry.why}.")
