"""The chain on which everything decided is sealed, names out of what is sealed, and their guards."""

from alembic import op
from sqlalchemy import Column, Integer, String, Text

from sync.store.first_seal import seal_what_is_there

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OPENED = ("DROP TRIGGER decision_is_never_edited", "DROP TRIGGER directive_is_never_edited")

GUARDS = (
    """
    CREATE TRIGGER decision_is_never_edited BEFORE UPDATE ON decision
    BEGIN SELECT RAISE(ABORT, 'a decision is never edited: record a new one'); END
    """,
    """
    CREATE TRIGGER directive_is_never_edited BEFORE UPDATE ON directive
    BEGIN SELECT RAISE(ABORT, 'what a person said is never edited: record a new directive'); END
    """,
    # An old decision may go once a snapshot stands for it.
    "DROP TRIGGER decision_is_never_deleted",
    """
    CREATE TRIGGER decision_is_never_deleted BEFORE DELETE ON decision
    WHEN NOT EXISTS (
        SELECT 1 FROM audit JOIN audit AS later ON later.chain = audit.chain AND later.seq > audit.seq
        WHERE audit.ref = OLD.id AND audit.kind = 'decision' AND later.kind = 'snapshot'
     )
    BEGIN SELECT RAISE(ABORT, 'a decision is never deleted'); END
    """,
    """
    CREATE TRIGGER audit_is_never_edited BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'what is sealed is never edited'); END
    """,
    """
    CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
    WHEN NOT EXISTS (
        SELECT 1 FROM audit AS later
        WHERE later.chain = OLD.chain AND later.kind = 'snapshot' AND later.seq > OLD.seq
     )
    BEGIN SELECT RAISE(ABORT, 'what is sealed is never deleted: prune it'); END
    """,
    """
    CREATE TRIGGER checkpoint_is_never_edited BEFORE UPDATE ON checkpoint
    BEGIN SELECT RAISE(ABORT, 'a checkpoint is never edited'); END
    """,
    """
    CREATE TRIGGER checkpoint_is_never_deleted BEFORE DELETE ON checkpoint
    WHEN NOT EXISTS (SELECT 1 FROM checkpoint AS later WHERE later.since = 0 AND later.seq > OLD.seq)
    BEGIN SELECT RAISE(ABORT, 'a checkpoint is never deleted: prune what it seals'); END
    """,
    """
    CREATE TRIGGER person_is_only_erased BEFORE UPDATE ON person WHEN NEW.name IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'a name is never changed, only erased'); END
    """,
)


def upgrade() -> None:
    """The tables and their guards; what is there already loses its names and is sealed as it stands."""
    _tables()
    for opened in OPENED:
        op.execute(opened)
    seal_what_is_there(op.get_bind())
    for guard in GUARDS:
        op.execute(guard)


def _tables() -> None:
    words = ("chain", "kind", "ref", "at")
    op.create_table("audit", _number(), *_words(*words), Column("body", Text), *_words("prev", "hash"))
    op.create_index("audit_chain", "audit", ["chain", "seq"])
    op.create_index("audit_ref", "audit", ["ref"])
    spans = [Column(name, Integer, nullable=False) for name in ("since", "upto")]
    op.create_table("checkpoint", _number(), *_words("run_id", "at"), *spans, *_words("prev", "hash"))
    op.create_table(
        "person", Column("id", String, primary_key=True), Column("name", Text), Column("erased_at", String)
    )


def _number() -> Column[int]:
    return Column("seq", Integer, primary_key=True, autoincrement=True)


def _words(*names: str) -> list[Column[str]]:
    return [Column(name, String, nullable=False) for name in names]
