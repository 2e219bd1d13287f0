"""A record's own id is no longer kept as an anchor beside it, and nothing is indexed twice."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The same groups, with less to write for each row that is read."""
    op.execute("DELETE FROM tie WHERE anchor = 'id:' || key")
    op.execute("DELETE FROM anchor WHERE anchor IN (SELECT 'id:' || key FROM record)")
    op.drop_index("tie_anchor", "tie")
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("record_connection_object_id_key", "record", type_="unique")
        return
    with op.batch_alter_table("record", naming_convention={"uq": "record_place"}) as batch:
        batch.drop_constraint("record_place", type_="unique")
    for table in ("tie", "anchor", "involved", "measured_deal"):  # their rows are little more than their keys
        with op.batch_alter_table(table, recreate="always", table_kwargs={"sqlite_with_rowid": False}):
            pass
