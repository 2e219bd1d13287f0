"""The tables. What the CRMs said, what was decided, what was written: three kinds of truth, never mixed."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, String, Table, Text, UniqueConstraint

metadata = MetaData()

# --- what the CRMs said -------------------------------------------------------------------------------------------

org = Table(  # the org behind each connection, pinned at the first contact
    "org",
    metadata,
    Column("connection", String, primary_key=True),
    Column("org", String, nullable=False),
    Column("pinned_at", String, nullable=False),
)

cursor = Table(  # where the reading of each object stopped; committed together with the rows before it
    "cursor",
    metadata,
    Column("connection", String, primary_key=True),
    Column("object", String, primary_key=True),
    Column("cursor", Text, nullable=False),
    Column("mapping", String, nullable=False),
    Column("drained", Boolean, nullable=False),
    Column("at", String, nullable=False),
)

record = Table(  # one row a CRM record: the raw text of its mapped fields; our words are derived when needed
    "record",
    metadata,
    Column("key", String, primary_key=True),
    Column("connection", String, nullable=False),
    Column("object", String, nullable=False),
    Column("id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("thing", String, nullable=False),  # the id of what this row stands for when it leads
    Column("stamp", String, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("merged_into", String),
    Column("mapping", String, nullable=False),  # the version of the mapping that it was last read by
    Column("raw", Text, nullable=False),
    Column("group_id", String, nullable=False),
)
Index("record_group", record.c.group_id, record.c.kind)
Index("record_thing", record.c.thing)
Index("record_id", record.c.id)
Index(
    "record_deleted",
    record.c.connection,
    record.c.object,
    sqlite_where=record.c.deleted,
    postgresql_where=record.c.deleted,
)

tie = Table(  # the anchors of each record, but for its own id
    "tie",
    metadata,
    Column("key", String, primary_key=True),
    Column("anchor", String, primary_key=True),
    sqlite_with_rowid=False,
)

anchor = Table(  # each anchor lies in exactly one group; the id of a record that is here lies in that record's
    "anchor",
    metadata,
    Column("anchor", String, primary_key=True),
    Column("group_id", String, nullable=False),
    sqlite_with_rowid=False,
)
Index("anchor_group", anchor.c.group_id)

involved = Table(  # what a row names that is not of its group: partners, a customer by its name only
    "involved",
    metadata,
    Column("key", String, primary_key=True),
    Column("partner", String, primary_key=True),
    sqlite_with_rowid=False,
)
Index("involved_partner", involved.c.partner)

problem = Table(  # values that could not be understood, until the record or the mapping is mended
    "problem",
    metadata,
    Column("key", String, primary_key=True),
    Column("place", String, primary_key=True),
    Column("what", Text, nullable=False),
    Column("fix", Text, nullable=False),
)

due = Table(  # groups that must be decided at a time: now, or when the next clock ends
    "due",
    metadata,
    Column("group_id", String, primary_key=True),
    Column("at", String, nullable=False),
)
Index("due_at", due.c.at)

# --- what was decided ---------------------------------------------------------------------------------------------

decision = Table(  # append-only; triggers refuse edits, and refuse a rule after a person
    "decision",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("subject", String, nullable=False),
    Column("event", String, nullable=False),
    Column("to_state", String, nullable=False),
    Column("person", Boolean, nullable=False),
    Column("at", String, nullable=False),
    Column("body", Text, nullable=False),
)
Index("decision_subject", decision.c.subject, decision.c.seq)

directive = Table(  # what people told dealsync; append-only, guarded as decisions are
    "directive",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("subject", String, nullable=False),
    Column("act", String, nullable=False),
    Column("by", String, nullable=False),
    Column("at", String, nullable=False),
    Column("body", Text, nullable=False),
)
Index("directive_subject", directive.c.subject, directive.c.seq)

standing = Table(
    "standing",
    metadata,
    Column("id", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("body", Text, nullable=False),
)
Index("standing_state", standing.c.state)

case_file = Table(
    "case_file",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("state", String, nullable=False),
    Column("body", Text, nullable=False),
)

case_member = Table(  # which registrations a case is about
    "case_member",
    metadata,
    Column("registration_id", String, primary_key=True),
    Column("case_id", String, primary_key=True),
)

joint = Table(
    "joint",
    metadata,
    Column("id", String, primary_key=True),
    Column("opportunity_id", String, nullable=False),
    Column("body", Text, nullable=False),
)
Index("joint_opportunity", joint.c.opportunity_id)

split = Table(  # every version; the highest one stands
    "split",
    metadata,
    Column("opportunity_id", String, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("body", Text, nullable=False),
    Column("at", String, nullable=False),
    Column("ended", Boolean, nullable=False),
)

audit = Table(  # the chain on which every decision, directive, case and split is sealed (sync.audit)
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("chain", String, nullable=False),
    *[Column(name, String, nullable=False) for name in ("kind", "ref", "at")],
    Column("body", Text),  # NULL: the text lies in an append-only table of its own, under ``ref``
    Column("prev", String, nullable=False),
    Column("hash", String, nullable=False),
)
Index("audit_chain", audit.c.chain, audit.c.seq)
Index("audit_ref", audit.c.ref)

checkpoint = Table(  # seals the order among all chains, once a run
    "checkpoint",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    *[Column(name, String, nullable=False) for name in ("run_id", "at")],
    *[Column(name, Integer, nullable=False) for name in ("since", "upto")],
    *[Column(name, String, nullable=False) for name in ("prev", "hash")],
)

person = Table(  # names lie here and nowhere in what is sealed; one without a name was erased
    "person",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", Text),
    Column("erased_at", String),
)

ledger = Table(  # what each party's part of a won deal was worth, and every change since; rows are only added
    "ledger",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    *[Column(name, String, nullable=False) for name in ("opportunity_id", "party", "name", "currency")],
    Column("minor", BigInteger, nullable=False),
    *[Column(name, String, nullable=False) for name in ("cause", "day", "at")],
    Column("body", Text, nullable=False),
)
Index("ledger_opportunity", ledger.c.opportunity_id, ledger.c.seq)
Index("ledger_party", ledger.c.party, ledger.c.day)

# --- what was written ---------------------------------------------------------------------------------------------

baseline = Table(  # what we last wrote, or found as we want it, by field: `ours` of the three-way comparison
    "baseline",
    metadata,
    Column("connection", String, primary_key=True),
    Column("object", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("field", String, primary_key=True),
    Column("text", Text),
)

outbox = Table(  # intended writes: todo (never sent), sending (in doubt after a crash), done, or why not
    "outbox",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    *[
        Column(name, String, nullable=False)
        for name in ("id", "run_id", "group_id", "connection", "object", "key", "state")
    ],
    Column("body", Text, nullable=False),
    Column("error", Text),
    Column("at", String, nullable=False),
    UniqueConstraint("run_id", "id"),
)
Index("outbox_state", outbox.c.state, outbox.c.seq)
Index("outbox_row", outbox.c.connection, outbox.c.object, outbox.c.key)

run = Table(
    "run",
    metadata,
    Column("id", String, primary_key=True),
    Column("mode", String, nullable=False),
    Column("started_at", String, nullable=False),
    Column("finished_at", String),
    Column("report", Text),
)

lease = Table(  # who may work, with a fencing number that only rises
    "lease",
    metadata,
    Column("name", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("until", String, nullable=False),
)

token = Table(  # tokens that change while we run (rotated refresh tokens), sealed by the file's permissions
    "token",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)

setting = Table(  # hashes of policies and mappings that the stored verdicts were made under
    "setting",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)

published = Table(  # every version of a mapping that was published, with who, when and why; rows are only added
    "published",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    *[Column(name, String, nullable=False) for name in ("mapping", "version", "how", "by", "at")],
    Column("why", Text, nullable=False),
    Column("body", Text, nullable=False),
)
Index("published_mapping", published.c.mapping, published.c.seq)
object_schema = Table(  # an object as its CRM described it: ``accepted`` by a person, and ``latest``
    "object_schema",
    metadata,
    *[Column(name, String, primary_key=True) for name in ("connection", "object", "which")],
    Column("at", String, nullable=False),
    Column("body", Text, nullable=False),
)
