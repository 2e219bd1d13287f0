"""The commands about the past: is it as it was written, what may go, and what is kept about one person."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from sync.audit import Fault
from sync.cli import screen
from sync.cli.session import DONE, ERROR, Home, Json, now, reading
from sync.model.problem import BadInput, Problem
from sync.store import audit as chains
from sync.store.personal import erase_person, export_person
from sync.store.pruning import prune as prune_store

Name = Annotated[str, typer.Argument(metavar="NAME", help="A name or an e-mail address, as the CRM spells it.")]

_SHOWN: Final = 20


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    audit = typer.Typer(no_args_is_help=True, help="Prove that nobody changed the past; let old events go.")
    audit.command()(verify)
    audit.command()(prune)
    person = typer.Typer(
        no_args_is_help=True, help="What is kept about one person: give it out, or erase the name."
    )
    person.command()(export)
    person.command()(erase)
    app.add_typer(audit, name="audit")
    app.add_typer(person, name="person")


def verify(
    home: Home = Path(),
    json: Json = False,
    head: Annotated[str, typer.Option("--head", help="A hash that you noted: is it still part of this?")] = "",
) -> int:
    """Walk every chain of decisions, directives, cases, splits and ledger entries, and name its first broken link.

    Note the hash that it prints somewhere else: with --head it proves that nobody wrote the whole history anew.
    """
    with reading(home) as (_, world), world.store.read() as connection:
        faults = list(islice(chains.verify(connection), _SHOWN))
        if head and not chains.known_head(connection, head):
            faults.append(Fault("checkpoints", 0, f"no checkpoint has the hash {head}: history was written anew"))
        counts, last = chains.count_sealed(connection), chains.head(connection)
    view = {"whole": not faults, "head": last, **counts, "faults": [_fault(fault) for fault in faults]}
    if json:
        screen.print_json(view)
    else:
        _show(view)
    return ERROR if faults else DONE


def _fault(fault: Fault) -> dict[str, Any]:
    return {"chain": fault.chain, "event": fault.seq, "what": fault.what}


def _show(view: dict[str, Any]) -> None:
    for fault in view["faults"]:
        screen.say(f"broken  {fault['chain']}, event {fault['event']}: {fault['what']}", "red")
    if len(view["faults"]) >= _SHOWN:
        screen.say("… and perhaps more", "dim")
    screen.say(
        f"{view['events']:,} events in {view['chains']:,} chains under {view['checkpoints']:,} checkpoints"
        + ("" if view["faults"] else ": every one as it was written"),
        "bold",
    )
    if view["head"]:
        screen.say(f"head {view['head']}")


def prune(
    before: Annotated[datetime, typer.Option("--before", formats=["%Y-%m-%d"], help="The first day that stays.")],
    home: Home = Path(),
    json: Json = False,
) -> int:
    """Replace older events of registrations and cases by snapshots that carry the chains on.

    The last decision on each registration stays, and so does everything that people said, and every split.
    """
    moment = now()
    if before.replace(tzinfo=UTC) > moment:
        what, fix = "it lies in the future", "give a day that has been"
        raise BadInput([Problem("--before", what, fix)])
    with reading(home) as (_, world), world.store.write() as connection:
        gone = prune_store(connection, before.replace(tzinfo=UTC), moment)
        head = chains.head(connection)
    if json:
        screen.print_json(gone | {"head": head})
    else:
        screen.say(f"{gone['events']:,} events of {gone['chains']:,} chains went; snapshots stand for them")
        screen.say(f"head {head}")
    return DONE


def export(name: Name, home: Home = Path(), json: Json = False) -> int:
    """Everything that names a person: decisions, directives, cases, splits, and rows of the CRMs."""
    with reading(home) as (config, world), world.store.read() as connection:
        view = export_person(connection, name, config.mappings)
    if json:
        screen.print_json(view)
        return DONE
    for decision in view["decisions"]:
        screen.say(f"{decision['at'][:16]}  {decision['event']:<16} {decision['subject']}  {decision['text']}")
    for said in view["directives"]:
        screen.say(f"{said['at'][:16]}  {said['act']:<16} {said['subject']}  {said.get('reason', '')}")
    counts = ", ".join(
        f"{len(view[kind])} {kind}" for kind in ("decisions", "directives", "cases", "splits", "rows")
    )
    screen.say(f"{counts} name {', '.join(view['names'])}; --json has them all", "bold")
    return DONE


def erase(
    name: Name,
    home: Home = Path(),
    json: Json = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> int:
    """Erase a person's name for good: decisions stay, made by an "erased person", and every chain still holds.

    Erase it in the CRM too; until then the CRM's own spelling of it is read as erased.
    """
    with reading(home) as (config, world):
        with world.store.read() as connection:
            names = export_person(connection, name, config.mappings)["names"]
        if not yes and not typer.confirm(f"Erase {', '.join(names)} for good?"):
            raise typer.Abort
        with world.store.write() as connection:
            view = erase_person(connection, name, config.mappings, now())
    if json:
        screen.print_json(view)
        return DONE
    screen.say(f"erased {', '.join(view['names'])}; {view['rows']} copies of CRM rows were changed")
    if view["left"]:
        screen.warn(f"{view['left']} sealed texts still hold it among other words; they cannot be changed")
    return DONE
