"""The chain on which everything decided is sealed, names out of what is sealed, and their guards."""

from alembic import op
from sqlalchemy import Column, Integer

from sync.store.dialect import TEXT, WORD, Guard, drop_guard, set_guard
from sync.store.first_seal import seal_what_is_there

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OPENED = (("decision_is_never_edited", "decision"), ("directive_is_never_edited", "directive"))

GUARDS = (
    Guard("decision_is_never_edited", "decision", "UPDATE", "a decision is never edited: record a new one"),
    Guard(
        "directive_is_never_edited",
        "directive",
        "UPDATE",
        "what a person said is never edited: record a new directive",
    ),
    # An old decision may go once a snapshot stands for it.
    Guard(
        "decision_is_never_deleted",
        "decision",
        "DELETE",
        "a decision is never deleted",
        """
        NOT EXISTS (
        SELECT 1 FROM audit JOIN audit AS later ON later.chain = audit.chain AND later.seq > audit.seq
        WHERE audit.ref = OLD.id AND audit.kind = 'decision' AND later.kind = 'snapshot'
     )
        """,
    ),
    Guard("audit_is_never_edited", "audit", "UPDATE", "what is sealed is never edited"),
    Guard(
        "audit_is_never_deleted",
        "audit",
        "DELETE",
        "what is sealed is never deleted: prune it",
        """
        NOT EXISTS (
        SELECT 1 FROM audit AS later
        WHERE later.chain = OLD.chain AND later.kind = 'snapshot' AND later.seq > OLD.seq
     )
        """,
    ),
    Guard("checkpoint_is_never_edited", "checkpoint", "UPDATE", "a checkpoint is never edited"),
    Guard(
        "checkpoint_is_never_deleted",
        "checkpoint",
        "DELETE",
        "a checkpoint is never deleted: prune what it seals",
        "NOT EXISTS (SELECT 1 FROM checkpoint AS later WHERE later.since = 0 AND later.seq > OLD.seq)",
    ),
    Guard(
        "person_is_only_erased",
        "person",
        "UPDATE",
        "a name is never changed, only erased",
        "NEW.name IS NOT NULL",
    ),
)


def upgrade() -> None:
    """The tables and their guards; what is there already loses its names and is sealed as it stands."""
    _tables()
    for name, table in OPENED:
        drop_guard(op.get_bind(), name, table)
    seal_what_is_there(op.get_bind())
    for guard in GUARDS:
        set_guard(op.get_bind(), guard)


def _tables() -> None:
    words = ("chain", "kind", "ref", "at")
    op.create_table("audit", _number(), *_words(*words), Column("body", TEXT), *_words("prev", "hash"))
    op.create_index("audit_chain", "audit", ["chain", "seq"])
    op.create_index("audit_ref", "audit", ["ref"])
    spans = [Column(name, Integer, nullable=False) for name in ("since", "upto")]
    op.create_table("checkpoint", _number(), *_words("run_id", "at"), *spans, *_words("prev", "hash"))
    op.create_table("person", Column("id", WORD, primary_key=True), Column("name", TEXT), Column("erased_at", WORD))


def _number() -> Column[int]:
    return Column("seq", Integer, primary_key=True, autoincrement=True)


def _words(*names: str) -> list[Column[str]]:
    return [Column(name, WORD, nullable=False) for name in names]
