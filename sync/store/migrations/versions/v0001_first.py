"""The first tables, and the guards that no code can get around."""

from alembic import op
from sqlalchemy import Boolean, Column, Integer, UniqueConstraint

from sync.store.dialect import TEXT, WORD, Guard, set_guard

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

GUARDS = (
    Guard("decision_is_never_edited", "decision", "UPDATE", "a decision is never edited: record a new one"),
    Guard("decision_is_never_deleted", "decision", "DELETE", "a decision is never deleted"),
    # A rule may carry a registration on (the deal was won, the window ended), but never undo what a person ruled.
    Guard(
        "rule_never_reverses_a_person",
        "decision",
        "INSERT",
        "a rule cannot reverse the decision of a person",
        """
        NOT NEW.person
     AND NEW.event IN ('approve', 'reject', 'supersede', 'narrow', 'conflict_found')
     AND EXISTS (
        SELECT 1 FROM decision AS last
        WHERE last.subject = NEW.subject AND last.person
          AND last.seq = (SELECT max(seq) FROM decision WHERE subject = NEW.subject)
          AND last.event IN ('approve', 'reject', 'withdraw')
     )
        """,
    ),
)


def upgrade() -> None:
    """Every table, index and guard of version 0.1."""
    _what_the_crms_said()
    _how_it_is_grouped()
    _what_was_decided()
    _what_was_written()
    _who_works()
    for guard in GUARDS:
        set_guard(op.get_bind(), guard)


def _keys(*names: str) -> list[Column[str]]:
    return [Column(name, WORD, primary_key=True) for name in names]


def _words(*names: str) -> list[Column[str]]:
    return [Column(name, WORD, nullable=False) for name in names]


def _text(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, TEXT, nullable=nullable)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def _number() -> Column[int]:
    return Column("seq", Integer, primary_key=True, autoincrement=True)


def _what_the_crms_said() -> None:
    op.create_table("org", *_keys("connection"), *_words("org", "pinned_at"))
    op.create_table(
        "cursor",
        *_keys("connection", "object"),
        _text("cursor"),
        *_words("mapping"),
        _flag("drained"),
        *_words("at"),
    )
    op.create_table(
        "record",
        *_keys("key"),
        *_words("connection", "object", "id", "kind", "thing", "stamp"),
        _flag("deleted"),
        Column("merged_into", WORD),
        *_words("mapping"),
        _text("raw"),
        *_words("group_id"),
        UniqueConstraint("connection", "object", "id"),
    )
    op.create_index("record_group", "record", ["group_id", "kind"])
    op.create_index("record_thing", "record", ["thing"])
    op.create_index("record_id", "record", ["id"])
    op.create_table("problem", *_keys("key", "place"), _text("what"), _text("fix"))


def _how_it_is_grouped() -> None:
    op.create_table("tie", *_keys("key", "anchor"))
    op.create_index("tie_anchor", "tie", ["anchor"])
    op.create_table("anchor", *_keys("anchor"), *_words("group_id"))
    op.create_index("anchor_group", "anchor", ["group_id"])
    op.create_table("involved", *_keys("key", "partner"))
    op.create_index("involved_partner", "involved", ["partner"])
    op.create_table("due", *_keys("group_id"), *_words("at"))
    op.create_index("due_at", "due", ["at"])


def _what_was_decided() -> None:
    op.create_table(
        "decision",
        _number(),
        Column("id", WORD, nullable=False, unique=True),
        *_words("subject", "event", "to_state"),
        _flag("person"),
        *_words("at"),
        _text("body"),
    )
    op.create_index("decision_subject", "decision", ["subject", "seq"])
    op.create_table("standing", *_keys("id"), *_words("state"), _text("body"))
    op.create_table("case_file", *_keys("id"), *_words("kind", "state"), _text("body"))
    op.create_table("case_member", *_keys("registration_id", "case_id"))
    op.create_table("joint", *_keys("id"), *_words("opportunity_id"), _text("body"))
    op.create_index("joint_opportunity", "joint", ["opportunity_id"])
    op.create_table(
        "split",
        *_keys("opportunity_id"),
        Column("version", Integer, primary_key=True),
        _text("body"),
        *_words("at"),
        _flag("ended"),
    )


def _what_was_written() -> None:
    op.create_table("baseline", *_keys("connection", "object", "key", "field"), _text("text", nullable=True))
    op.create_table(
        "outbox",
        _number(),
        *_words("id", "run_id", "group_id", "connection", "object", "key", "state"),
        _text("body"),
        _text("error", nullable=True),
        *_words("at"),
        UniqueConstraint("run_id", "id"),
    )
    op.create_index("outbox_state", "outbox", ["state", "seq"])
    op.create_index("outbox_row", "outbox", ["connection", "object", "key"])


def _who_works() -> None:
    op.create_table(
        "run",
        *_keys("id"),
        *_words("mode", "started_at"),
        Column("finished_at", WORD),
        _text("report", nullable=True),
    )
    op.create_table(
        "lease", *_keys("name"), *_words("holder"), Column("fence", Integer, nullable=False), *_words("until")
    )
    op.create_table("token", *_keys("name"), _text("value"))
    op.create_table("setting", *_keys("name"), _text("value"))
