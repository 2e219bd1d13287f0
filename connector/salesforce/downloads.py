"""Brings the results of a large bulk job down side by side: a few pages wait on disk while one is worked on."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from itertools import dropwhile
from tempfile import TemporaryFile
from typing import Final
from urllib.parse import parse_qs, urlsplit

import msgspec
import requests
from urllib3 import HTTPResponse
from urllib3.exceptions import HTTPError

from connector.errors import TryAgain
from connector.salesforce.errors import WAIT
from connector.salesforce.wire import Wire

ABREAST: Final = 3
"""Pages that come down at once: more would only fill the disk faster than rows can be stored."""
CHUNK: Final = 256 * 1024


class _Part(msgspec.Struct):
    resultUrl: str  # noqa: N815 the vendor's words, here and below


class Parts(msgspec.Struct):
    """Up to five pages of results (Bulk API 2.0, "Get Parallel Results for a Query Job", from v58 on)."""

    resultPages: list[_Part]  # noqa: N815
    nextRecordUrl: str | None = None  # noqa: N815
    done: bool = True


PARTS: Final = msgspec.json.Decoder(Parts)


class Downloads:
    """The pages of one job, in order, from the one at a locator on; without one, from the first on."""

    def __init__(self, wire: Wire, kind: str, job: str) -> None:
        self._wire = wire
        self._kind = kind
        self._job = f"jobs/query/{job}"

    def pages(self, locator: str) -> Iterator[tuple[str, requests.Response]]:
        """Each page with its locator; the caller closes it. Nothing where the locator is none of this job's.

        Raises PauseMapping before the first page where Salesforce does not hand them out side by side, TryAgain
        where one breaks off.
        """
        wanted = dropwhile(lambda path: bool(locator) and _locator(path) != locator, self._paths())
        threads = ThreadPoolExecutor(ABREAST)
        coming: deque[tuple[str, Future[requests.Response]]] = deque()
        try:
            for path in wanted:
                coming.append((_locator(path), threads.submit(self._kept, path)))
                if len(coming) > ABREAST:
                    yield _arrived(*coming.popleft())
            while coming:
                yield _arrived(*coming.popleft())
        finally:
            threads.shutdown(cancel_futures=True)
            for _, page in coming:
                if page.done() and not page.cancelled() and page.exception() is None:
                    page.result().close()

    def _paths(self) -> Iterator[str]:
        more: str | None = f"{self._job}/resultPages"
        while more:
            parts = self._wire.get(more, kind=self._kind).read(PARTS)
            yield from (_path(part.resultUrl) for part in parts.resultPages)
            more = _path(parts.nextRecordUrl) if parts.nextRecordUrl and not parts.done else None

    def _kept(self, path: str) -> requests.Response:
        """A page on disk, still compressed, to be read as if it came from the wire."""
        try:
            with ExitStack() as stack, closing(self._wire.stream(path, kind=self._kind)) as coming:
                file = stack.enter_context(TemporaryFile())
                for chunk in coming.raw.stream(CHUNK, decode_content=False):
                    file.write(chunk)
                file.seek(0)
                stack.pop_all()
        except (HTTPError, requests.RequestException, OSError) as error:
            what = f"a bulk result broke off ({type(error).__name__}); {WAIT}"
            raise TryAgain(f"{self._wire.place(self._kind)}: {what}") from error
        kept = requests.Response()
        kept.status_code, kept.headers = coming.status_code, coming.headers
        whole = {name: value for name, value in coming.headers.items() if name.lower() != "transfer-encoding"}
        kept.raw = HTTPResponse(file, headers=whole, preload_content=False)
        return kept


def _arrived(locator: str, page: Future[requests.Response]) -> tuple[str, requests.Response]:
    return locator, page.result()


def _path(url: str) -> str:
    """A URL of a job as our calls name it."""
    return f"jobs/{url.partition('/jobs/')[2]}"


def _locator(path: str) -> str:
    return parse_qs(urlsplit(path).query).get("locator", [""])[0]
