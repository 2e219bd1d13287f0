"""The shape of config.toml, checked key by key; what its files hold is checked in `sync.config.loading`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from connector.address import is_safe
from connector.budget import PERCENT
from sync.model.money import exponent
from sync.model.rates import RateDate
from sync.model.user import UserRole


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class StoreForm(_Frozen):
    """``[store]``. ``password``, of a database that needs one, may be a reference (`sync.secret`)."""

    url: str = "sqlite:///dealsync.db"
    password: str | None = Field(default=None, exclude=True, repr=False)


class ConnectionForm(_Frozen):
    """``[connection.NAME]``. Values of ``auth`` may be references (`sync.secret`); they are read when needed.

    ``duplicates``: what becomes of a new row that a Salesforce duplicate rule only warns of. ``calls_percent``: how
    much of the CRM's daily calls dealsync takes, all that others made counted first. ``layout``: where a HubSpot
    portal keeps registrations. ``hints_secret``: what a HubSpot app signs its webhooks with, or a reference to it;
    empty: none are heard. ``projections``: which of the CRM's own lists and labels show the splits, too.
    """

    kind: Literal["salesforce", "hubspot"]
    url: str
    api_version: str | None = None
    currency: str | None = None
    duplicates: Literal["refuse", "allow"] = "refuse"
    layout: Literal["auto", "custom_objects", "pipeline"] = "auto"
    hints_secret: str = Field(default="", exclude=True, repr=False)
    calls_percent: int = Field(default=PERCENT, ge=1, le=100)
    projections: tuple[Literal["partner_role", "credit", "deal_split", "role_label"], ...] = ()
    auth: Mapping[str, str]

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, currency: str | None) -> str | None:
        if currency is not None:
            exponent(currency)
        return currency

    @model_validator(mode="after")
    def _has_rules(self) -> ConnectionForm:
        if "duplicates" in self.model_fields_set and self.kind != "salesforce":
            raise ValueError("only Salesforce has duplicate rules; remove `duplicates` from this connection")
        if "layout" in self.model_fields_set and self.kind != "hubspot":
            raise ValueError("only HubSpot portals have a layout; remove `layout` from this connection")
        if "hints_secret" in self.model_fields_set and self.kind != "hubspot":
            raise ValueError("only HubSpot sends webhooks; remove `hints_secret` from this connection")
        return self


class LimitsForm(_Frozen):
    """``[limits]``: the brakes of a run."""

    changes: int = Field(default=200, ge=0)
    changes_percent: int = Field(default=5, ge=0, le=100)
    creates: int = Field(default=200, ge=0)
    creates_percent: int = Field(default=5, ge=0, le=100)
    deletes: int = Field(default=20, ge=0)
    deletes_percent: int = Field(default=10, ge=0, le=100)
    lost: int = Field(default=20, ge=0)
    lost_percent: int = Field(default=10, ge=0, le=100)


class FxForm(_Frozen):
    """``[fx]``: the reporting currency, the day whose rate counts, a file of rates, what a CRM's rates are in."""

    reporting: str = ""
    rate_date: RateDate = RateDate.CLOSE
    rates: str = ""
    corporate: str = ""

    @field_validator("reporting", "corporate")
    @classmethod
    def _known_currency(cls, currency: str) -> str:
        if currency:
            exponent(currency)
        return currency


class PortalForm(_Frozen):
    """``[portal]``: the connection in which registrations that partners file become records; empty: none."""

    files_to: str = ""


class IdentityForm(_Frozen):
    """``[identity]``: whether accounts that look like one beyond doubt are linked without a person."""

    auto: bool = False


class ScheduleForm(_Frozen):
    """``[schedule]``: ``every N minutes`` or ``cron M H D M W``; an empty ``reconcile`` is never."""

    sync: str = "every 5 minutes"
    reconcile: str = "cron 0 3 * * *"


class AdmitForm(_Frozen):
    """One rule of ``admit``: whose ``claim`` is ``value`` (or a list with it) has ``role``; of a partner's people,
    ``partner_claim`` holds the id of the partner."""

    claim: str = Field(min_length=1)
    value: str
    role: UserRole
    partner_claim: str = ""

    @model_validator(mode="after")
    def _says_which_partner(self) -> AdmitForm:
        if (self.role is UserRole.PARTNER) != bool(self.partner_claim):
            raise ValueError('role = "partner" takes a partner_claim, and no other role does')
        return self


class SsoForm(_Frozen):
    """``[console.sso]``: the OpenID Connect provider that says who people are; without ``issuer``, none.

    ``login``: the claim that is their login here. ``admit``: who is let in without having been added; the first
    rule that fits counts.
    """

    issuer: str = ""
    client_id: str = ""
    client_secret: str = Field(default="", exclude=True, repr=False)
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    login: str = Field(default="email", min_length=1)
    admit: tuple[AdmitForm, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> SsoForm:
        if self.issuer and not is_safe(self.issuer):
            raise ValueError("the issuer is an https address; plain http is for this machine only")
        if self.issuer and not self.client_id:
            raise ValueError("an issuer without the client_id that dealsync has there")
        if self.issuer and "openid" not in self.scopes:
            raise ValueError('the scopes have to hold "openid"')
        return self


class ConsoleForm(_Frozen):
    """``[console]``: the address under which browsers reach it, when that is not where it listens; who comes in."""

    url: str = ""
    sso: SsoForm = SsoForm()

    @model_validator(mode="after")
    def _comes_back(self) -> ConsoleForm:
        if self.sso.issuer and not self.url:
            raise ValueError('the provider sends people back to `url` of [console]: set it, like "https://..."')
        return self


class MailForm(_Frozen):
    """``[mail]``: the server through which partners are told; without a ``host``, nobody is written to."""

    host: str = ""
    port: int = Field(default=587, ge=1, le=65535)
    sender: str = Field(default="", alias="from")
    user: str = ""
    password: str = Field(default="", exclude=True, repr=False)
    starttls: bool = True

    @model_validator(mode="after")
    def _whole(self) -> MailForm:
        if self.host and "@" not in self.sender:
            raise ValueError('a server without a sender: from = "deals@acme.com"')
        return self


class ConfigForm(_Frozen):
    """config.toml."""

    mode: Literal["apply", "observe"] = "apply"
    environment: str = ""  # whose names in mappings/overlays/NAME.toml count
    store: StoreForm = StoreForm()
    policies: str = "policies"
    mappings: str = "mappings"
    connection: Mapping[str, ConnectionForm] = Field(min_length=1)
    records: Mapping[Literal["opportunity", "account"], str] = Field(default_factory=dict)
    limits: LimitsForm = LimitsForm()
    fx: FxForm = FxForm()
    schedule: ScheduleForm = ScheduleForm()
    portal: PortalForm = PortalForm()
    identity: IdentityForm = IdentityForm()
    console: ConsoleForm = ConsoleForm()
    mail: MailForm = MailForm()

    @model_validator(mode="after")
    def _letters_lead_somewhere(self) -> ConfigForm:
        if self.mail.host and not self.console.url:
            raise ValueError('letters lead to the console: set its address, [console] url = "https://..."')
        return self
