"""A poll in which nothing changed writes one row: that of its source."""

from etl.store.migrate import run_sql

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    run_sql(__file__, "up")


def downgrade() -> None:
    run_sql(__file__, "down")
