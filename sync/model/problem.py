"""A fault in somebody's input, said so that they can mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Where it is (file and key, or record and field), what is wrong, what to do. Collected, never one by one.

    ``key``: of a file, the very key to look at, where ``where`` names the block around it.
    """

    where: str
    what: str
    fix: str
    key: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.where}: {self.what}\n    fix: {self.fix}"


class BadInput(Exception):
    """Everything that is wrong with what somebody gave us, all at once."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """The fix for a misspelt word: the nearest known one, or ``otherwise``."""
    names = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), names, n=1)
    return f"did you mean {names[near[0]]!r}?" if near else otherwise
