"""The labelled companies: read, and split by family: no company of the held-out part is in the fitted one."""

from __future__ import annotations

import csv
import gzip
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from math import log2
from pathlib import Path
from typing import Any

from sync.identity.profile import FIELDS, Profile, profile

ROOT = Path(__file__).resolve().parents[2]
FITTED = 70
"""So many families of a hundred are fitted on; figures are about the others only."""
MIXED = 45
"""Of the pairs between the two parts so many of a hundred count as held out: negatives, as many as elsewhere."""
COMMON = 8
"""A word that fewer names have is as rare as can be."""
RAREST = 15
SETS = ("orgs", "issuers", "utilities")


def folder() -> Path | None:
    """Where the data are: the environment says, or a ``data/matching`` lies in a neighbour of this checkout."""
    if told := os.environ.get("DEALSYNC_LABELS"):
        return Path(told)
    return next((path.parent for path in sorted(ROOT.parent.glob("*/data/matching/pairs.csv"))), None)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records and whether they are one. ``part``: fit, held, or neither."""

    part: str
    label: bool
    company: bool
    left: Profile
    right: Profile
    names: tuple[str, str]
    companies: tuple[str, str]


class Labelled:
    """All of it, read once."""

    def __init__(self, where: Path) -> None:
        self._where = where
        self.records = [row for name in SETS for row in self._rows(f"{name}_records.csv")]
        self.background = list(self._rows("gleif_background.csv.gz"))
        self._cluster = {row["rec_id"]: row["cluster_id"] for row in self.records}
        self._family: dict[str, str] = {}
        self.related: dict[str, set[str]] = {}
        for row in self._rows("related.csv"):
            one, other = row["cluster_a"], row["cluster_b"]
            self._join(one, other)
            self.related.setdefault(one, set()).add(other)
            self.related.setdefault(other, set()).add(one)
        own = (row for row in self.records if row["role"] == "master" and row["orphan"] == "0")
        self.indexed = {row["cluster_id"] for row in own}
        self._pairs = list(self._rows("pairs.csv"))
        for row in self._pairs:
            if row["label"] == "1":
                self._join(self.company(row["l_id"]), self.company(row["r_id"]))

    def pairs(self) -> Iterator[Pair]:
        """Every pair but the renamed ones, which nothing but an alias finds."""
        for row in self._pairs:
            if row["kind"] != "rename":
                left, right = _said(row, "l_"), _said(row, "r_")
                names = (row["l_name"], row["r_name"])
                part, company = self._part(row), row["org_type"] == "company"
                whose = self.company(row["l_id"]), self.company(row["r_id"])
                yield Pair(part, row["label"] == "1", company, profile(left), profile(right), names, whose)

    def fitted(self, cluster: str) -> bool:
        """Whether a company belongs to the part that is fitted on."""
        return _hundredth(self._lead(cluster)) < FITTED

    def words(self) -> dict[str, str]:
        """How rare the words of names are: 1 for one that every second name has, a step more for half as many.
        Counted in the background and in the part that is fitted on."""
        names = [row["name"] for row in self.background]
        own = (row for row in self.records if row["role"] == "master")
        names += [row["name"] for row in own if self.fitted(row["cluster_id"])]
        counts = Counter(word for name in names for word in set(profile({"name": name}).core.split()))
        kept = {word: count for word, count in counts.items() if count >= COMMON}
        found: dict[int, list[str]] = defaultdict(list)
        for word, count in sorted(kept.items()):
            found[max(1, round(log2(len(names) / count)))].append(word)
        return {str(rarity): " ".join(words) for rarity, words in sorted(found.items())}

    def fold(self, cluster: str, folds: int) -> int:
        """In which of some parts of the fitted part a company is, with its whole family."""
        return _hundredth(f"fold {self._lead(cluster)}") % folds

    def accounts(self, *, held: bool = True) -> Iterator[tuple[str, Profile]]:
        """The index: its own id, and the record. Orphans' accounts are left out, and, unless ``held``, those of
        the held-out part."""
        for row in self.records:
            if row["role"] == "master" and row["orphan"] == "0" and (held or self.fitted(row["cluster_id"])):
                yield row["rec_id"], profile(_said(row))
        for row in self.background:
            yield f"lei:{row['lei']}", profile({"name": row["name"], "country": row["country"]})

    def asked(self, *, fitted: bool) -> list[tuple[str, Profile]]:
        """What partners entered of one of the two parts: the right answer, and the record."""
        own = [row for row in self.records if row["role"] == "partner"]
        return [(row["cluster_id"], profile(_said(row))) for row in own if self.fitted(row["cluster_id"]) is fitted]

    def answerable(self, answers: Iterable[str]) -> list[str]:
        """Those of some companies that have an account in the index."""
        return [answer for answer in answers if answer in self.indexed]

    def _part(self, row: dict[str, str]) -> str:
        parts = {self.fitted(self.company(row[side])) for side in ("l_id", "r_id")}
        if len(parts) == 1:
            return "fit" if parts == {True} else "held"
        return "held" if _hundredth(row["pair_id"]) < MIXED else ""

    def company(self, record: str) -> str:
        """The company that a record is of."""
        return self._cluster.get(record, record)

    def _lead(self, cluster: str) -> str:
        while (lead := self._family.setdefault(cluster, cluster)) != cluster:
            self._family[cluster] = self._family[lead]
            cluster = lead
        return cluster

    def _join(self, one: str, other: str) -> None:
        low, high = sorted((self._lead(one), self._lead(other)))
        self._family[high] = low

    def _rows(self, name: str) -> Iterator[dict[str, str]]:
        path = self._where / name
        with (
            gzip.open(path, "rt", encoding="utf-8") if name.endswith(".gz") else path.open(encoding="utf-8") as file
        ):
            yield from csv.DictReader(file)


def _said(row: dict[str, str], prefix: str = "") -> dict[str, Any]:
    return {field: row[prefix + field] for field in FIELDS if row.get(prefix + field)}


def _hundredth(text: str) -> int:
    return int(sha256(text.encode()).hexdigest()[:8], 16) % 100
