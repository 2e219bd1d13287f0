"""A first mapping for an org as it is: which of its fields each path stands in, why, and what is in doubt."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from connector.record import FieldInfo, FieldType
from sync.mapping.form import FieldForm, MappingForm
from sync.mapping.likeness import alike, first_map, likeness
from sync.mapping.paths import PATHS, Path
from sync.mapping.transforms import TRANSFORMS, Setting

FITS: Final[Mapping[str, tuple[FieldType, ...]]] = {
    "text": (FieldType.TEXT, FieldType.CHOICE, FieldType.ID, FieldType.REFERENCE, FieldType.NUMBER),
    "number": (FieldType.NUMBER,),
    "money": (FieldType.NUMBER,),
    "part": (FieldType.NUMBER,),
    "flag": (FieldType.BOOLEAN, FieldType.CHOICE),
    "day": (FieldType.DATE, FieldType.DATETIME),
    "moment": (FieldType.DATETIME,),
    "domain": (FieldType.TEXT,),
    "choice": (FieldType.CHOICE, FieldType.TEXT),
    "choices": (FieldType.CHOICES, FieldType.CHOICE, FieldType.TEXT),
    "reference": (FieldType.REFERENCE, FieldType.TEXT, FieldType.ID, FieldType.NUMBER),
    "references": (FieldType.REFERENCE, FieldType.TEXT, FieldType.ID, FieldType.NUMBER),
    "words": (FieldType.TEXT, FieldType.CHOICES, FieldType.CHOICE),
    "evidence": (FieldType.TEXT,),
    "certifications": (FieldType.TEXT,),
}
"""What a field may hold for a path of this transform."""

OTHER_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "account": ("customer", "client", "company"),
    "amount": ("deal value", "contract value", "order value", "total contract value"),
    "agreement_end": ("contract end", "contract valid to"),
    "agreement_start": ("contract start", "contract valid from"),
    "certifications": ("certificates", "accreditations"),
    "close_date": ("closing date", "expected close", "expected order date"),
    "customer_name": ("end customer", "end customer name"),
    "declared_value": ("expected value", "estimated value"),
    "direct_engaged_at": ("direct sales since", "first direct contact"),
    "domain": ("website", "web site", "homepage"),
    "named_list": ("named account list", "house account"),
    "partner": ("reseller", "partner company"),
    "postal_code": ("zip", "zip code"),
    "roles": ("partner roles", "role"),
    "source": ("lead source", "origin"),
    "stage": ("phase", "sales phase"),
    "submitted_at": ("filed at", "registered at", "submission date"),
    "tier": ("level", "partner level", "partner tier", "channel level"),
    "type": ("deal type", "business type"),
}
"""What a path is called elsewhere."""

SURE: Final = 85
LIKELY: Final = 70
"""Points, of 100 or so, from which a likeness is taken without a doubt, and at all."""
CLOSE: Final = 5


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One path: the fields it should stand in (none: it is left out), why, and what a person should look at.

    ``values``: the map of its picklist where it is another one than the shipped. ``others``: fields that came next.
    """

    path: str
    remote: tuple[str, ...]
    reason: str
    doubt: str = ""
    values: Mapping[str, str] | None = None
    unknown: tuple[str, ...] = ()  # picklist values without a word
    hints: Mapping[str, str] = field(default_factory=dict)  # of those, the word that a value looks like: only asked
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Org:
    """One object as it is: its fields, what a few records hold in them, and which fields our package brings."""

    fields: Sequence[FieldInfo]
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    brought: Collection[str] = ()

    @property
    def named(self) -> Mapping[str, FieldInfo]:
        """Its fields by name."""
        return {each.name: each for each in self.fields}


def suggest(form: MappingForm, org: Org) -> list[Suggestion]:
    """A suggestion for every path of a shipped mapping, in its order; the same for the same org, always."""
    named = org.named
    same = {block.canonical: block.names[0] for block in form.field if block.names[0] in named}
    chosen = {path: name for path, name in same.items() if _fits(form, path, named[name])}
    points = {block.canonical: _ranked(form, block, org) for block in form.field if block.canonical not in chosen}
    taken = set(chosen.values())
    order = [block.canonical for block in form.field]
    offers = [(-score, order.index(path), name, path) for path, found in points.items() for score, name in found]
    likely: dict[str, tuple[int, str]] = {}
    for score, _, name, path in sorted(offers):
        if path not in likely and name not in taken and -score >= LIKELY:
            likely[path] = (-score, name)
            taken.add(name)
    return [
        _valued(_said(form, block, org, chosen, likely, points.get(block.canonical, ())), form, org)
        for block in form.field
    ]


def likeliest(form: MappingForm, org: Org, each: int = 3) -> list[str]:
    """The fields whose values are worth looking at before anything is suggested: the nearest few of each path."""
    found = dict.fromkeys(name for block in form.field for name in block.names if name in org.named)
    for block in form.field:
        found |= dict.fromkeys(name for _, name in _ranked(form, block, org)[:each])
    return list(found)


def _ranked(form: MappingForm, block: FieldForm, org: Org) -> list[tuple[int, str]]:
    """Fields that could hold a path, the likeliest first. What we write is never guessed."""
    path = PATHS[form.canonical][block.canonical]
    if path.ours or "#" in block.names[0]:
        return []
    used = {name for other in form.field if other is not block for name in other.names}
    scored = [
        (_points(form, block, path, info, org.texts.get(info.name, ())), info.name)
        for info in org.fields
        if info.name not in used and "#" not in info.name and _fits(form, block.canonical, info)
    ]
    return sorted(scored, key=lambda entry: (-entry[0], entry[1]))


def _points(form: MappingForm, block: FieldForm, path: Path, info: FieldInfo, texts: Sequence[str]) -> int:
    names = (block.names[0], block.canonical, *OTHER_WORDS.get(block.canonical, ()))
    score = max(likeness(shown, name) for shown in (info.name, info.label or info.name) for name in names)
    values = info.options or tuple(dict.fromkeys(texts))
    if path.words and values:
        known = form.picklist[block.picklist].map if block.picklist else {}
        return score + 20 * len(first_map(values, path.words, known)) // len(values) - 10
    return score - 30 * (len(texts) - _readable(path, texts)) // max(len(texts), 1)


def _readable(path: Path, texts: Sequence[str]) -> int:
    """How many of some texts are what the path wants."""
    return sum(_reads(path.transform, text) for text in texts)


def _reads(transform: str, text: str) -> bool:
    try:
        TRANSFORMS[transform].read((text,), Setting("", currency="EUR"))
    except ValueError:
        return False
    return True


def _fits(form: MappingForm, path: str, info: FieldInfo) -> bool:
    """Whether a field holds what a path is; a reference must be able to point where the path points."""
    known = PATHS[form.canonical][path]
    if info.type is FieldType.ASSOCIATION:
        return known.transform.startswith("reference")
    if info.type not in FITS[known.transform]:
        return False
    refers = next((block.refers for block in form.field if block.canonical == path), None)
    plain = (refers or "").rpartition(":")[2]
    return not (info.refers_to and plain and ":" not in (refers or "") and plain not in info.refers_to)


def _said(
    form: MappingForm,
    block: FieldForm,
    org: Org,
    chosen: Mapping[str, str],
    likely: Mapping[str, tuple[int, str]],
    ranked: Sequence[tuple[int, str]],
) -> Suggestion:
    path, shipped = block.canonical, block.names[0]
    others = tuple(name for score, name in ranked[:4] if score >= LIKELY - 20)
    if path in chosen:
        return Suggestion(path, block.remote, "it has the shipped name")
    if path in likely and (likely[path][0] >= SURE or shipped not in org.brought):
        return _guessed(block, org, likely[path], ranked, others)
    if "#" in shipped:
        return Suggestion(path, block.remote, "an association")
    if shipped in org.brought:
        return Suggestion(path, block.remote, "not there yet: it comes with our package", others=others)
    if shipped in org.named:
        what = f"{shipped} holds {org.named[shipped].type}, not {PATHS[form.canonical][path].transform}"
        return Suggestion(path, (), "left out", what, others=others)
    if block.remote[0].endswith("?"):
        return Suggestion(path, block.remote, "used where it is there")
    return Suggestion(path, (), "left out", "no field looks like it", others=others)


def _guessed(
    block: FieldForm, org: Org, best: tuple[int, str], ranked: Sequence[tuple[int, str]], others: tuple[str, ...]
) -> Suggestion:
    score, name = best
    info = org.named[name]
    rivals = [other for points, other in ranked if other != name and points >= score - CLOSE]
    doubt = f"{rivals[0]} is as likely" if rivals else "the names differ" if score < SURE else ""
    texts = org.texts.get(name, ())
    seen = f", {len(texts)} records have a value" if texts else ", no record looked at has a value"
    reason = f"{info.label!r} ({info.type}) looks like it{seen}"
    mark = "?" if block.remote[0].endswith("?") else ""
    remote = (name + mark, *block.remote[1:])
    return Suggestion(block.canonical, remote, reason, doubt, others=tuple(o for o in others if o != name))


def _valued(found: Suggestion, form: MappingForm, org: Org) -> Suggestion:
    """With the map of its picklist, where the org's values are others than those of the shipped map."""
    block = next(block for block in form.field if block.canonical == found.path)
    path = PATHS[form.canonical][found.path]
    info = org.named.get(found.remote[0].removesuffix("?")) if found.remote else None
    if not path.words or path.ours or info is None or block.picklist is None:
        return found
    known = form.picklist[block.picklist].map
    values = info.options or tuple(
        sorted({value.strip() for t in org.texts.get(info.name, ()) for value in t.split(";")})
    )
    if not [value for value in values if value not in known]:
        return found
    mapped = ({} if info.options else dict(known)) | first_map(values, path.words, known)
    unknown = tuple(value for value in values if value not in mapped)
    doubts = [found.doubt] if found.doubt else []
    doubts += [f"what is {', '.join(unknown)}?"] if unknown else []
    hints = {value: word for value in unknown if (word := alike(value, path.words))}
    return replace(found, values=mapped, unknown=unknown, hints=hints, doubt="; ".join(doubts))


def differing(form: MappingForm, found: Sequence[Suggestion]) -> Iterator[Suggestion]:
    """The suggestions that are not what the shipped mapping says already."""
    shipped = {block.canonical: block.remote for block in form.field}
    yield from (each for each in found if each.remote != shipped[each.path] or each.values is not None)


def as_mapping(form: MappingForm, found: Sequence[Suggestion], kind: str) -> dict[str, Any] | None:
    """What a mapping file says to be as suggested: what it extends, and what differs. ``None``: nothing does."""
    blocks = {block.canonical: block for block in form.field}
    changed = list(differing(form, found))
    if not changed and kind == form.object:
        return None
    whole: dict[str, Any] = {"schema": 1, "extends": form.id, "id": form.id}
    whole |= {"object": kind} if kind != form.object else {}
    if dropped := [each.path for each in changed if not each.remote]:
        whole["drop"] = dropped
    whole["field"] = [
        {**_keys(blocks[each.path]), "remote": list(each.remote) if len(each.remote) > 1 else each.remote[0]}
        | ({"notes": each.reason + (f"; {each.doubt}" if each.doubt else "")})
        for each in changed
        if each.remote and each.remote != blocks[each.path].remote
    ]
    whole["picklist"] = {
        str(blocks[each.path].picklist): {"map": dict(each.values)} for each in changed if each.values
    }
    return whole


def _keys(block: FieldForm) -> dict[str, Any]:
    return block.model_dump(exclude_defaults=True, exclude={"remote", "notes"})
