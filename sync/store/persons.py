"""Names of persons: they lie in one table, and only a keyed digest in what is sealed, so that they can be erased.

What is decided is made with names and read with names; in between, on the way into and out of the store, each name
in a field that a person's name can stand in is exchanged for its digest. An erased name is read as ``ERASED``.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32encode
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import Connection, func, literal, select, update

from connector.record import datetime_text
from sync.model.facts import Facts, Verdict
from sync.store.dialect import insert, random_hex
from sync.store.rows import chunks
from sync.store.tables import person, setting

ERASED: Final = "erased person"
Exchange = Callable[[str], str]
"""From a text with names to one with digests, or back."""

_NOT_PERSONS: Final = frozenset({"", "rule", "unnamed", ERASED})
_DIGEST: Final = re.compile(r"person_[a-z2-7]{32}")
_STRING: Final = r'"(?:[^"\\]|\\.)*"'
_TEXTS: Final = re.compile(rf'"([a-z_]+)":(?:({_STRING})|(?=[\[{{]))|({_STRING})')
"""A key with its text, a key with what follows it, or one text of a list."""

_VOCABULARY: Final = re.compile(
    r"id|subject|act|event|kind|(from_|to_)?state|seat|severity|resolution|result|rule|policy|model|status"
    r"|currency|party|lead|winner|roles|line_ids|registrations|\w+_id"
)
"""Where no name can stand: our own words and ids. Everywhere else a name is exchanged."""

_WORD: Final = re.compile(r"\w+")
_SPELT_WORD: Final = re.compile(r"\\u[0-9a-f]{4}|\\.|\w+")
"""The same in JSON, where a line break before a name is spelt with a letter."""


def people_in(facts: Facts, verdict: Verdict) -> set[str]:
    """Everybody whose name is new in a verdict on these facts."""
    found = {entry.voter or "" for entry in facts.registrations} | {said.by for said in facts.directives}
    return found | {decision.actor for decision in verdict.decisions if decision.person}


def is_person(actor: str) -> bool:
    """Whether ``actor`` is somebody's name: not a rule, nor a partner company."""
    return actor not in _NOT_PERSONS and not actor.startswith("partner:")


def hide(connection: Connection, names: Collection[str]) -> Exchange:
    """Exchanges these names, which are kept from now on, and all that are known, for their digests."""
    new = sorted({name for name in names if is_person(name)})
    if new:
        key = _key(connection)
        kept = [{"id": digest_of(key, name), "name": name} for name in new]
        connection.execute(insert(connection, person).on_conflict_do_nothing(), kept)
    known = connection.execute(select(person.c.id, person.c.name).where(person.c.name.is_not(None)))
    return Hiding({row.name: row.id for row in known})


class Hiding:
    """The exchange of some names for their digests in a stored text, wherever a name can stand as whole words."""

    def __init__(self, digests: Mapping[str, str]) -> None:
        self._by_word: dict[str, list[tuple[int, str, str]]] = {}
        for name in sorted(digests, key=lambda name: (-len(name), name)):
            if first := _WORD.search(name):
                self._by_word.setdefault(first[0], []).append((first.start(), name, digests[name]))

    def __call__(self, text: str) -> str:
        if self._by_word.keys().isdisjoint(_SPELT_WORD.findall(text)):
            return text
        key = ""

        def at(found: re.Match[str]) -> str:
            nonlocal key
            key = found[1] or key
            value = found[2] or found[3]
            if not value or _VOCABULARY.fullmatch(key):
                return found[0]
            return found[0][: -len(value)] + self._spelt(value)

        return _TEXTS.sub(at, text)

    def _spelt(self, value: str) -> str:
        """One JSON string with its names exchanged."""
        if "\\" not in value:
            return self._exchanged(value)
        plain: str = msgspec.json.decode(value)
        return msgspec.json.encode(self._exchanged(plain)).decode()

    def _exchanged(self, value: str) -> str:
        parts, place = [], 0
        for word in _WORD.finditer(value):
            for offset, name, digest in self._by_word.get(word[0], ()):
                start = word.start() - offset
                if start >= place and _stands_at(name, value, start):
                    parts += [value[place:start], digest]
                    place = start + len(name)
                    break
        return "".join((*parts, value[place:]))


def _stands_at(name: str, value: str, start: int) -> bool:
    """Whether ``name`` stands at ``start``, and not as a part of a longer word."""
    around = value[start - 1 : start], value[start + len(name) : start + len(name) + 1]
    return value.startswith(name, start) and not any(map(_WORD.match, around))


def reveal(connection: Connection, texts: Sequence[str]) -> list[str]:
    """Stored texts with the names that their digests stand for."""
    found = sorted({digest for text in texts if "person_" in text for digest in _DIGEST.findall(text)})
    if not found:
        return list(texts)
    names: dict[str, str] = {}
    for chunk in chunks(found):
        for row in connection.execute(select(person.c.id, person.c.name).where(person.c.id.in_(chunk))):
            names[row.id] = _in_json(ERASED if row.name is None else row.name)
    return [_DIGEST.sub(lambda digest: names.get(digest[0], digest[0]), text) for text in texts]


def without_erased(connection: Connection, facts: Iterable[Facts]) -> list[Facts]:
    """The facts as if the CRM had forgotten, too, who was erased here."""
    erased = set(connection.scalars(select(person.c.id).where(person.c.name.is_(None))))
    if not erased:
        return list(facts)
    key = _key(connection)
    return [_forgetting(entry, erased, key) for entry in facts]


def _forgetting(facts: Facts, erased: Collection[str], key: bytes) -> Facts:
    voters = {entry.voter for entry in facts.registrations if entry.voter}
    names = {name for name in voters if digest_of(key, name) in erased}
    if not names:
        return facts
    return replace(
        facts,
        registrations=tuple(
            replace(entry, voter=ERASED) if entry.voter in names else entry for entry in facts.registrations
        ),
    )


def find_persons(connection: Connection, name: str) -> dict[str, str]:
    """Everybody of this name or address, in whatever case it is spelt: digest to name."""
    query = select(person.c.id, person.c.name).where(func.lower(person.c.name) == name.lower())
    return {row.id: row.name for row in connection.execute(query)}


def all_names(connection: Connection) -> list[str]:
    """Every name that is kept, in the order of the alphabet."""
    query = select(person.c.name).where(person.c.name.is_not(None)).order_by(person.c.name)
    return [str(name) for name in connection.scalars(query)]


def erase_names(connection: Connection, digests: Collection[str], now: datetime) -> None:
    """These digests stand for nobody any more."""
    gone = {"name": None, "erased_at": datetime_text(now)}
    connection.execute(update(person).where(person.c.id.in_(sorted(digests))).values(**gone))


def digest_of(key: bytes, name: str) -> str:
    """What stands for a name in everything that is sealed: HMAC-SHA-256 under the store's own key."""
    return f"person_{b32encode(hmac.digest(key, name.encode(), 'sha256')).decode('ascii').lower()[:32]}"


def _key(connection: Connection) -> bytes:
    """The store's key, made by the database when it is first needed; it never leaves the store."""
    query = select(setting.c.value).where(setting.c.name == "person_key")
    found = connection.scalar(query)
    if found is None:
        made = insert(connection, setting).from_select(
            ["name", "value"], select(literal("person_key"), random_hex(connection))
        )
        connection.execute(made)
        found = connection.scalar(query)
    return bytes.fromhex(str(found))


def _in_json(name: str) -> str:
    return msgspec.json.encode(name).decode()[1:-1]
