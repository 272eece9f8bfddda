"""Alembic's environment: the migrations run in the connection that `casebook.store` has opened and locked."""

from alembic import context

from casebook.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    # SQLite changes a table by making it anew.
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
