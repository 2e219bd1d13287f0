"""``dealsync match``: records and pairs of records come in on stdin and go out on stdout, a JSON line each."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, TextIO

from sync.cli import screen
from sync.cli.session import DONE, ERROR, now, reading
from sync.identity import door
from sync.identity.profile import Profile, profile
from sync.identity.score import Model, shipped
from sync.identity.verdict import judge
from sync.model.problem import BadInput, Problem
from sync.rulings import full_pass
from sync.store import neighbours
from sync.store.opening import Store, open_store


def pairs() -> int:
    """Every answer as soon as it is known. Returns 1 when a line could not be read, else 0."""
    return _answers(door.pairs(shipped(), sys.stdin.buffer), sys.stdout)


def records() -> int:
    """As `pairs`, for records that are added to an index of their own and looked up in it."""
    with (
        TemporaryDirectory(prefix="dealsync-match-") as folder,
        closing(open_store("sqlite:///match.db", Path(folder))) as store,
    ):
        return _answers(_Index(store, shipped()).answers(sys.stdin.buffer), sys.stdout)


def accounts(home: Path, file: Path | None) -> int:
    """Every account of a store, a line each."""
    with reading(home) as (_, world), file.open("w", encoding="utf-8") if file else nullcontext(sys.stdout) as out:
        out.writelines(line + "\n" for line in full_pass.accounts(world, now()))
    return DONE


def take(home: Path, file: Path | None, json: bool) -> int:
    """Pairs into a store. Returns 1 when a line could not be used, else 0."""
    with reading(home) as (_, world), _opened(file) as lines:
        taken = full_pass.take_pairs(world, now(), lines)
    if json:
        screen.print_json(asdict(taken))
    else:
        screen.say(f"{taken.read} pairs read: {taken.kept} look like one, {taken.unusable} could not be used")
        for problem in taken.problems:
            screen.say(str(problem), "yellow")
        screen.say("dealsync cases --kind identity shows what waits for a person", "dim")
    return ERROR if taken.unusable else DONE


def _opened(file: Path | None) -> AbstractContextManager[BinaryIO]:
    if file is None:
        return nullcontext(sys.stdin.buffer)
    try:
        return file.open("rb")
    except OSError as error:
        raise BadInput([Problem(str(file), str(error.strerror), "name a file with a pair a line")]) from error


def _answers(lines: Iterable[str], target: TextIO) -> int:
    failed = False
    for line in lines:
        failed = failed or '"error": {' in line
        target.write(line + "\n")
        target.flush()
    return int(failed)


class _Index:
    """The records added so far, and the ones that were looked up in them."""

    def __init__(self, store: Store, model: Model) -> None:
        self._store = store
        self._model = model
        self._later: dict[str, Profile] = {}
        self._first: list[tuple[int, Mapping[str, Any]]] = []

    def answers(self, lines: Iterable[bytes]) -> Iterator[str]:
        """An answer to every query, and to every line that cannot be used."""
        said = ((number, door.parsed(line, number)) for number, line in enumerate(lines, 1) if line.strip())
        with self._store.write() as connection:
            neighbours.fill(connection, self._model, self._leading(said))
        for number, line in self._first:
            yield self._answer(number, line)
        for number, line in said:
            if (added := _added(line)) is not None:
                self._later[added[0]] = added[1]
            else:
                yield self._answer(number, line)

    def _leading(self, said: Iterator[tuple[int, Mapping[str, Any]]]) -> Iterator[tuple[str, Profile]]:
        """All that is added before anything is asked; what is added twice waits."""
        known: set[str] = set()
        for number, line in said:
            added = _added(line)
            if added is None:
                self._first.append((number, line))
                return
            if added[0] in known:
                self._later[added[0]] = added[1]
                continue
            known.add(added[0])
            yield added

    def _answer(self, number: int, said: Mapping[str, Any]) -> str:
        ident, record, most = said.get("id"), said.get("record"), said.get("k", 10)
        if "error" in said:
            return json.dumps(said, ensure_ascii=False)
        if said.get("op") != "query" or not isinstance(record, dict) or not isinstance(most, int):
            return json.dumps(door.lacking(ident, number, ("op", "record")), ensure_ascii=False)
        if self._later:
            with self._store.write() as connection:
                neighbours.put(connection, self._model, self._later)
            self._later = {}
        own = profile(record)
        with self._store.read() as connection:
            others = neighbours.near(connection, self._model, own)
        judged = judge(self._model, own, others)
        return door.answer(self._model, ident, own, replace(judged, found=judged.found[:most]), others)


def _added(said: Mapping[str, Any]) -> tuple[str, Profile] | None:
    """The id and profile that a line adds; ``None`` where it adds nothing."""
    record = said.get("record")
    if said.get("op") != "add" or not isinstance(record, dict) or not isinstance(record.get("id"), str):
        return None
    return record["id"], profile(record)
