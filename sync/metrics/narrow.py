"""To which part of a programme numbers are narrowed: a region, an industry, a role, bundles, a period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Narrow:
    """What is left; an empty text leaves everything. ``record``: the connection whose unregistered deals count.

    A registration lies in the period of its submission, a deal in that of its close, or of its start while it is
    open. ``after`` is the first day behind the period.
    """

    record: str = ""
    region: str = ""
    vertical: str = ""
    role: str = ""
    bundle: str = ""  # yes, no
    first: date | None = None
    after: date | None = None
