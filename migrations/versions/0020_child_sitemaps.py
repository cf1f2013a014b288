"""Sitemaps of an index are asked for with what they said the last time."""

from etl.store.migrate import run_sql

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    run_sql(__file__, "up")


def downgrade() -> None:
    run_sql(__file__, "down")
