"""Signs in to Salesforce and keeps one access token for all threads of a connection."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Lock
from urllib.parse import urlsplit

import msgspec
import requests
from simple_salesforce.exceptions import SalesforceAuthenticationFailed
from simple_salesforce.login import SalesforceLogin

from connector.address import is_safe
from connector.crm import Settings, Vault
from connector.errors import CrmError, StopCrm, TryAgain
from connector.salesforce.errors import Place, call_fault
from connector.salesforce.rotation import Grant, Pocket, Rotation
from connector.salesforce.session import At, Token, pooled

TIMEOUT = (10.0, 30.0)
FLOWS = ("client_credentials", "refresh_token", "jwt")
SHARED_HOSTS = ("login.salesforce.com", "test.salesforce.com")
PAGES = ".lightning.force.com"


class Broker:
    """The one token of a connection: one sign-in at a time, one renewal for all who saw it expire.

    Once Salesforce has refused the credentials, nothing more is tried until the program starts again: repeated
    sign-ins lock the user out, and a refresh token used twice revokes its family.

    Only refresh tokens are kept in the vault: the other flows sign in anew at no cost, and leave nothing behind.
    """

    def __init__(self, name: str, settings: Settings, vault: Vault | None, session: requests.Session) -> None:
        self._name = name
        self._settings = settings
        self._session = session
        self._rotation = Rotation(name, settings.get("refresh_token", ""), vault or Pocket())
        self._lock = Lock()
        self._token: Token | None = None
        self._stale: str | None = None
        self._borrowed = False  # whether the session is one that another process opened
        self._dead: StopCrm | None = None

    def token(self) -> Token:
        """The current token, after signing in if there is none. Raises TryAgain, StopCrm."""
        with self._lock:
            if self._dead:
                raise self._dead
            if self._token is None:
                self._token = self._signed_in()
            return self._token

    def renewed(self, stale: Token) -> Token:
        """Another token than ``stale``: somebody else's newer one, or a new sign-in. Raises TryAgain, StopCrm."""
        with self._lock:
            if self._token is stale:
                self._token, self._stale = None, stale.value
        return self.token()

    def refused(self, fault: CrmError) -> CrmError:
        """The latch: a fresh token was refused too. Returns what to raise, now and from now on.

        A session that another process left behind may just be as old as ours was: then it is time for a new one.
        """
        if self._borrowed:
            return TryAgain(f"{fault.message} (a new sign-in follows)", code=fault.code, after=0)
        self._dead = StopCrm(f"{fault.message} (a new sign-in did not help)", code=fault.code)
        return self._dead

    def _signed_in(self) -> Token:
        try:
            flow = self._settings.get("flow", "client_credentials")
            if wrong := address_fault(self._settings["url"], flow):
                raise StopCrm(f"{self._name}: {wrong}")
            match flow:
                case "client_credentials":
                    grant = self._ask({"grant_type": "client_credentials", **self._client()})
                case "refresh_token":
                    self._borrowed = True
                    grant = self._rotation.session(self._stale, self._refreshed)
                case "jwt":
                    grant = self._by_jwt()
                case _:
                    raise StopCrm(f"{self._name}: no sign-in flow {flow!r}; set flow to one of {', '.join(FLOWS)}")
            return self._token_of(grant)
        except StopCrm as fault:
            self._dead = fault
            raise

    def _token_of(self, grant: Grant) -> Token:
        if not is_safe(grant.instance_url):
            raise StopCrm(
                f"{self._name}: Salesforce sent us to {grant.instance_url}, which is not https; "
                "correct the connection's url in config.toml"
            )
        return Token(grant.access_token, grant.instance_url)

    def _client(self) -> dict[str, str]:
        names = ("client_id", "client_secret")
        return {name: self._settings[name] for name in names if self._settings.get(name)}

    def _refreshed(self, token: str) -> Grant:
        self._borrowed = False
        return self._ask({"grant_type": "refresh_token", "refresh_token": token, **self._client()})

    def _by_jwt(self) -> Grant:
        """simple_salesforce signs the assertion; its audience is Salesforce's own sign-in host, not the org."""
        url = self._settings["url"]
        with pooled() as session:
            session.auth = At(url)
            try:
                value, host = SalesforceLogin(
                    session=session,
                    username=self._settings["username"],
                    consumer_key=self._settings["client_id"],
                    privatekey=self._settings["private_key"],
                    domain="test" if is_sandbox(url) else "login",
                )
            except SalesforceAuthenticationFailed as error:
                # the code of a body that was no JSON is its status
                content = {"error": error.code, "error_description": error.auth_message}
                raise call_fault(self._place(), 503 if isinstance(error.code, int) else 400, content) from None
            except (requests.RequestException, AttributeError) as error:
                raise self._unreached(error) from error
        return Grant(str(value), f"{urlsplit(url).scheme}://{host}")

    def _ask(self, form: dict[str, str]) -> Grant:
        url = self._settings["url"].rstrip("/") + "/services/oauth2/token"
        try:
            answer = self._session.post(url, data=form, timeout=TIMEOUT, allow_redirects=False)
        except requests.RequestException as error:
            raise self._unreached(error) from error
        try:
            if answer.status_code == 200:
                return msgspec.json.decode(answer.content, type=Grant)
            content = msgspec.json.decode(answer.content)
        except msgspec.DecodeError:
            content = None
        raise call_fault(self._place(), answer.status_code if content else 503, content)

    def _unreached(self, error: Exception) -> TryAgain:
        where = self._settings["url"]
        return TryAgain(
            f"{self._name}: no sign-in at {where} ({type(error).__name__}); it is tried again by itself"
        )

    def _place(self) -> Place:
        return Place(self._name, "", datetime.min.replace(tzinfo=UTC))


def is_sandbox(url: str) -> bool:
    """Whether a JWT for this address is meant for Salesforce's sign-in host of sandboxes."""
    host = urlsplit(url).hostname or ""
    return ".sandbox." in host or host == "test.salesforce.com"


def address_fault(url: str, flow: str) -> str | None:
    """What is wrong with the address to sign in at (help.salesforce.com, "My Domain")."""
    host = urlsplit(url).hostname or ""
    if host.endswith(PAGES):
        return f"{host} serves pages only; set url to {host.removesuffix(PAGES)}.my.salesforce.com"
    if host in SHARED_HOSTS and flow == "client_credentials":
        return f"client credentials are not taken at {host}; set url to the org's own ….my.salesforce.com"
    return None
