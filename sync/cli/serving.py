"""The console's commands: serve it, and say who may use it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.table import Table

from sync.cli import screen
from sync.cli.session import DONE, Home, Json, now, reading
from sync.config import Config
from sync.mail.letters import LANGUAGES
from sync.model.problem import BadInput, Problem
from sync.model.user import User, UserRole
from sync.portal.company import partner_named
from sync.store import users
from sync.world import World

HOST: Final = "127.0.0.1"
PORT: Final = 8080

Login = Annotated[str, typer.Argument(metavar="LOGIN", help="An e-mail address, or a short name without spaces.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(console)
    user = typer.Typer(no_args_is_help=True, help="Who may use the console.")
    for command in (add, list_users, link, language, disable, enable):
        user.command(command.__name__.removesuffix("_users"))(command)
    app.add_typer(user, name="user")


def console(
    home: Home = Path(),
    host: Annotated[str, typer.Option(help="Where to listen. Beyond this machine, put TLS in front.")] = HOST,
    port: Annotated[int, typer.Option(help="The port.")] = PORT,
) -> int:
    """Serve the console to browsers, until stopped. The first start prints a link for setting it up, once."""
    from sync.console.serve import serve  # noqa: PLC0415 only `console` needs the web server

    serve(home, host, port, now, lambda line: screen.warn(line, ""))
    return DONE


def add(
    login: Login,
    role: Annotated[UserRole, typer.Option(help="What they may see and do.")],
    home: Home = Path(),
    name: Annotated[str, typer.Option(help="What their decisions are signed with; else the login.")] = "",
    crm_id: Annotated[
        list[str] | None, typer.Option(help="Their user id in a CRM: nobody rules on deals they own there.")
    ] = None,
    partner: Annotated[str, typer.Option(help="Of a partner's people: its id in a CRM, or ours.")] = "",
) -> int:
    """Let somebody in, and print a link that signs them in once, within a day."""
    with reading(home) as (config, world):
        own = _partner(world, partner) if partner else None
        with world.store.write() as connection:
            user = users.add_user(connection, User("", login, name, role, own, crm_ids=tuple(crm_id or ())), now())
            path = _link(connection, config, user)
    screen.say(f"{user.login} may come in as {user.role.replace('_', ' ')}: {user.role.sentence}")
    screen.say(path)
    return DONE


def list_users(home: Home = Path(), json: Json = False) -> int:
    """Show who may use the console."""
    with reading(home) as (_, world), world.store.read() as connection:
        known = users.all_users(connection)
    if json:
        screen.print_json([_view(user) for user in known])
        return DONE
    table = Table("login", "name", "role", "partner", "", box=None)
    for user in known:
        note = "disabled" if user.disabled else "" if user.has_password else "no password yet"
        table.add_row(user.login, user.name, user.role, user.partner or "", note)
    screen.out.print(table)
    return DONE


def _view(user: User) -> dict[str, Any]:
    names = ("login", "name", "role", "partner", "crm_ids", "disabled", "has_password")
    return {name: getattr(user, name) for name in names}


def link(login: Login, home: Home = Path()) -> int:
    """Print a link that signs somebody in once, within a day: for a forgotten password."""
    with reading(home) as (config, world), world.store.write() as connection:
        screen.say(_link(connection, config, _known(connection, login)))
    return DONE


def language(
    login: Login,
    written: Annotated[str, typer.Argument(metavar="LANGUAGE", help=f"One of {', '.join(LANGUAGES)}.")],
    home: Home = Path(),
) -> int:
    """Say in which language somebody is written to."""
    if written not in LANGUAGES:
        fix = f"choose one of {', '.join(LANGUAGES)}"
        raise BadInput([Problem(written, "there are no letters in this language", fix)])
    with reading(home) as (_, world), world.store.write() as connection:
        users.set_language(connection, _known(connection, login).id, written)
    screen.say(f"{login} is written to in {written}")
    return DONE


def disable(login: Login, home: Home = Path()) -> int:
    """Shut somebody out, from this moment and everywhere."""
    with reading(home) as (_, world), world.store.write() as connection:
        users.set_disabled(connection, _known(connection, login).id, now())
    screen.say(f"{login} is shut out; dealsync user enable {login} lets them in again")
    return DONE


def enable(login: Login, home: Home = Path()) -> int:
    """Let somebody in again who was shut out."""
    with reading(home) as (_, world), world.store.write() as connection:
        users.set_disabled(connection, _known(connection, login).id, None)
    screen.say(f"{login} may come in again")
    return DONE


def _known(connection: Any, login: str) -> User:
    found = users.find_user(connection, login)
    if found is None:
        raise BadInput([Problem(login, "nobody has this login", "`dealsync user list` shows who there is")])
    return found


def _partner(world: World, ident: str) -> str:
    found = partner_named(world, ident)
    if found is None:
        fix = "give the id of a company that is a partner in a CRM, as the latest run has read it"
        raise BadInput([Problem(f"--partner {ident}", "no partner has this id", fix)])
    return found


def _link(connection: Any, config: Config, user: User) -> str:
    from sync.console.sign_in import new_link  # noqa: PLC0415 only these commands need the web framework

    address = config.form.console.url.rstrip("/") or f"http://{HOST}:{PORT}"
    return address + new_link(connection, user, now())
