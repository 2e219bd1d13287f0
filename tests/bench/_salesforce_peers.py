"""The peers that the benchmark of Salesforce is run beside, each as its manual says, in a Python of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

CLIENTS = Path(__file__).parents[1] / "contract" / "salesforce_clients"
AIO_SF = ("aio-sf==0.1.0b14", "httpx<1")
TAP = ("tap-salesforce==2.8.1",)
SIGN_IN = {"client_id": "dealsync", "client_secret": "sandbox-secret", "refresh_token": "refresh-sandbox"}


def python_with(packages: Sequence[str]) -> Path | None:
    """A Python with these packages, made once for all benches; None, and why, where there is no registry."""
    folder = Path(tempfile.gettempdir()) / f"dealsync-bench-{packages[0].partition('==')[0]}"
    python = folder / "bin" / "python"
    pip = [python, "-m", "pip", "install", "--quiet", *packages]
    try:
        for command in ([sys.executable, "-m", "venv", folder], pip):
            subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"without the peer {packages[0]}: {error}")  # noqa: T201
        return None
    return python


def into_a_file(url: str, python: Path, fields: Sequence[str]) -> int:
    """aio-sf, into a file of JSON lines."""
    with tempfile.NamedTemporaryFile() as file:
        command = [python, CLIENTS / "peer.py", url, "read", ", ".join(fields), file.name]
        ran = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(ran.stdout)


class Tap:
    """tap-salesforce end to end: from the org to a file of Singer messages. It has looked around already."""

    def __init__(self, url: str, python: Path, folder: Path, fields: Sequence[str]) -> None:
        self._messages = folder / "messages.jsonl"
        config, catalog = folder / "config.json", folder / "catalog.json"
        settings = SIGN_IN | {"start_date": "2020-01-01T00:00:00Z", "api_type": "REST"}
        config.write_text(json.dumps(settings), "utf-8")
        self._command = [python, CLIENTS / "tap.py", url, "--config", config]
        found = subprocess.run([*self._command, "--discover"], check=True, capture_output=True, text=True)
        streams = [each for each in json.loads(found.stdout)["streams"] if each["stream"] == "Opportunity"]
        for part in streams[0]["metadata"]:
            place = part["breadcrumb"]
            part["metadata"]["selected"] = not place or place[-1] in fields
        catalog.write_text(json.dumps({"streams": streams}), "utf-8")
        self._command += ["--properties", catalog]

    def run(self) -> int:
        """How many records it wrote."""
        with self._messages.open("wb") as file:
            subprocess.run(self._command, check=True, stdout=file, stderr=subprocess.DEVNULL)
        with self._messages.open("rb") as file:
            return sum(line.startswith(b'{"type": "RECORD"') for line in file)
