"""`dealsync replay`: the whole history under another policy, beside the present one. Writes nothing."""

from __future__ import annotations

import tomllib
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.table import Table
from rich.text import Text

from sync.cli import screen
from sync.cli.screen import out, say
from sync.cli.session import DONE, Home, Json, now, reading
from sync.model.problem import BadInput, Problem
from sync.policy import Policy, parse
from sync.replay import Replayed, replacing, replay, totals

_SHOWN: Final = 20


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("replay")(replay_command)


def replay_command(
    policy: Annotated[Path, typer.Option("--policy", metavar="FILE", help="The policy to try, as TOML.")],
    home: Home = Path(),
    json: Json = False,
    since: Annotated[
        datetime | None, typer.Option("--since", formats=["%Y-%m-%d"], help="Only what was filed since this day.")
    ] = None,
) -> int:
    """Decide the whole history again under another policy: what would have gone otherwise, and whose money moves.

    The policy of the same name is replaced from its first day on. Nothing is written, here or in any CRM.
    """
    candidate = read_policy(policy)
    with reading(home) as (_, world), screen.progress():
        found = replay(world, replacing(world.policies, candidate), now(), since.date() if since else None)
    view = replay_view(found, candidate)
    if json:
        screen.print_json(view)
    else:
        _show(view)
    return DONE


def read_policy(path: Path) -> Policy:
    """The policy in a file. Raises BadInput with everything that is wrong with it."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except FileNotFoundError:
        raise BadInput([Problem(str(path), "there is no such file", "give the path of a policy")]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise BadInput(
            [Problem(str(path), str(error), "correct it; policies/standard.toml is an example")]
        ) from error
    policy, problems = parse(str(path), content)
    if policy is None:
        raise BadInput(problems)
    return policy


def replay_view(found: Replayed, candidate: Policy) -> dict[str, Any]:
    """What differs, as plain values."""
    return {
        "policy": candidate.id,
        "groups": found.groups,
        "registrations": found.registrations,
        "flipped": dict(found.flipped),
        "flips": [
            {
                "registration": flip.registration_id,
                "row": flip.row,
                "partner": flip.partner,
                "deal": flip.deal,
                "before": flip.before,
                "after": flip.after,
                "rule": flip.rule,
            }
            for flip in found.flips
        ],
        "deals_moved": found.shifted,
        "deals": [
            {
                "id": shift.opportunity_id,
                "deal": shift.deal,
                "moved": {who: str(money) for who, money in shift.moved},
            }
            for shift in found.shifts
        ],
        "moved": [{"party": who, "amount": str(money)} for who, money in totals(found)],
    }


def _show(view: dict[str, Any]) -> None:
    for flip in view["flips"][:_SHOWN]:
        say(Text.assemble("  ", (flip["partner"], "bold"), f" on {flip['deal'] or flip['row']}: {flip['before']}"))
        say(f"      would be {flip['after']}, by {flip['rule']}")
    for deal in view["deals"][:_SHOWN]:
        parts = ", ".join(f"{who} {_signed(money)}" for who, money in deal["moved"].items())
        say(Text.assemble("  ", (deal["deal"], "bold"), f": {parts}"))
    hidden = max(0, len(view["flips"]) - _SHOWN) + max(0, len(view["deals"]) - _SHOWN)
    if hidden:
        say(f"  … and {hidden} more (--json shows them)", "dim")
    if view["moved"]:
        table = Table("party", "would gain", box=None)
        table.columns[1].justify = "right"
        for entry in view["moved"]:
            table.add_row(entry["party"], _signed(entry["amount"]))
        out.print(table)
    flips = sum(view["flipped"].values())
    say(
        f"under {view['policy']}: {flips:,} of {view['registrations']:,} registrations would stand elsewhere, "
        f"{view['deals_moved']:,} deals would be divided otherwise",
        "bold",
    )


def _signed(money: str) -> str:
    return money if money.startswith("-") else f"+{money}"
