"""What `dealsync doctor --fix` does about a finding: only what takes nothing away, and nothing unseen."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from sync import commands, drafts
from sync.config import Config
from sync.drift import pull_schema
from sync.mapping.edit import with_field
from sync.mapping.examples import following
from sync.model.problem import BadInput, Problem
from sync.sign_in import Clock, open_world


def said(mend: str) -> str:
    """What a mend is, for a person who is asked first."""
    word, *rest = mend.split()
    return _SAID[word].format(*rest)


def carry_out(config: Config, mend: str, clock: Clock) -> Sequence[str]:
    """Do it; a sentence for each thing done. Raises BadInput and CrmError as what it does."""
    word, *rest = mend.split(maxsplit=1 if mend.startswith("rights ") else -1)
    return _DOES[word](config, rest, clock)


def _create(config: Config, words: Sequence[str], clock: Clock) -> Sequence[str]:
    return commands.create_in(config, words[0], clock)


def _rename(config: Config, words: Sequence[str], _: Clock) -> Sequence[str]:
    """The new name in the mapping's draft: what runs stays as it is until a person has published it."""
    mapping, old, new = words
    before = text = drafts.drafted(config, mapping)
    content = tomllib.loads(text)
    blocks = [block for block in content.get("field", ()) if old in _names(block)]
    if not blocks:
        fix = f'add a [[field]] with remote = "{new}" to its file'
        raise BadInput([Problem(mapping, f"{old} is mapped by the file that it extends", fix)])
    for block in blocks:
        remotes = [_named(remote, old, new) for remote in _remotes(block)]
        text = with_field(text, block["canonical"], {"remote": remotes[0] if len(remotes) == 1 else remotes})
    path = drafts.begin(config, mapping)
    path.write_text(following(before, text), encoding="utf-8")
    paths = ", ".join(str(block["canonical"]) for block in blocks)
    return [f"{path}: {paths} stands in {new} now; look at it: dealsync mapping diff {mapping}, then publish it"]


def _remotes(block: Mapping[str, object]) -> list[str]:
    remote = block.get("remote", ())
    return [remote] if isinstance(remote, str) else [str(entry) for entry in remote]  # type: ignore[attr-defined]


def _names(block: Mapping[str, object]) -> list[str]:
    return [remote.removesuffix("?") for remote in _remotes(block)]


def _named(remote: str, old: str, new: str) -> str:
    return remote.replace(old, new) if remote.removesuffix("?") == old else remote


def _rights(_config: Config, words: Sequence[str], _: Clock) -> Sequence[str]:
    path = Path(words[0])
    path.chmod(path.stat().st_mode & ~0o007)
    return [f"{path}: only you and your group may read it"]


def _schema(config: Config, _words: Sequence[str], clock: Clock) -> Sequence[str]:
    with open_world(config, clock) as world:
        missing = pull_schema(world.crms, config.mappings, world.store, clock.now())
    return [*missing, "the schemas of all mapped objects are kept"]


_SAID: Final[Mapping[str, str]] = {
    "create": "create in {0} what is ours and lacks there; what is there is not changed",
    "rename": "write {2} for {1} into the draft of {0}; what runs stays as it is",
    "rights": "take the rights of others from {0}",
    "schema": "look at the schema of every mapped object, and keep it",
}
_DOES: Final[Mapping[str, Callable[[Config, Sequence[str], Clock], Sequence[str]]]] = {
    "create": _create,
    "rename": _rename,
    "rights": _rights,
    "schema": _schema,
}
