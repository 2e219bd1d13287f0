"""The draft of a mapping before it runs: its lines, its impact, and publishing exactly what was looked at."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sync import drafts
from sync.config import Config
from sync.impact import Impact, impact
from sync.mapped.sheet import drafted, running
from sync.model.ids import digest
from sync.model.problem import BadInput, Problem
from sync.world import World


def draft_view(config: Config, name: str) -> dict[str, Any]:
    """What a draft says: its lines as a diff, the tests it fails, its faults. `weigh` says what it would change.

    ``seen`` names the very text. Asks no CRM and keeps nothing.
    """
    draft, runs = drafted(config, name), running(config, name)
    return {
        "name": name,
        "title": draft.content.get("title") or name,
        "paused": draft.content.get("status") == "paused",
        "lines": drafts.text_difference(runs.text, draft.text, name),
        "weighs": draft.form is not None and draft.text != runs.text,
        "faults": list(draft.faults),
        "failed": draft.failed,
        "seen": digest(draft.text),
    }


def weigh(config: Config, world: World, name: str, now: datetime) -> Impact:
    """What publishing a draft would change, by what is known; ``world.tell`` hears how far it is.

    Raises BadInput where the draft does not fit with the other files.
    """
    draft = drafted(config, name)
    return impact(world, draft.checked().id, drafts.rehearse(config, name, draft.text), now)


def still_as_seen(config: Config, name: str, seen: str) -> None:
    """Raises BadInput where there is no draft, it is not what was looked at, or it fails its own tests."""
    draft = drafted(config, name)
    draft.checked()
    if not drafts.draft_of(config, name).exists():
        raise BadInput([Problem(name, "there is no draft", "change a field first")])
    if digest(draft.text) != seen:
        what = "the draft was changed after you looked at it"
        raise BadInput([Problem(name, what, "look at it again, then publish it")])
    passes(config, name)


def passes(config: Config, name: str) -> None:
    """Raises BadInput where a draft, or the file without one, is not sound or fails the tests inside it."""
    draft = drafted(config, name)
    draft.checked()
    if draft.failed:
        raise BadInput(list(draft.failed))
