"""An OpenID Connect provider: where it lets people sign in, and what it says of whoever came back."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from connector.address import is_safe
from sync.config import SsoForm

ALGORITHMS: Final = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519"]
"""Signatures that only the provider can make: none with a shared secret, and none at all."""

WAIT: Final = 10
"""Seconds for one answer of the provider."""

LEEWAY: Final = 60
"""Seconds by which its clock and ours may differ."""

_NEEDED: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class NotProven(Exception):
    """The provider was not reached, or what came from it does not prove who somebody is."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What only the browser's own sign-in knows: one try's ``state``, ``nonce`` and PKCE ``verifier``."""

    state: str
    nonce: str
    verifier: str


def new_proof() -> Proof:
    """Secrets for one try."""
    return Proof(*(secrets.token_urlsafe(48) for _ in range(3)))


@dataclass(frozen=True, slots=True)
class Provider:
    """``secret`` is the client's; ``back``: where the provider sends browsers afterwards, always our own page."""

    sso: SsoForm
    secret: str
    back: str

    def way(self, proof: Proof) -> str:
        """The provider's page that signs somebody in. Raises NotProven when it cannot be asked for it."""
        with _provable(), self._session() as session:
            address = self._described(session)["authorization_endpoint"]
            more = {"nonce": proof.nonce, "code_verifier": proof.verifier}
            way: str = session.create_authorization_url(address, state=proof.state, **more)[0]
            return way

    def claims(self, code: str, proof: Proof, now: datetime) -> Mapping[str, Any]:
        """What the provider says of whoever brought ``code``. Raises NotProven unless every part fits this try."""
        with _provable(), self._session() as session:
            described = self._described(session)
            if described.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]) == [_POSTED]:
                session.token_endpoint_auth_method = _POSTED
            asked = {"code": code, "code_verifier": proof.verifier, "allow_redirects": False}
            session.fetch_token(described["token_endpoint"], **asked)
            keys = KeySet.import_key_set(_get(session, described["jwks_uri"]))
            told = self._checked(session.token, keys, proof, now)
            more = described.get("userinfo_endpoint")
            return {**(self._profile(session, more, told) if more else {}), **told}

    def _session(self) -> OAuth2Session:
        return OAuth2Session(
            self.sso.client_id,
            self.secret,
            scope=" ".join(self.sso.scopes),
            redirect_uri=self.back,
            code_challenge_method="S256",
            default_timeout=WAIT,
        )

    def _described(self, session: OAuth2Session) -> dict[str, Any]:
        """The provider's own description; its addresses get secrets, so they have to be safe, too."""
        described: dict[str, Any] = _get(session, f"{self.sso.issuer.rstrip('/')}/.well-known/openid-configuration")
        if described.get("issuer") != self.sso.issuer:
            raise NotProven(f"it calls itself {described.get('issuer')}, and config.toml {self.sso.issuer}")
        given = {name: described.get(name) for name in (*_NEEDED, "userinfo_endpoint")}
        for name, url in given.items():
            if name in _NEEDED if url is None else not is_safe(str(url)):
                raise NotProven(f"its {name} is no https address")
        return described

    def _checked(self, token: Mapping[str, Any], keys: KeySet, proof: Proof, now: datetime) -> dict[str, Any]:
        read = jwt.decode(token["id_token"], keys, algorithms=ALGORITHMS)
        fits = {"iss": self.sso.issuer, "aud": self.sso.client_id}
        options: Any = {name: {"essential": True, "value": value} for name, value in fits.items()}
        params = {"nonce": proof.nonce, "client_id": self.sso.client_id, "access_token": token.get("access_token")}
        told = CodeIDToken(read.claims, read.header, options, params)
        told.validate(now=int(now.timestamp()), leeway=LEEWAY)
        return dict(told)

    def _profile(self, session: OAuth2Session, url: str, told: Mapping[str, Any]) -> dict[str, Any]:
        """Many providers keep mail address and groups out of the signed part."""
        answer = session.get(url, allow_redirects=False)
        profile: dict[str, Any] = answer.json() if answer.status_code == 200 else {}
        if profile and profile.get("sub") != told["sub"]:
            raise NotProven("its two answers are about different people")
        return profile


_POSTED: Final = "client_secret_post"


def _get(session: OAuth2Session, url: str) -> Any:
    answer = session.get(url, withhold_token=True, allow_redirects=False)
    if answer.status_code != 200:
        raise NotProven(f"{url} answered {answer.status_code}")
    return answer.json()


@contextmanager
def _provable() -> Iterator[None]:
    """Whatever goes wrong on the way leaves nobody signed in. The client's own network errors are OSErrors."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, AttributeError, JoseError, AuthlibBaseError) as error:
        raise NotProven(f"{type(error).__name__}: {error}"[:300]) from error
