"""Alembic's entry: runs the wanted steps on the connection that `etl.store.migrate` hands over."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    version_table="alembic_version",
    version_table_schema="etl",
    # A step that fails leaves the steps before it done, and only a step of its own may leave its transaction.
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
