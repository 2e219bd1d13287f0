"""Serves both stand-in CRMs on 127.0.0.1, each in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from types import TracebackType
from typing import Self, cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from connector.sandbox.control import CrmSandbox, controlled
from connector.sandbox.hubspot import app as hubspot
from connector.sandbox.salesforce import app as salesforce
from connector.sandbox.switchboard import Switchboard
from connector.sandbox.world import World


class Sandbox:
    """Two served CRMs. A context manager: leaving it stops both.

    ``salesforce`` and ``hubspot`` are the running apps: ``.switchboard`` to spoil them, ``.rows(kind)`` to look.
    """

    def __init__(self, world: World, salesforce_port: int, hubspot_port: int) -> None:
        self.salesforce = salesforce.build(world.salesforce, Switchboard())
        self.hubspot = hubspot.build(world.hubspot, Switchboard())
        self._servers = [_Server(self.salesforce, salesforce_port), _Server(self.hubspot, hubspot_port)]
        self.salesforce_url, self.hubspot_url = [server.url for server in self._servers]
        for server in self._servers:
            server.wait()

    def stop(self) -> None:
        """Close every connection and end both threads."""
        for server in self._servers:
            server.uvicorn.should_exit = True
        for server in self._servers:
            server.thread.join(timeout=5)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(world: World, *, salesforce_port: int = 0, hubspot_port: int = 0) -> Sandbox:
    """Both CRMs, answering when this returns. Port 0 takes a free one. Raises OSError for a port in use."""
    return Sandbox(world, salesforce_port, hubspot_port)


class _Server:
    def __init__(self, crm: CrmSandbox, port: int) -> None:
        self.socket = socket.create_server(("127.0.0.1", port))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.uvicorn = uvicorn.Server(_config(crm))
        self.thread = threading.Thread(target=self.uvicorn.run, args=([self.socket],), daemon=True)
        self.thread.start()

    def wait(self) -> None:
        while self.thread.is_alive() and not self.uvicorn.started:
            time.sleep(0.002)


class _LendingProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, lending the connection to the app so that a fault can cut it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast(asyncio.Transport, transport))
        # asyncio sets it only on sockets made with IPPROTO_TCP; without it every answer waits 40 ms for an ACK.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.app_state = {**self.app_state, "transport": transport}


def _config(crm: CrmSandbox) -> uvicorn.Config:
    return uvicorn.Config(
        controlled(crm),
        http=_LendingProtocol,
        ws="none",
        lifespan="off",
        loop="asyncio",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=1,
        h11_max_incomplete_event_size=64 * 1024,
    )
