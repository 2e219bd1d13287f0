"""After a run, partners are told what is new: composed and sent as config.toml says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sync import secret
from sync.config import Config
from sync.mail.compose import compose
from sync.mail.send import Post, send
from sync.world import World


def tell_partners(config: Config, world: World, now: datetime, new_secret: Callable[[], str]) -> str:
    """After a run: compose what is new and send what waits; one line of what became of it, or nothing.

    ``new_secret``: gives a long random text for each link that signs in. Without ``[mail] host``, or while dealsync
    only observes, nobody is written to.
    """
    form = config.form.mail
    if not form.host or config.form.mode == "observe":
        return ""
    compose(world, now)
    password = secret.resolve("config.toml: mail.password", config.home, form.password) if form.password else ""
    address = config.form.console.url.rstrip("/")
    post = Post(form.host, form.port, form.sender, form.user, password, form.starttls, address, new_secret)
    done = send(world.store, post, now)
    counts = ", ".join(f"{number} {state.lower()}" for state, number in sorted(done.items()))
    return f"mail: {counts}" if counts else ""
