"""A provider of single sign-on on loopback, npm's oidc-provider, and people who sign in there."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

VERSION: Final = "9.13.3"
BACK: Final = "http://testserver/sso/back"
ANYWHERE = Path(__file__).parent / "oidc_provider.mjs"
_SUBMIT: Final = re.compile(r'<form[^>]*action="([^"]+)"')
_HIDDEN: Final = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


def installed(folder: Path) -> Path:
    """The provider's package in ``folder``; without node, npm or a registry the tests are skipped, and say so."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if not npm or not node:
        pytest.skip("SKIPPED: there is no node with npm on this machine; single sign-on was not proved")
    command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", f"oidc-provider@{VERSION}"]
    got = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=180)
    if got.returncode:
        pytest.skip(
            f"SKIPPED: npm could not install oidc-provider; single sign-on was not proved: {got.stderr[-300:]}"
        )
    return folder


@contextmanager
def serving(folder: Path, people: Mapping[str, Any]) -> Iterator[str]:
    """The provider at work; yields its address, which is its issuer."""
    shutil.copy(ANYWHERE, folder)
    (folder / "people.json").write_text(json.dumps(people), "utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    node = subprocess.Popen(
        ["node", ANYWHERE.name, str(port), BACK],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert node.stdout is not None
        assert node.stdout.readline() == "ready\n"
        yield f"http://127.0.0.1:{port}"
    finally:
        node.kill()
        node.wait()
        node.stdout.close()


def signs_in_there(way: str, login: str) -> str:
    """What a person does at the provider: name themselves and consent. Returns where the provider sends them."""
    with httpx.Client(timeout=20) as browser:
        answer = browser.get(way)
        for _ in range(12):
            if answer.is_redirect:
                to = urljoin(str(answer.url), answer.headers["location"])
                if urlsplit(to).hostname == "testserver":
                    return to
                answer = browser.get(to)
                continue
            form = _SUBMIT.search(answer.text)
            assert form, answer.text
            fields = dict(_HIDDEN.findall(answer.text)) | {"login": login, "password": "any"}
            answer = browser.post(urljoin(str(answer.url), form[1]), data=fields)
    raise AssertionError(f"the provider leads nowhere: {answer.text}")
