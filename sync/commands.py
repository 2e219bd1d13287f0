"""What a person may do. Command line and console are skins over these."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Final

from connector.hubspot.objects import wanted as wanted_objects
from connector.registry import open_crm
from connector.retry import Patient
from connector.salesforce.package import used_by, write_package
from sync.config import Config
from sync.cycle import carry_out, cycle, finish, look_back
from sync.model.ids import name
from sync.model.problem import BadInput, Problem
from sync.saved import PlanFile, read_plan
from sync.sign_in import Clock, counting
from sync.sources import each_mapping
from sync.store import brakes, outbox, runs
from sync.store.brakes import Pause
from sync.store.opening import Store, open_store
from sync.world import Report, World

LEASE = "cycle"


class Busy(Exception):
    """Somebody else works on this store now; the message says who."""


@contextmanager
def idle(config: Config, now: datetime) -> Iterator[None]:
    """Nobody works on the store while this lasts, as far as it can be told. Raises Busy."""
    try:
        store = open_store(config.store_url, config.home)
    except BadInput:  # a damaged or newer store has nobody working on it: this is the way out of it
        yield
        return
    try:
        with store.read() as connection:
            holder = runs.lease_holder(connection, LEASE, now)
    finally:
        store.close()
    if holder:
        raise Busy(f"{holder} is working on this store now; stop it first.")
    yield


def rules_of(world: World) -> str:
    """The policies and mappings that a plan is made under."""
    return world.rules


def orgs_of(world: World) -> Mapping[str, str]:
    """The org behind each connection, as it was at the first contact."""
    with world.store.read() as connection:
        return runs.orgs(connection)


def make_plan(world: World, now: datetime, path: Path | None = None) -> Report:
    """Read the CRMs, decide, and say what would be written; ``path`` keeps the plan for `apply_plan`."""
    if path is None:
        return cycle(world, now, send=False)
    with PlanFile(path, now, rules_of(world), orgs_of(world)) as file:
        return cycle(world, now, send=False, see=file.add)


def apply_plan(world: World, path: Path, now: datetime, *, canary: int | None = None) -> Report:
    """Write exactly what a saved plan says; what has changed since is left out and said.

    A person who applies a saved plan has said yes to its size: the brakes do not apply. ``canary``: only the first
    changes, about so many, whole groups of them; the same plan can be applied again for the rest.
    """
    saved = read_plan(path, rules_of(world), orgs_of(world), now)
    report = Report(name("run", now.isoformat()), saved.as_of)
    look_back(world, report, now)
    carry_out(world, report, saved.as_of, only=saved.ids, canary=canary)
    if report.complete:
        with world.store.write() as connection:
            brakes.lift_losses(connection)
    with world.store.read() as connection:
        written = outbox.written_ids(connection, saved.ids, saved.as_of)  # by an earlier part of the same plan
    gone = len(saved.ids - report.matched - written)
    if gone and canary is None:
        report.notes.append(
            f"{gone} of {len(saved.ids)} changes are not wanted any more as planned; they were left out"
        )
    return finish(world, report, now)


def run_once(world: World, now: datetime, *, canary: int | None = None) -> Report:
    """One whole cycle; ``canary``: of about so many changes only."""
    return cycle(world, now, canary=canary)


def pause(store: Store, config: Config, crm: str, why: Pause) -> None:
    """Press the stop button for one connection, or for all (``""``). Raises BadInput for an unknown one."""
    _known(config, crm)
    with store.write() as connection:
        brakes.press(connection, crm, why)


def resume(store: Store, config: Config, crm: str) -> list[str]:
    """Release it, for one connection or for whatever is paused (``""``); returns what goes on.

    Raises BadInput for an unknown connection.
    """
    _known(config, crm)
    with store.write() as connection:
        pressed = brakes.paused(connection)
        return [name or "everything" for name in pressed if crm in ("", name) and brakes.release(connection, name)]


def _known(config: Config, crm: str) -> None:
    names = list(config.form.connection)
    if crm and crm not in names:
        raise BadInput([Problem(crm, "no connection has this name", f"use one of {', '.join(names)}")])


PROGRAMMES: Final = (
    "standard",
    *sorted(p.name[:-5] for p in (files("sync.presets") / "programmes").iterdir() if p.name.endswith(".toml")),
)
"""The programmes that a new installation can start from."""


def write_new(folder: Path, sandbox: tuple[str, str] | None = None, programme: str = "standard") -> list[Path]:
    """A new installation: config.toml, policies, mappings, and what a Salesforce admin deploys (``salesforce/``).

    Never overwrites a file.

    ``programme``: one of `PROGRAMMES`. ``sandbox``: the addresses of a sandbox Salesforce and HubSpot to write into
    config.toml. Raises BadInput, before anything is written, when one of the files is there already.
    """
    return write_installation(folder, _first_config(sandbox), programme)


def write_installation(
    folder: Path, config: str, programme: str = "standard", own: Mapping[str, str] | None = None
) -> list[Path]:
    """As `write_new`, with this text of config.toml. ``own``: texts of mappings that are not as shipped, by name.

    Whatever ends it early, Ctrl-C too, leaves nothing behind.
    """
    if programme not in PROGRAMMES:
        fix = f"use one of {', '.join(PROGRAMMES)}"
        raise BadInput([Problem(f"--programme {programme}", "no programme of this name is shipped", fix)])
    wanted = {folder / "config.toml": config}
    source = files("sync.presets") / ("policies" if programme == "standard" else "programmes") / f"{programme}.toml"
    wanted[folder / "policies" / f"{programme}.toml"] = source.read_text(encoding="utf-8")
    for mapping in sorted(files("mappings").iterdir(), key=lambda entry: entry.name):
        if mapping.name.endswith(".toml"):
            text = (own or {}).get(mapping.name[:-5]) or mapping.read_text(encoding="utf-8")
            wanted[folder / "mappings" / mapping.name] = text
    there = [path for path in wanted if path.exists()]
    if there:
        raise BadInput([Problem(str(path), "it exists already", "choose an empty folder") for path in there])
    made, whole = _made(folder), False
    try:
        for path, text in wanted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        forms = [
            form.model_dump() for _, form in each_mapping(folder, "mappings", "", []) if form.id.startswith("sf-")
        ]
        written = [*wanted, *write_package(folder / "salesforce", used_by(forms))]
        whole = True
    finally:
        if not whole:
            for path in made:
                path.unlink(missing_ok=True) if path.is_file() else shutil.rmtree(path, ignore_errors=True)
    return written


def _made(folder: Path) -> list[Path]:
    """What does not exist before it is written: the folder itself, or what comes into it."""
    if not folder.exists():
        return [folder]
    names = ("config.toml", "policies", "mappings", "salesforce")
    return [path for name in names if not (path := folder / name).exists()]


def create_in(config: Config, connection: str, clock: Clock) -> Sequence[str]:
    """Create what the mappings use of a HubSpot portal and it lacks; what is there is never changed.

    Returns a sentence about the layout and one for each thing created. Raises BadInput for a connection that is not
    there or whose vendor's admin deploys it, and CrmError.
    """
    form = config.form.connection.get(connection)
    if form is None:
        fix = f"use one of {', '.join(config.form.connection)}"
        raise BadInput([Problem(f"--create {connection}", "no connection has this name", fix)])
    if form.kind != "hubspot":
        fix = "an admin deploys the folder salesforce: sf project deploy start --source-dir force-app"
        raise BadInput([Problem(f"--create {connection}", "only a HubSpot portal is laid out from here", fix)])
    maps = config.mappings.of_connection(connection)
    uses = {field_map.object: {*field_map.fields, field_map.key or ""} for field_map in maps}
    with counting(config, clock) as ledger:
        crm = open_crm(connection, config.settings(connection), ledger=ledger)
        patient = Patient(crm, sleep=clock.sleep, now=clock.now, on_wait=clock.on_wait)
        return patient.provision(wanted_objects(uses))


def _first_config(sandbox: tuple[str, str] | None) -> str:
    text = (files("sync.presets") / "config.toml").read_text(encoding="utf-8")
    if sandbox is None:
        return text
    salesforce, hubspot = sandbox
    swaps = {
        "https://acme.my.salesforce.com": salesforce,
        "https://api.hubapi.com": hubspot,
        "env:SF_CLIENT_ID": "dealsync",
        "env:SF_CLIENT_SECRET": "sandbox-secret",
        "env:HUBSPOT_TOKEN": "pat-sandbox",
    }
    for old, new in swaps.items():
        text = text.replace(old, new)
    return text
