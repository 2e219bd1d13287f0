"""What happened on one deal that a model can divide by, beside who its partners are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from sync.attribution.lines import Line
from sync.attribution.touch import Touch
from sync.attribution.weights import Weights


class Unusable(ValueError):
    """A model cannot divide this deal: ``field`` of its grounds is missing or contradicts itself."""

    def __init__(self, field: str, cause: str, fix: str) -> None:
        super().__init__(f"{cause}: {fix}")
        self.field, self.cause, self.fix = field, cause, fix


@dataclass(frozen=True, slots=True)
class Grounds:
    """The facts of one deal; each model reads its own.

    ``touches`` up to ``lock`` and the moment the deal was ``opened`` are for the touch models; ``lines`` for lines
    and Shapley; ``worth`` is what each coalition of partners would have sold alone, for Shapley; ``agreed`` are the
    parts (of 1) that the members of a joint registration agreed on, by party id.
    """

    touches: tuple[Touch, ...] = ()
    lock: datetime | None = None
    opened: datetime | None = None
    lines: tuple[Line, ...] = ()
    worth: Mapping[frozenset[str], Fraction] = field(default_factory=dict)
    agreed: Weights = field(default_factory=dict)
