"""What a stored page costs the server: fewer look-ups, and a text is read once for its words."""

from etl.store.migrate import run_sql

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    run_sql(__file__, "up")


def downgrade() -> None:
    run_sql(__file__, "down")
