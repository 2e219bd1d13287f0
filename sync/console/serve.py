"""Starts the console: the first time with a link for whoever sets it up, and always on one machine's own terms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

import uvicorn

from sync.config import load
from sync.console.app import build
from sync.console.sign_in import new_link
from sync.console.site import Site
from sync.model.user import User, UserRole
from sync.store.opening import Store, open_store
from sync.store.users import add_user, all_users, find_user

_LIMITS: Final[Mapping[str, Any]] = {"timeout_graceful_shutdown": 5, "limit_concurrency": 500}

FIRST: Final = "admin"
"""The login of whoever sets the console up; it has no password until a person chooses one."""


def serve(home: Path, host: str, port: int, clock: Callable[[], datetime], say: Callable[[str], None]) -> None:
    """Serve the installation in ``home`` until SIGTERM or Ctrl-C. Raises BadInput for what is wrong with it."""
    config = load(home)
    with closing(open_store(config.store_url, config.home)) as store:
        site = Site(config.home, store, clock, secure=config.form.console.url.startswith("https://"))
        address = config.form.console.url.rstrip("/") or f"http://{host}:{port}"
        say(f"console: {address}")
        for line in first_steps(store, host, address, clock()):
            say(line)
        uvicorn.run(build(site), host=host, port=port, log_level="warning", server_header=False, **_LIMITS)


def first_steps(store: Store, host: str, address: str, now: datetime) -> list[str]:
    """What is said while nobody has a password yet: a link that works once, on this machine only."""
    with store.write() as connection:
        known = all_users(connection)
        if any(user.login != FIRST or user.has_password or user.disabled for user in known):
            return []
        if not _is_loopback(host):
            return ["nobody can sign in yet: dealsync user add LOGIN --role admin prints a link that works once"]
        first = find_user(connection, FIRST) or add_user(connection, User("", FIRST, "", UserRole.ADMIN), now)
        return [f"set it up with this link; it works once, for a day: {address}{new_link(connection, first, now)}"]


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
