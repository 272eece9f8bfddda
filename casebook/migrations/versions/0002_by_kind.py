"""Actions are found by their kind."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the index."""
    op.create_index("ix_action_kind", "action", ["kind"])
