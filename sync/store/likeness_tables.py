"""Tables of who the customer is: the index of accounts, what looks like one, and what people said."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from sync.store.tables import metadata

likeness_account = Table(  # one row an account that others may look like
    "likeness_account",
    metadata,
    Column("account", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("facts", Text, nullable=False),
)

likeness_key = Table(  # what it may have in common with others; sorted by the key
    "likeness_key",
    metadata,
    Column("hash", BigInteger, primary_key=True, autoincrement=False),
    Column("account", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

likeness_due = Table(  # accounts, and registrations without a deal, that changed since they were last indexed
    "likeness_due",
    metadata,
    Column("id", String, primary_key=True),
)

likeness_wait = Table(  # accounts in the index that are to be compared with their neighbours
    "likeness_wait",
    metadata,
    Column("id", String, primary_key=True),
)

likeness_pair = Table(  # accounts that look like one: a proposal, for a person
    "likeness_pair",
    metadata,
    Column("one", String, primary_key=True),
    Column("other", String, primary_key=True),
    Column("outcome", String, nullable=False),
    Column("score", Integer, nullable=False),
    Column("model", String, nullable=False),
)
Index("likeness_pair_other", likeness_pair.c.other)

likeness_link = Table(  # what was linked by its score alone, and when it no longer was: only ever added to
    "likeness_link",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    *[Column(name, String, nullable=False) for name in ("one", "other", "model", "at")],
    Column("together", Boolean, nullable=False),
    Column("score", Integer, nullable=False),
)

# The latest word on two rows, both ways round: a person's, whose history is in the directives; or, with 0 as `seq`,
# that of the weights, which the database lets nobody put in the place of a person's.
said_pair = Table(
    "said_pair",
    metadata,
    Column("key", String, primary_key=True),
    Column("other", String, primary_key=True),
    Column("together", Boolean, nullable=False),
    Column("seq", Integer, nullable=False),
)
