"""The commands by which people decide: what waits, a ruling on it, more time, an appeal, the division of a deal."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from sync import rulings
from sync.cli import screen
from sync.cli.customers import identity_cases
from sync.cli.explaining import asked_of
from sync.cli.session import DONE, Home, Json, now, reading
from sync.model.directive import Act
from sync.rulings import Said, Speaker
from sync.world import World

By = Annotated[str | None, typer.Option("--by", help="Who decides.", show_default="you, as this machine knows you")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is recorded, and no partner reads it.")]
Tell = Annotated[str, typer.Option("--tell", help="What the partner may read.")]
Say = Callable[[World, Speaker], Said]
Ident = Annotated[str, typer.Argument(metavar="ID", help="An id of a CRM, one of dealsync's, or its beginning.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (cases, decide, extend, revoke, withdraw, reopen, share):
        app.command()(command)


def cases(
    home: Home = Path(),
    json: Json = False,
    only_open: Annotated[bool, typer.Option("--open/--all", help="Those that wait, or all.")] = True,
    kind: Annotated[str | None, typer.Option("--kind", help="One kind, like C02; or identity.")] = None,
) -> int:
    """List what waits for a person: cases with their clocks, and the claims side by side. Asks no CRM.

    With --kind identity: accounts that look like one, with the evidence side by side.
    """
    if kind == "identity":
        return identity_cases(home, json, only_open)
    with reading(home) as (_, world):
        view = rulings.cases_view(world, now(), only_open=only_open, kind=kind)
    if json:
        screen.print_json(view)
    else:
        _cases(view)
    return DONE


def decide(  # noqa: PLR0913, PLR0917 each option of the command is one
    ident: Ident,
    home: Home = Path(),
    json: Json = False,
    award: Annotated[str | None, typer.Option("--award", metavar="REG", help="The case goes to this one.")] = None,
    co_register: Annotated[bool, typer.Option("--co-register", help="All of a case stay, together.")] = False,
    dismiss: Annotated[bool, typer.Option("--dismiss", help="The case is no conflict.")] = False,
    approve: Annotated[bool, typer.Option("--approve", help="A yes to a registration.")] = False,
    reject: Annotated[bool, typer.Option("--reject", help="A no, with its reason: TERRITORY, OTHER: …")] = False,
    send_back: Annotated[bool, typer.Option("--return", help="Ask the partner for information.")] = False,
    by: By = None,
    reason: Reason = "",
    tell: Tell = "",
) -> int:
    """Rule on a case (--award, --co-register, --dismiss) or a registration (--approve, --reject, --return).

    What it does is shown at once; the CRMs are told by the next run.
    """
    asked: dict[Say, object] = {
        lambda world, who: rulings.award(world, ident, award or "", who): award,
        lambda world, who: rulings.co_register(world, ident, who): co_register,
        lambda world, who: rulings.dismiss(world, ident, who): dismiss,
        _on(ident, Act.APPROVE): approve,
        _on(ident, Act.REJECT): reject,
        _on(ident, Act.RETURN): send_back,
    }
    chosen = [say for say, wanted in asked.items() if wanted]
    if len(chosen) != 1:
        raise typer.BadParameter("say one of --award, --co-register, --dismiss, --approve, --reject, --return.")
    return _speak(home, json, _speaker(by, reason, tell), chosen[0])


def extend(  # noqa: PLR0913, PLR0917 each option of the command is one
    ident: Ident,
    home: Home = Path(),
    json: Json = False,
    days: Annotated[int | None, typer.Option("--days", min=0, help="So many more; 0 refuses the request.")] = None,
    by: By = None,
    reason: Reason = "",
    tell: Tell = "",
) -> int:
    """Give an approved registration more time, or refuse it. Without --days as many as the policy gives."""
    return _speak(home, json, _speaker(by, reason, tell), _on(ident, Act.EXTEND, days))


def revoke(
    ident: Ident, home: Home = Path(), json: Json = False, by: By = None, reason: Reason = "", tell: Tell = ""
) -> int:
    """Take an approval back, with its reason."""
    return _speak(home, json, _speaker(by, reason, tell), _on(ident, Act.REVOKE))


def withdraw(
    ident: Ident, home: Home = Path(), json: Json = False, by: By = None, reason: Reason = "", tell: Tell = ""
) -> int:
    """Withdraw a registration for its partner."""
    return _speak(home, json, _speaker(by, reason, tell), _on(ident, Act.WITHDRAW))


def reopen(
    ident: Ident, home: Home = Path(), json: Json = False, by: By = None, reason: Reason = "", tell: Tell = ""
) -> int:
    """Let an appeal in: a rejected or revoked registration is judged once more, by somebody else."""
    return _speak(home, json, _speaker(by, reason, tell), _on(ident, Act.REOPEN))


def share(  # noqa: PLR0913, PLR0917 each option of the command is one
    ident: Ident,
    parts: Annotated[list[str] | None, typer.Argument(metavar="PARTNER=PERCENT", help="All make 100.")] = None,
    home: Home = Path(),
    json: Json = False,
    by_policy: Annotated[bool, typer.Option("--by-policy", help="As the policy divides it again.")] = False,
    by: By = None,
    reason: Reason = "",
) -> int:
    """Divide a deal: dealsync share DEAL "Acme=60" "Bolt=40"; no rule divides it anew until --by-policy."""
    if by_policy == bool(parts):
        raise typer.BadParameter('say the shares, like "Acme=60" "Bolt=40", or --by-policy.')
    return _speak(
        home, json, _speaker(by, reason, ""), lambda world, who: rulings.share(world, ident, parts or (), who)
    )


def _on(ident: str, act: Act, days: int | None = None) -> Say:
    return lambda world, who: rulings.on_registration(world, ident, act, who, days)


def _speaker(by: str | None, reason: str, tell: str) -> Speaker:
    return Speaker(by or getpass.getuser(), now(), reason, tell)


def _speak(home: Path, json: bool, speaker: Speaker, say: Say) -> int:
    with reading(home) as (_, world):
        view = say(world, speaker).view
    if json:
        screen.print_json(view)
    else:
        _said(view)
    return DONE


def _said(view: Mapping[str, Any]) -> None:
    screen.say(f"recorded: {view['act'].lower().replace('_', ' ')} by {view['by']} ({view['directive']})")
    for move in view["moves"]:
        until = f", protected until {move['protection_end']}" if move["protection_end"] else ""
        screen.say(f"  {move['partner']}: {move['from']} -> {move['to']}{until}")
    for case in view["cases"]:
        screen.say(f"  case {case['kind']}: {case['resolution'] or case['state']}")
    for split in view["splits"]:
        parts = ", ".join(f"{partner} {part}" for partner, part in split["parts"].items())
        screen.say(f"  split {split['status']}: {parts}")
    screen.say("The CRMs are told by the next run: dealsync run --once", "dim")


def _cases(view: Mapping[str, Any]) -> None:
    for case in view["cases"]:
        end = case["resolution"] or f"waits; due {_when(case['due'])}, executives {_when(case['executives'])}"
        screen.say(
            Text.assemble((f"{case['kind']} ", "yellow"), (case["deal"] or "no deal yet", "bold"), f"  [{end}]")
        )
        screen.say(f"  {case['id']}  opened {_when(case['opened'])}", "dim")
        if case["breached"]:
            screen.say(f"  overdue since {_when(case['breached'])}", "red")
        screen.say(f"  {case['text']}")
        for claim in case["claims"]:
            _claim(claim)
    for request in view["requests"]:
        screen.say(Text.assemble(("more time ", "yellow"), (request["deal"] or "no deal yet", "bold")))
        screen.say(
            f"  {request['partner']}, protected until {request['protected_until']}; answer {_when(request['due'])}"
        )
        screen.say(
            f"  dealsync extend {request['registration']} --days 0 to {max(request['days_at_most'], 0)}", "dim"
        )
    if not view["cases"] and not view["requests"]:
        screen.say("Nothing waits for a person.")


def _claim(claim: Mapping[str, Any]) -> None:
    screen.say(
        Text.assemble("    ", (claim["partner"], "bold"), f"  {', '.join(claim['roles'])}  {claim['state']}")
    )
    known = {
        "filed": _when(claim["submitted"]),
        "work": f"{claim['work']} points",
        "declared": claim["declared"],
        "customer": claim["customer"],
        "protected until": claim["protected_until"],
        "yes by": ", ".join(claim["said_yes"]),
        "still to say yes": ", ".join(claim["still_to_say_yes"]),
        "vote ignored": claim["vote_ignored"],
    }
    screen.say("      " + " · ".join(f"{name} {value}" for name, value in known.items() if value), "dim")
    for ask in claim["decides_next"]:
        screen.say(f"      {asked_of(ask)}", "dim")
    screen.say(f"      {claim['registration']}", "dim")


def _when(text: str | None) -> str:
    return text[:16].replace("T", " ") if text else "-"
