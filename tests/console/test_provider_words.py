"""What a provider says is believed only when it is signed by it, for us, for this try, and now."""

from __future__ import annotations

import hmac
import json
import threading
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from sync.config import SsoForm
from sync.console.provider import NotProven, Proof, Provider

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
AT = int(NOW.timestamp())
PROOF = Proof("state", "nonce", "verifier" * 6)
KEY, OTHER = (RSAKey.generate_key(2048, {"kid": kid, "alg": "RS256"}) for kid in ("ours", "ours"))


class Issuer:
    """A provider that says whatever a test has it say; ``described`` is laid over its own description."""

    def __init__(self) -> None:
        said = self

        class Answers(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = said.answers.get(self.path)
                self.send_response(200 if body is not None else 404)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def do_GET(self) -> None:
                self.answer()

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                self.answer()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.described: dict[str, Any] = {}
        self.token = ""
        self.profile: dict[str, Any] | None = None

    @property
    def answers(self) -> dict[str, Any]:
        places = {"authorization_endpoint": "/auth", "token_endpoint": "/token", "jwks_uri": "/keys"}
        own = {"issuer": self.url, "userinfo_endpoint": f"{self.url}/me"}
        own |= {name: self.url + path for name, path in places.items()}
        return {
            "/.well-known/openid-configuration": own | self.described,
            "/keys": {"keys": [KEY.as_dict(private=False)]},
            "/token": {"access_token": "a", "token_type": "Bearer", "id_token": self.token},
            "/me": self.profile,
        }

    def says(self, header: Any = None, key: Any = KEY, **claims: Any) -> Provider:
        fits = {"iss": self.url, "aud": "dealsync", "sub": "ada", "exp": AT + 300, "iat": AT, "nonce": "nonce"}
        told = {name: value for name, value in (fits | claims).items() if value is not None}
        self.token = jwt.encode(header or {"alg": "RS256", "kid": "ours"}, told, key, algorithms=["RS256", "HS256"])
        return Provider(SsoForm(issuer=self.url, client_id="dealsync"), "secret", "http://testserver/sso/back")


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    made = Issuer()
    serving = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    serving.start()
    yield made
    made.server.shutdown()
    serving.join()
    made.server.server_close()


def test_a_word_that_fits_is_believed_and_the_profile_adds_to_it(issuer: Issuer) -> None:
    issuer.profile = {"sub": "ada", "email": "ada@acme.example", "iss": "elsewhere"}
    told = issuer.says().claims("code", PROOF, NOW)
    assert (told["sub"], told["email"], told["iss"]) == ("ada", "ada@acme.example", issuer.url)


WRONG = {
    "another nonce": {"nonce": "of another try"},
    "no nonce": {"nonce": None},
    "for another client": {"aud": "somebody"},
    "for several, and not to us": {"aud": ["dealsync", "somebody"], "azp": "somebody"},
    "of another issuer": {"iss": "https://evil.example"},
    "expired": {"exp": AT - 61, "iat": AT - 400},
    "from the future": {"iat": AT + 600},
    "without an end": {"exp": None},
    "of nobody": {"sub": None},
}


@pytest.mark.parametrize("claims", WRONG.values(), ids=WRONG)
def test_a_word_that_does_not_fit_is_not_believed(claims: dict[str, Any], issuer: Issuer) -> None:
    with pytest.raises(NotProven):
        issuer.says(**claims).claims("code", PROOF, NOW)


def test_only_the_providers_own_signature_counts(issuer: Issuer) -> None:
    with pytest.raises(NotProven):
        issuer.says(key=OTHER).claims("code", PROOF, NOW)
    provider = issuer.says()
    body = issuer.token.split(".")[1]
    head = urlsafe_b64encode(b'{"alg":"HS256","kid":"ours"}').decode().rstrip("=")
    public = KEY.as_pem(private=False)  # taken for a shared secret
    sealed = hmac.digest(public, f"{head}.{body}".encode(), "sha256")
    issuer.token = f"{head}.{body}.{urlsafe_b64encode(sealed).decode().rstrip('=')}"
    with pytest.raises(NotProven):
        provider.claims("code", PROOF, NOW)
    issuer.token = f"eyJhbGciOiJub25lIn0.{body}."
    with pytest.raises(NotProven):
        provider.claims("code", PROOF, NOW)


def test_a_profile_of_somebody_else_is_not_believed(issuer: Issuer) -> None:
    issuer.profile = {"sub": "mal", "email": "ada@acme.example"}
    with pytest.raises(NotProven, match="different people"):
        issuer.says().claims("code", PROOF, NOW)


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("token_endpoint", "http://169.254.169.254/latest/meta-data"),
        ("jwks_uri", "file:///etc/passwd"),
        ("userinfo_endpoint", "http://internal.example/"),
        ("issuer", "https://evil.example"),
        ("authorization_endpoint", None),
    ],
)
def test_a_description_cannot_send_us_or_our_secrets_elsewhere(name: str, url: str | None, issuer: Issuer) -> None:
    issuer.described = {name: url}
    provider = issuer.says()
    with pytest.raises(NotProven):
        provider.way(PROOF)
    with pytest.raises(NotProven):
        provider.claims("code", PROOF, NOW)
