"""A key store in a file, for commands that run in processes of their own: PYTHON_KEYRING_BACKEND names it."""

from __future__ import annotations

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend


class FileShelf(KeyringBackend):
    """What `SHELF` holds: {"service/name": "secret"}."""

    priority = 1  # type: ignore[assignment]

    def get_password(self, service: str, username: str) -> str | None:
        kept: dict[str, str] = json.loads(Path(os.environ["SHELF"]).read_text("utf-8"))
        return kept.get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError("commands only read")
