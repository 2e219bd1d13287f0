"""A draft becomes a file of the installation, which is the truth: written once, checked with all others."""

from __future__ import annotations

import re
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from sync.config import Config, load
from sync.drafting import Checked, Draft, check, sentences, signed
from sync.model.problem import BadInput, Problem
from sync.policy import Policy, parse
from sync.sources import each


def texts(config: Config) -> dict[str, str]:
    """The text of every version, by its id."""
    folder = config.form.policies
    found = each(config.home, folder, parse, [])
    return {policy.id: (config.home / source).read_text(encoding="utf-8") for source, policy in found}


def key_sentences() -> dict[str, str]:
    """What each key of a policy sets."""
    return sentences((files("sync.presets") / "README.md").read_text(encoding="utf-8"))


def publish(config: Config, draft: Draft, by: str, now: datetime) -> tuple[Policy, Path]:
    """Write a draft as the next version; returns it and its file.

    Raises BadInput with everything that is wrong with it, and for a draft without a reason. A version that is there
    is never written over; when the installation is not sound with the new file, the file goes again.
    """
    checked = check(draft, config.policies, now)
    problems = list(checked.problems)
    if not draft.why.strip():
        problems.append(Problem("reason", "nobody would know later why", "say why the rules change"))
    if problems or checked.policy is None:
        raise BadInput(problems)
    path = config.home / config.form.policies / f"{_plain(draft.name)}-v{checked.version}.toml"
    _write(config, path, checked, signed(checked.text, checked.version, by, now, draft.why))
    return checked.policy, path


def _plain(name: str) -> str:
    """A name as a file may be called."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "policy"


def _write(config: Config, path: Path, checked: Checked, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        what = f"{path.name} is there already"
        raise BadInput([Problem(f"version {checked.version}", what, "remove or rename that file")]) from None
    except OSError as error:
        fix = "give whoever runs the console the right to write there, or copy the text into the folder yourself"
        raise BadInput([Problem(str(path.parent), f"it cannot be written: {error.strerror}", fix)]) from error
    try:
        load(config.home)
    except BadInput:
        path.unlink()
        raise
