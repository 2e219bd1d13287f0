"""Who the customer is: what looks like one, with the evidence side by side, and what a person says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sync.identity.link import link
from sync.identity.profile import Profile
from sync.identity.score import Model, shipped
from sync.identity.verdict import liken
from sync.model.directive import Act, Directive
from sync.model.ids import name
from sync.model.row import Row
from sync.rulings.saying import Speaker
from sync.rulings.subjects import refused
from sync.store import likeness, linked, said
from sync.store.alike import profile_of
from sync.store.directives import directives_of
from sync.store.groups import load_groups, rows_named
from sync.store.rows import chunks
from sync.world import World

_SHOWN: Final = ("name", "domain", "country", "duns", "industry")


def identity_view(world: World, *, only_open: bool = True) -> dict[str, Any]:
    """``pairs``: accounts that look like one and that nobody has spoken about, with the evidence side by side, the
    surest first; ``answers``, unless only open ones are wanted: all that people said, in its order, then ``links``:
    what was linked by its score alone, and no longer is."""
    with world.store.read() as connection:
        pairs = likeness.proposed(connection, shipped())
        keys = sorted({key for pair in pairs for key in (pair.one, pair.other)})
        rows = rows_named(connection, keys, world.mappings)
        whose = _things(connection, world, keys)
        answers = [] if only_open else directives_of(connection, (Act.LINK, Act.SEPARATE))
        links = [] if only_open else linked.history(connection)
    there = [pair for pair in pairs if pair.one in rows and pair.other in rows]
    return {
        "pairs": [_pair(pair, rows) for pair in there if whose[pair.one] != whose[pair.other]],
        "answers": [_answer(word) for word in answers],
        "links": links,
    }


def _things(connection: Any, world: World, keys: Sequence[str]) -> dict[str, str]:
    """The account that each of some rows is of, by the key of its first row."""
    found = {key: key for key in keys}
    for page in chunks(sorted(likeness.groups_of(connection, keys))):
        for group in load_groups(connection, page, world.mappings):
            accounts = [row for row in group.rows if row.kind == "account"]
            for thing in link(accounts, world.record_of.get("account"), group.said):
                found.update({str(row.ref): str(thing.rows[0].ref) for row in thing.rows})
    return found


def _pair(pair: likeness.Pair, rows: Mapping[str, Row], model: Model | None = None) -> dict[str, Any]:
    model = model or shipped()
    sides = [rows[pair.one], rows[pair.other]]
    one, other = (profile_of(row) or Profile() for row in sides)
    found = liken(model, one, pair.other, other)
    against = [text for text in (found.veto, found.related, one.remarks, other.remarks) if text]
    return {
        "outcome": pair.outcome,
        "score": pair.score / 100,
        "model": pair.model,
        "reasons": [*model.reasons(found.levels), *against],
        "sides": [_side(row) for row in sides],
    }


def _side(row: Row) -> dict[str, Any]:
    shown = {path: row.values.get(path) for path in _SHOWN}
    return {"row": str(row.ref), **shown, "parent": str(row.values["parent"]) if row.values.get("parent") else None}


def _answer(word: Directive) -> dict[str, Any]:
    return {
        "act": word.act,
        "one": word.subject,
        "other": word.winner,
        "by": word.by,
        "at": word.at.isoformat(),
        "reason": word.reason,
    }


def say_same(world: World, one: str, other: str, speaker: Speaker) -> Directive:
    """Two rows are one account, or one deal, whatever their numbers say; the next run judges them together.

    Raises BadInput when one of them is unknown, they are of two kinds, or it was said already.
    """
    return _say(world, (one, other), Act.LINK, speaker)


def say_apart(world: World, one: str, other: str, speaker: Speaker) -> Directive:
    """Two rows are two, whatever they share: nothing joins them until a person links them. Raises as `say_same`."""
    return _say(world, (one, other), Act.SEPARATE, speaker)


def _say(world: World, idents: tuple[str, str], act: Act, speaker: Speaker) -> Directive:
    with world.store.write() as connection:
        rows = [_one(connection, world, ident) for ident in idents]
        _check(idents, rows)
        first, second = sorted(str(row.ref) for row in rows)
        if any(
            word.together is (act is Act.LINK)
            for word in said.said_about(connection, [first])
            if second in (word.one, word.other)
        ):
            raise refused(
                " ".join(idents), "somebody said so already", "`dealsync cases --kind identity --all` lists it"
            )
        word = Directive(
            id=name("said", act, first, second, speaker.by, speaker.at.isoformat()),
            act=act,
            subject=first,
            by=speaker.by,
            at=speaker.at,
            reason=speaker.reason,
            winner=second,
        )
        said.say_pair(connection, word)
        said.judge_anew(connection, rows, speaker.at)
    return word


def _check(idents: Sequence[str], rows: Sequence[Row]) -> None:
    one, other = rows
    if one.ref == other.ref:
        raise refused(" ".join(idents), "this is one and the same row", "name two rows")
    if one.kind != other.kind:
        raise refused(
            " ".join(idents), f"one is of kind {one.kind}, the other {other.kind}", "name two of one kind"
        )


def _one(connection: Any, world: World, ident: str) -> Row:
    keys = said.rows_called(connection, ident)
    if len(keys) != 1:
        what = f"{len(keys) or 'no'} account or deal has this id"
        raise refused(ident, what, "give its full name, like sf:Account:0015e00000A1B2C")
    return rows_named(connection, keys, world.mappings)[keys[0]]
