"""Reads config.toml, the policies and the mappings; everything that is wrong with them is said at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from connector.address import stays_here
from sync import policy, secret
from sync.config.form import ConfigForm, FxForm
from sync.fx import read_rates
from sync.mapping.fieldmap import FieldMap, Mappings, compile_form
from sync.mapping.form import MappingForm
from sync.mapping.paths import LISTS
from sync.model.plan import Limits
from sync.model.problem import BadInput, Problem
from sync.model.rates import Rates
from sync.policy import Policies
from sync.shape import shape_problem
from sync.sources import each, each_mapping, read_toml
from sync.store.opening import with_password


@dataclass(frozen=True, slots=True)
class Config:
    """A checked installation: nothing in it can fail later for its shape."""

    home: Path
    form: ConfigForm
    mappings: Mappings
    policies: Policies

    @property
    def limits(self) -> Limits:
        return Limits(**self.form.limits.model_dump())

    @property
    def record_of(self) -> Mapping[str, str]:
        """Our object to the connection of record; with one connection, that one."""
        only = next(iter(self.form.connection)) if len(self.form.connection) == 1 else None
        opportunity = self.form.records.get("opportunity") or only or ""
        return {"opportunity": opportunity, "account": self.form.records.get("account") or opportunity}

    @property
    def rules(self) -> dict[str, Any]:
        """What a world is made of besides its store, its CRMs and its mappings."""
        told = {"policies": self.policies, "record_of": self.record_of, "limits": self.limits}
        return {**told, "auto_link": self.form.identity.auto}

    @property
    def calls_percent(self) -> Mapping[str, int]:
        """How much of its daily calls each connection takes."""
        return {name: form.calls_percent for name, form in self.form.connection.items()}

    @property
    def store_url(self) -> str:
        """Where the store is, with the password it needs. Raises BadInput for a secret that is not there."""
        form = self.form.store
        if form.password is None:
            return form.url
        return with_password(form.url, secret.resolve("config.toml: store.password", self.home, form.password))

    def hints_secret(self, name: str) -> str:
        """What one connection's webhooks are signed with; empty where none are heard or nothing is so called.

        Raises BadInput for a secret that is not there.
        """
        form = self.form.connection.get(name)
        if form is None or not form.hints_secret:
            return ""
        return secret.resolve(f"config.toml: connection.{name}.hints_secret", self.home, form.hints_secret)

    @property
    def sso_secret(self) -> str:
        """The client secret of single sign-on. Raises BadInput for one that is not there."""
        where = "config.toml: console.sso.client_secret"
        return secret.resolve(where, self.home, self.form.console.sso.client_secret)

    def settings(self, name: str) -> Mapping[str, str]:
        """One connection's settings with its secrets read. Raises BadInput for a secret that is not there."""
        form = self.form.connection[name]
        problems: list[Problem] = []
        auth: dict[str, str] = {}
        for key, value in form.auth.items():
            try:
                auth[key] = secret.resolve(f"config.toml: connection.{name}.auth.{key}", self.home, value)
            except BadInput as error:
                problems += error.problems
        if problems:
            raise BadInput(problems)
        plain = {"kind": form.kind, "url": form.url, "api_version": form.api_version}
        if form.kind == "salesforce":
            plain["duplicates"] = form.duplicates
        plain |= {"layout": form.layout} if form.kind == "hubspot" else {}
        return {key: value for key, value in plain.items() if value} | auth


def load(home: Path) -> Config:
    """The installation in a folder. Raises BadInput with every fault of every file."""
    problems: list[Problem] = []
    form = _form(home, problems)
    if not (home / "config.toml").exists():
        raise BadInput(problems)
    policies = list(each(home, form.policies if form else "policies", policy.parse, problems))
    folder, environment = (form.mappings, form.environment) if form else ("mappings", "")
    forms = list(each_mapping(home, folder, environment, problems))
    problems += policy.lint(policies)
    rates = _rates(home, form.fx, problems) if form and form.fx.reporting else None
    if form:
        problems += _between(form, forms)
    if problems or form is None:
        raise BadInput(problems)
    return Config(home, form, _mappings(form, forms), Policies(tuple(entry for _, entry in policies), rates))


def _mappings(config: ConfigForm, forms: Iterable[tuple[str, MappingForm]]) -> Mappings:
    """What is read and written, the lists that are switched on, and those that are not and are emptied."""
    known = [entry for _, entry in forms if entry.connection in config.connection]
    lists = [entry for entry in known if entry.canonical in LISTS and entry.key]
    shown = [entry for entry in lists if entry.canonical in config.connection[entry.connection].projections]
    read = [entry for entry in known if entry.status == "active" and entry not in shown]
    off = [entry for entry in lists if entry not in shown]
    groups = [tuple(compiled(entry, config) for entry in group) for group in (read, shown, off)]
    return Mappings(groups[0], groups[1], off=groups[2])


def _form(home: Path, problems: list[Problem]) -> ConfigForm | None:
    content = read_toml(home / "config.toml", "config.toml", problems)
    if content is None:
        return None
    try:
        return ConfigForm.model_validate(content)
    except ValidationError as error:
        hint = "config.example.toml explains every key"
        faults = error.errors()
        problems += [
            shape_problem("config.toml", ConfigForm, fault, hint, whole="the whole file") for fault in faults
        ]
        return None


def _rates(home: Path, form: FxForm, problems: list[Problem]) -> Rates:
    """The rates of a file, in the reporting currency; those of a CRM are added when they are read."""
    plain = Rates(form.reporting, form.rate_date, form.corporate or form.reporting)
    if not form.rates:
        return plain
    if form.corporate not in ("", form.reporting):
        what = f"rates of a file are in {form.reporting}, those of the CRM in {form.corporate}"
        fix = "report in the corporate currency, or use one source"
        problems.append(Problem("config.toml: fx.corporate", what, fix))
    try:
        spans, faults = read_rates(form.rates, (home / form.rates).read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        what = f"{form.rates} cannot be read: {error}"
        problems.append(Problem("config.toml: fx.rates", what, "correct the path"))
        return plain
    problems += faults
    return replace(plain, spans=spans)


def compiled(form: MappingForm, config: ConfigForm) -> FieldMap:
    """A mapping as its connection in config.toml has it: with its currency and its projections."""
    connection = config.connection.get(form.connection)
    if connection is None:
        return compile_form(form, None)
    return compile_form(form, connection.currency, connection.projections)


def _between(form: ConfigForm, forms: list[tuple[str, MappingForm]]) -> Iterator[Problem]:
    """Faults that only show when the files are held side by side."""
    seen: dict[tuple[str, str], str] = {}
    for source, entry in forms:
        if entry.status == "paused":
            continue
        if (place := (entry.connection, entry.object)) in seen:
            what = f"{entry.connection} {entry.object} is also mapped in {seen[place]}"
            yield Problem(f"{source}: object", what, "keep one of the two files")
        seen[place] = source
    yield from _open_secrets(form)
    mapped = {entry.connection for _, entry in forms}
    keyed = {(entry.connection, entry.canonical) for _, entry in forms if entry.key}
    keyed |= {(entry.connection, field.projection or "") for _, entry in forms for field in entry.field}
    for name, own in form.connection.items():
        if lacking := [projection for projection in own.projections if (name, projection) not in keyed]:
            what = f"no mapping of {name} has {', '.join(lacking)} with a key"
            yield Problem(f"config.toml: connection.{name}.projections", what, "take it out of the list")
        if name not in mapped:
            fix = f"name {name} as `connection` in a mapping file, or remove [connection.{name}]"
            yield Problem(f"config.toml: connection.{name}", "no mapping reads from this connection", fix)
    if len(form.connection) > 1 and "opportunity" not in form.records:
        names = ", ".join(form.connection)
        what = "several connections, and nothing says whose stage, amount and lines count"
        yield Problem("config.toml: records.opportunity", what, f"set it to one of {names}")
    if form.portal.files_to not in ("", *form.connection):
        what = f"no connection is called {form.portal.files_to!r}"
        yield Problem("config.toml: portal.files_to", what, "correct the name")
    for kind, name in form.records.items():
        if name not in form.connection:
            yield Problem(f"config.toml: records.{kind}", f"no connection is called {name!r}", "correct the name")


_ELSEWHERE = '"env:NAME", "file:PATH" or "keyring:SERVICE/NAME"'
_SECRETS = ("client_secret", "private_key", "refresh_token", "token")


def _open_secrets(form: ConfigForm) -> Iterator[Problem]:
    """Secrets written into the file; only a sandbox on this machine, whose secrets guard nothing, may have them."""
    for name, connection in form.connection.items():
        held = {f"auth.{key}": connection.auth[key] for key in _SECRETS if key in connection.auth}
        held |= {"hints_secret": connection.hints_secret} if connection.hints_secret else {}
        for key, value in held.items():
            if not secret.is_reference(value) and not stays_here(connection.url):
                block, _, own = f"connection.{name}.{key}".rpartition(".")
                yield _open(block, own)
    sso = form.console.sso
    if sso.client_secret and not secret.is_reference(sso.client_secret) and not stays_here(sso.issuer):
        yield _open("console.sso", "client_secret")


def _open(block: str, key: str) -> Problem:
    fix = f"put it elsewhere, and write {key} = {_ELSEWHERE}"
    return Problem(f"config.toml: {block}.{key}", "a secret stands in the file itself", fix)
