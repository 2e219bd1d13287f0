"""What every page is made from: the installation and its rules as the files say now, the store, the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from sync.config import Config, load
from sync.console import words
from sync.console.weighing import Scales
from sync.model.problem import BadInput
from sync.store.opening import Store
from sync.world import World


@dataclass(slots=True)
class Site:
    """One installation, served. ``secure``: browsers reach it over TLS, so that cookies may insist on it."""

    home: Path
    store: Store
    clock: Callable[[], datetime]
    secure: bool = False
    scales: Scales = field(default_factory=Scales)
    templates: Environment = field(init=False)
    _lock: Lock = field(default_factory=Lock)
    _read: tuple[tuple[Any, ...], Config] | None = None

    def __post_init__(self) -> None:
        self.templates = environment()

    @property
    def config(self) -> Config:
        """The installation as its files are now: an edited policy or mapping counts from the next page on.

        Raises BadInput while there is a fault in them.
        """
        with self._lock:
            seen = tuple(_state_of(self.home))
            if self._read is None or self._read[0] != seen:
                self._read = seen, load(self.home)
            return self._read[1]

    @property
    def has_sso(self) -> bool:
        """Whether people may come through a provider; not while there is a fault in the files."""
        try:
            return bool(self.config.form.console.sso.issuer)
        except BadInput:
            return False

    @property
    def world(self) -> World:
        """The store and the rules, without any CRM: pages only look at what is known."""
        config = self.config
        return World(self.store, {}, config.mappings, **config.rules)


def _state_of(home: Path) -> Iterator[tuple[str, int, int]]:
    """What tells an edited file: its name, its time and its size."""
    for path in sorted(
        [home / "config.toml", *home.glob("*/*.toml"), *home.glob("*/overlays/*.toml"), *home.glob("*.csv")]
    ):
        try:
            found = path.stat()
        except FileNotFoundError:
            continue
        yield str(path), found.st_mtime_ns, found.st_size


def environment() -> Environment:
    """The templates. Everything is escaped, always; a name that is not there is an error and not an empty place."""
    made = Environment(
        loader=PackageLoader("sync.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(words.FILTERS)
    made.globals.update(words.GLOBALS)
    return made
