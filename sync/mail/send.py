"""Letters go to the mail server, each at most once; what the server refuses is tried again a few times."""

from __future__ import annotations

import smtplib
import ssl
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Final

from sync.mail.letters import worded
from sync.model.user import User
from sync.store import mails, users, visits
from sync.store.mails import Mail, MailState
from sync.store.opening import Store

MOST_TRIES: Final = 5
AT_ONCE: Final = 100
PATIENCE: Final = 20
"""Seconds that the server may be silent."""


@dataclass(frozen=True, slots=True)
class Post:
    """The mail server, who sends, and the address under which browsers reach us.

    ``secret``: gives a new long random text for every link.
    """

    host: str
    port: int
    sender: str
    user: str
    password: str
    starttls: bool
    address: str
    secret: Callable[[], str]


def send(store: Store, post: Post, now: datetime) -> Counter[MailState]:
    """Send what waits, the oldest first; how many ended how. A server that cannot be reached leaves all waiting."""
    done: Counter[MailState] = Counter()
    with store.read() as connection:
        letters = mails.waiting(connection, AT_ONCE)
    if not letters:
        return done
    try:
        with _server(post) as server:
            for letter in letters:
                done[_one(store, server, post, letter, now)] += 1
    except (OSError, smtplib.SMTPException) as error:
        rest = letters[sum(done.values()) :]
        done.update(_broken(store, letter, f"the mail server: {error}") for letter in rest)
    return done


@contextmanager
def _server(post: Post) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP(post.host, post.port, timeout=PATIENCE) as server:
        if post.starttls:
            server.starttls(context=ssl.create_default_context())
        if post.user:
            server.login(post.user, post.password)
        yield server


def _one(store: Store, server: smtplib.SMTP, post: Post, mail: Mail, now: datetime) -> MailState:
    with store.write() as connection:
        user = users.user_of(connection, mail.letter.user)
        if user is None or user.disabled or "@" not in user.login:
            mails.settle(connection, mail.id, MailState.FAILED, "this person has no address, or was shut out")
            return MailState.FAILED
        secret = post.secret()
        visits.add_link(connection, user.id, secret, now)
        mails.settle(connection, mail.id, MailState.SENDING, more=1)
    try:
        server.send_message(_message(post, user, mail, secret, now))
    except smtplib.SMTPRecipientsRefused as error:
        return _later(store, mail, f"the address is refused: {error}")
    except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
        return _later(store, mail, f"the letter is refused: {error}")
    with store.write() as connection:
        mails.settle(connection, mail.id, MailState.SENT)
    return MailState.SENT


def _message(post: Post, user: User, mail: Mail, secret: str, now: datetime) -> EmailMessage:
    link = f"{post.address}/link/{secret}"
    subject, text = worded(mail.letter, user.language, link, post.address)
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, post.sender, user.login
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(mail.id[-16:], post.sender.rpartition("@")[2].strip("> ") or "localhost")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    return message


def _later(store: Store, mail: Mail, why: str) -> MailState:
    """A letter that was refused waits for the next time, or has failed for good."""
    state = MailState.FAILED if mail.tries + 1 >= MOST_TRIES else MailState.WAITING
    with store.write() as connection:
        mails.settle(connection, mail.id, state, why)
    return state


def _broken(store: Store, mail: Mail, why: str) -> MailState:
    """The line to the server broke: what was not begun waits, what was may be there, and is not sent again."""
    with store.write() as connection:
        [now_is] = mails.some(connection, [mail.id])
        doubt = now_is.state is MailState.SENDING
        said = f"{why}: it may have been sent, and is not repeated" if doubt else why
        mails.settle(connection, mail.id, now_is.state, said)
    return now_is.state
