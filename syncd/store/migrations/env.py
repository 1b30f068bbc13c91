"""Runs migrations on the connection that `syncd.store.schema` hands in; knows no settings."""

from __future__ import annotations

from alembic import context

from syncd.store.tables import METADATA

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=METADATA,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
