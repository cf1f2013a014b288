"""What a job costs the server that is put in: no history that nobody reads, one notice for many."""

from etl.store.migrate import run_sql

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    run_sql(__file__, "up")


def downgrade() -> None:
    run_sql(__file__, "down")
