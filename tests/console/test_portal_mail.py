"""Partners are told by mail, in their language, once; a real server on this machine takes the letters."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import pytest

from sync.config import load
from sync.mail.letters import BODY, FROM_WHOM, LANGUAGES, SUBJECTS, catalogue
from sync.mail.telling import tell_partners
from sync.store import mails
from sync.store.mails import MailState
from sync.store.users import find_user, set_disabled, set_language
from tests.console.desk import post
from tests.console.partners import Partners, says

ANN, BEN = "ann@lumen.example", "ben@altus.example"


class Talk(socketserver.StreamRequestHandler):
    """One connection of a mail server, as far as a client needs it."""

    server: Server

    def handle(self) -> None:
        self.say("220 here")
        while line := self.rfile.readline():
            word = line.decode().split()[0].upper()
            if word == "DATA":
                self.take()
            elif word == "QUIT":
                self.say("221 bye")
                return
            elif word == "RCPT" and self.server.refuses:
                self.say("550 nobody of this name")
            else:
                self.say("250 ok")

    def take(self) -> None:
        self.say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        if self.server.hangs_up:
            self.connection.close()
            return
        self.server.letters.append(message_from_bytes(b"".join(lines), policy=policy.default))
        self.say("250 taken")

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class Server(socketserver.ThreadingTCPServer):
    """``letters`` are those that came; a test may let it refuse everybody, or hang up in the middle."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Talk)
        self.letters: list[EmailMessage] = []
        self.refuses = self.hangs_up = False


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def office(tmp_path: Path, server: Server) -> Iterator[Partners]:
    opened = Partners(tmp_path)
    path = tmp_path / "config.toml"
    head, _, tail = path.read_text("utf-8").partition("[mail]")
    tail = tail.replace('host = ""', 'host = "127.0.0.1"').replace("587", str(server.server_address[1]))
    tail = tail.replace('from = ""', 'from = "deals@acme.example"').replace("starttls = true", "starttls = false")
    head = head.replace('url = ""', 'url = "https://deals.acme.example"')
    path.write_text(f"{head}[mail]{tail}", "utf-8")
    opened.ann, opened.ben = opened.signed_in(opened.lumen, ANN), opened.signed_in(opened.altus, BEN)
    told(opened)  # what was decided before is no news
    yield opened
    opened.close()


def told(office: Any) -> str:
    return tell_partners(load(office.folder), office.world, office.moment, token_urlsafe)


def states(office: Any) -> list[tuple[str, MailState, int]]:
    with office.desk.store.read() as connection:
        return [(one.letter.kind, one.state, one.tries) for one in mails.latest(connection, 10)]


def rejected(office: Any) -> None:
    voted = {"vote": "REJECT", "voter": "jo", "voted_at": office.moment, "vote_reason": "Cirrus was first"}
    office.put("sf", "registration", office.resells, **voted)
    office.run()


def text_of(letter: EmailMessage) -> str:
    return str(letter.get_content())


def test_a_ruling_is_told_once_with_a_link_that_signs_in_on_its_page(office: Any, server: Server) -> None:
    assert server.letters == []
    rejected(office)
    assert told(office) == "mail: 1 sent"
    assert told(office) == ""
    [letter] = server.letters
    assert (letter["To"], letter["From"]) == (ANN, "deals@acme.example")
    assert letter["Subject"] == "A ruling on your registration on Northwind"
    assert "https://deals.acme.example/portal/registration/" in text_of(letter)
    assert "another partner was first" in text_of(letter)
    path = text_of(letter).partition("https://deals.acme.example/link/")[2].split()[0]
    browser = office.desk.browser()
    answer = post(browser, f"/link/{path}", f"/link/{path}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/portal")


def test_an_invitation_is_told_in_the_language_of_whom_it_is_for(office: Any, server: Server) -> None:
    with office.desk.store.write() as connection:
        ben = find_user(connection, BEN)
        assert ben is not None
        set_language(connection, ben.id, "de")
    page = next(
        line for line in office.ann.get("/portal").text.split('"') if line.startswith("/portal/registration/")
    )
    assert says(office.ann, page, "invite", to=BEN).status_code == 303
    assert told(office) == "mail: 1 sent"
    [letter] = server.letters
    assert letter["Subject"] == "Sie sind eingeladen, Northwind gemeinsam zu registrieren"
    assert "Lumen lädt Sie ein." in text_of(letter)


def test_who_was_shut_out_gets_nothing(office: Any, server: Server) -> None:
    with office.desk.store.write() as connection:
        ann = find_user(connection, ANN)
        assert ann is not None
        set_disabled(connection, ann.id, office.moment)
    rejected(office)
    assert told(office) == ""
    assert server.letters == []


def test_an_address_that_is_refused_is_tried_a_few_times_and_then_given_up(office: Any, server: Server) -> None:
    server.refuses = True
    rejected(office)
    for _ in range(7):
        told(office)
    assert states(office) == [("RULED", MailState.FAILED, 5)]


def test_a_server_that_is_away_leaves_the_letter_waiting(office: Any, server: Server) -> None:
    rejected(office)
    path = office.folder / "config.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace(f"port = {server.server_address[1]}", "port = 1"), "utf-8")
    for _ in range(6):
        assert told(office) == "mail: 1 waiting"
    path.write_text(text, "utf-8")
    assert told(office) == "mail: 1 sent"


def test_a_letter_that_the_server_may_have_is_never_sent_again(office: Any, server: Server) -> None:
    server.hangs_up = True
    rejected(office)
    told(office)
    server.hangs_up = False
    assert told(office) == ""
    assert states(office) == [("RULED", MailState.SENDING, 1)]
    assert server.letters == []


def test_nothing_is_sent_while_dealsync_only_observes(office: Any, server: Server) -> None:
    path = office.folder / "config.toml"
    path.write_text(path.read_text("utf-8").replace('mode = "apply"', 'mode = "observe"'), "utf-8")
    rejected(office)
    assert (told(office), server.letters, states(office)) == ("", [], [])


def test_protection_that_ends_soon_is_told_once(office: Any, server: Server) -> None:
    page = office.ann.get("/portal").text
    end = page.partition('data-head="Protected until">')[2].partition("<")[0]
    office.passes(days=(type(office.moment).fromisoformat(end).date() - office.moment.date()).days - 10)
    assert told(office) == "mail: 1 sent"
    office.passes(days=1)
    assert told(office) == ""
    assert "ends soon" in server.letters[0]["Subject"]


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_sentence_is_there_in_every_language_with_the_same_places(language: str) -> None:
    said = catalogue(language)
    wanted = {*SUBJECTS.values(), BODY, FROM_WHOM}
    assert set(said) == wanted
    for english, translated in said.items():
        for place in ("title", "name", "page", "link"):
            assert (f"%({place})s" in english) is (f"%({place})s" in translated)
