"""What the words of an article cost the server: no look for scripts without spaces in a text of ASCII."""

from etl.store.migrate import run_sql

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    run_sql(__file__, "up")


def downgrade() -> None:
    run_sql(__file__, "down")
