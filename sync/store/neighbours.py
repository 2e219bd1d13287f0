"""The index of accounts by the keys that they may have in common: kept per changed record, asked for neighbours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection

from sync.identity.keys import KINDS, Key, keys
from sync.identity.profile import Profile
from sync.identity.score import Model
from sync.store.dialect import PLACE
from sync.store.rows import chunks

_NEIGHBOURS: Final = 64
_CALLED: Final = 400
_PARTED: Final = "\x1f"
_PAGE: Final = 4000
_KEEP: Final = """INSERT INTO likeness_account (id, facts) VALUES ({0}, {0})
    ON CONFLICT (id) DO UPDATE SET facts = excluded.facts"""


def put(connection: Connection, model: Model, changed: Mapping[str, Profile], among: str = "") -> None:
    """Keep some records as they are now. Costs as much as they have keys, however many records there are.

    ``among``: records of another sort than accounts, which are found among themselves only.
    """
    before = _facts_of(connection, list(changed))
    same = {ident for ident, (_, own) in before.items() if own == changed[ident]}
    changed = {ident: own for ident, own in changed.items() if ident not in same}
    _drop_keys(connection, model, {ident: before[ident] for ident in changed if ident in before}, among)
    rows = [(ident, _text(own)) for ident, own in sorted(changed.items())]
    _many(connection, _KEEP, rows)
    numbers = {ident: number for ident, (number, _) in _facts_of(connection, list(changed)).items()}
    held = [(key.hash, numbers[ident]) for ident, own in changed.items() for key in keys(own, model.rarity, among)]
    _many(
        connection,
        "INSERT INTO likeness_key (hash, account) VALUES ({0}, {0}) ON CONFLICT DO NOTHING",
        sorted(set(held)),
    )


def drop(connection: Connection, model: Model, gone: Sequence[str], among: str = "") -> None:
    """Forget some records."""
    before = _facts_of(connection, gone)
    _drop_keys(connection, model, before, among)
    _many(
        connection, "DELETE FROM likeness_account WHERE account = {0}", [(number,) for number, _ in before.values()]
    )


def forget(connection: Connection) -> None:
    """Empty the index: other weights have other keys."""
    for table in ("likeness_key", "likeness_account"):
        _do(connection, f"DELETE FROM {table}")  # noqa: S608 a name of ours


def known(connection: Connection, idents: Sequence[str]) -> dict[str, Profile]:
    """Some records as they are kept, by id; those that are not kept are left out."""
    return {ident: own for ident, (_, own) in _facts_of(connection, idents).items()}


def after(connection: Connection, ident: str, limit: int) -> list[tuple[str, Profile]]:
    """The next records after one, in the order of their ids."""
    place = PLACE[connection.dialect.name]
    statement = f"SELECT id, facts FROM likeness_account WHERE id > {place} ORDER BY id LIMIT {place}"  # noqa: S608
    return [(found, _profile(text)) for found, text in connection.exec_driver_sql(statement, (ident, limit))]


def _drop_keys(connection: Connection, model: Model, before: Mapping[str, tuple[int, Profile]], among: str) -> None:
    old = [(key.hash, number) for number, own in before.values() for key in keys(own, model.rarity, among)]
    _many(connection, "DELETE FROM likeness_key WHERE hash = {0} AND account = {0}", sorted(set(old)))


def fill(connection: Connection, model: Model, records: Iterable[tuple[str, Profile]]) -> None:
    """Keep very many records that are not there yet: keys are sorted before they are stored, by the database."""
    _do(connection, "CREATE TEMPORARY TABLE likeness_staged (hash BIGINT NOT NULL, account BIGINT NOT NULL)")
    first = _first_free(connection)
    for page in _pages(records):
        numbered = list(enumerate(page, first))
        first += len(page)
        accounts = [(number, ident, _text(own)) for number, (ident, own) in numbered]
        staged = [(key.hash, number) for number, (_, own) in numbered for key in keys(own, model.rarity)]
        _many(connection, "INSERT INTO likeness_account (account, id, facts) VALUES ({0}, {0}, {0})", accounts)
        _many(connection, "INSERT INTO likeness_staged (hash, account) VALUES ({0}, {0})", staged)
    ordered = "SELECT DISTINCT hash, account FROM likeness_staged ORDER BY hash, account"
    _do(connection, f"INSERT INTO likeness_key (hash, account) {ordered}")
    _do(connection, "DROP TABLE likeness_staged")


def near(connection: Connection, model: Model, own: Profile) -> dict[str, Profile]:
    """Those records that have the most telling keys in common with one, by id. Keys that too many have are left out
    whole, and so are neighbours that are no nearer than too many others: what is found never depends on the order
    in which records came."""
    wanted = keys(own, model.rarity)
    numbers = _nearest(_holders(connection, wanted), wanted)
    found = {}
    for chunk in chunks(numbers):
        places = ", ".join([PLACE[connection.dialect.name]] * len(chunk))
        statement = f"SELECT id, facts FROM likeness_account WHERE account IN ({places})"  # noqa: S608
        found.update({ident: _profile(text) for ident, text in connection.exec_driver_sql(statement, tuple(chunk))})
    return found


def named(connection: Connection, model: Model, own: Profile, among: str = "") -> dict[str, Profile]:
    """Those records that are called like one, by id, the first of them by id where they are very many."""
    hashes = [key.hash for key in keys(own, model.rarity, among) if key.kind in ("name", "words")]
    if not hashes:
        return {}
    place = PLACE[connection.dialect.name]
    held = f"SELECT account FROM likeness_key WHERE hash IN ({', '.join([place] * len(hashes))})"  # noqa: S608
    first = f"account IN ({held}) ORDER BY id LIMIT {_CALLED}"
    found = connection.exec_driver_sql(f"SELECT id, facts FROM likeness_account WHERE {first}", tuple(hashes))  # noqa: S608
    return {ident: _profile(text) for ident, text in found}


def _holders(connection: Connection, wanted: Sequence[Key]) -> dict[int, list[int]]:
    """The records that have each key, one more than may be where there are too many."""
    if not wanted:
        return {}
    place = PLACE[connection.dialect.name]
    some = f"SELECT hash, account FROM likeness_key WHERE hash = {place} LIMIT {place}"  # noqa: S608
    one = f"SELECT hash, account FROM ({some}) AS held"  # noqa: S608
    values = tuple(value for key in wanted for value in (key.hash, KINDS[key.kind].most + 1))
    found: dict[int, list[int]] = {}
    for hashed, number in connection.exec_driver_sql(" UNION ALL ".join([one] * len(wanted)), values):
        found.setdefault(hashed, []).append(number)
    return found


def _nearest(holders: Mapping[int, Sequence[int]], wanted: Sequence[Key]) -> list[int]:
    gains: Counter[int] = Counter()
    for key in wanted:
        held = holders.get(key.hash, ())
        most, gain = KINDS[key.kind]
        if len(held) <= most:
            counts = gain + most.bit_length() - len(held).bit_length()
            for number in held:
                gains[number] += counts
    if len(gains) <= _NEIGHBOURS:
        return sorted(gains)
    least = sorted(gains.values(), reverse=True)[_NEIGHBOURS - 1]
    ahead = [number for number, gain in gains.items() if gain > least]
    level = [number for number, gain in gains.items() if gain == least]
    return sorted(ahead + level if len(ahead) + len(level) <= 2 * _NEIGHBOURS else ahead)


def _first_free(connection: Connection) -> int:
    return int(_do(connection, "SELECT coalesce(max(account), 0) + 1 FROM likeness_account").scalar_one())


def _facts_of(connection: Connection, idents: Sequence[str]) -> dict[str, tuple[int, Profile]]:
    found = {}
    for chunk in chunks(idents):
        places = ", ".join([PLACE[connection.dialect.name]] * len(chunk))
        statement = f"SELECT id, account, facts FROM likeness_account WHERE id IN ({places})"  # noqa: S608
        for ident, number, text in connection.exec_driver_sql(statement, tuple(chunk)):
            found[ident] = (number, _profile(text))
    return found


def _text(own: Profile) -> str:
    return _PARTED.join(own)


def _profile(text: str) -> Profile:
    return Profile(*text.split(_PARTED))


def _pages(records: Iterable[tuple[str, Profile]]) -> Iterator[list[tuple[str, Profile]]]:
    page: list[tuple[str, Profile]] = []
    for entry in records:
        page.append(entry)
        if len(page) >= _PAGE:
            yield page
            page = []
    if page:
        yield page


def _many(connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        connection.exec_driver_sql(statement.format(PLACE[connection.dialect.name]), list(rows))


def _do(connection: Connection, statement: str) -> Any:
    return connection.exec_driver_sql(statement)
