"""Links and signature keys are held to their page and article by a trigger for each statement, not by a look for each row."""

from etl.store.migrate import run_sql

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    run_sql(__file__, "up")


def downgrade() -> None:
    run_sql(__file__, "down")
