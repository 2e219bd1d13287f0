"""A secret is found where its reference says, and what is missing is named without ever showing one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, NoKeyringError

from sync.model.problem import BadInput, Problem
from sync.secret import is_reference, resolve


class Shelf(KeyringBackend):
    """A key store in memory."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False
        self.fault: Exception | None = None

    def get_password(self, service: str, username: str) -> str | None:
        if self.fault:
            raise self.fault
        if self.locked:
            raise KeyringLocked("it is locked")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    before, own = keyring.get_keyring(), Shelf()
    keyring.set_keyring(own)
    yield own
    keyring.set_keyring(before)


def refusal(home: Path, reference: str) -> Problem:
    with pytest.raises(BadInput) as refused:
        resolve("config.toml: connection.sf.auth.token", home, reference)
    [problem] = refused.value.problems
    assert problem.where == "config.toml: connection.sf.auth.token"
    return problem


def test_each_kind_of_reference_is_read(tmp_path: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "from the environment")
    (tmp_path / "token").write_text("from a file\n", "utf-8")
    shelf.set_password("dealsync/sf", "token", "from the key store")
    read = [
        resolve("here", tmp_path, text)
        for text in ("env:TOKEN", "file:token", "keyring:dealsync/sf/token", "plain")
    ]
    assert read == ["from the environment", "from a file", "from the key store", "plain"]


@pytest.mark.parametrize(
    ("reference", "what", "fix"),
    [
        ("env:NOWHERE", "the environment has no NOWHERE", "set NOWHERE"),
        ("file:nowhere", "No such file", "create it"),
        ("keyring:dealsync/nowhere", "the key store has no dealsync/nowhere", "keyring set dealsync nowhere"),
        ("keyring:nowhere", "names no service", "keyring:SERVICE/NAME"),
    ],
)
def test_what_is_missing_says_where_it_was_looked_for(
    tmp_path: Path, shelf: Shelf, reference: str, what: str, fix: str
) -> None:
    problem = refusal(tmp_path, reference)
    assert what in problem.what
    assert fix in problem.fix


def test_a_locked_key_store_says_so(tmp_path: Path, shelf: Shelf) -> None:
    shelf.locked = True
    problem = refusal(tmp_path, "keyring:dealsync/token")
    assert "it is locked" in problem.what
    assert "unlock it" in problem.fix


@pytest.mark.parametrize("fault", [NoKeyringError("no backend is installed"), TypeError("not a class"), OSError()])
def test_a_key_store_that_is_missing_or_set_up_wrongly_is_one_clear_fault(
    tmp_path: Path, shelf: Shelf, fault: Exception
) -> None:
    shelf.fault = fault
    problem = refusal(tmp_path, "keyring:dealsync/token")
    assert problem.what == f"the key store cannot be used: {str(fault) or 'OSError'}"
    assert "use env:NAME or file:PATH" in problem.fix


def test_a_file_that_is_no_text_is_refused_without_its_content(tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"\xff\xfesecret")
    assert "secret" not in refusal(tmp_path, "file:token").what


@pytest.mark.parametrize(
    ("text", "is_one"), [("env:X", True), ("keyring:a/b", True), ("pat-123", False), ("environment", False)]
)
def test_a_secret_is_told_from_a_reference(text: str, is_one: bool) -> None:
    assert is_reference(text) is is_one
