"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_SHORT, _LONG = 40, 200


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "action",
        sa.Column("seq", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("author", sa.String(_LONG), nullable=False),
        sa.Column("role", sa.String(_SHORT), nullable=False),
        sa.Column("via", sa.String(_LONG), nullable=False),
        sa.Column("kind", sa.String(_SHORT), nullable=False),
        sa.Column("about", sa.String(_SHORT)),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("content_sha256", sa.String(64), nullable=False),
        sa.Column("prior", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_action"),
        sa.UniqueConstraint("hash", name="uq_action_hash"),
    )
    op.create_index("ix_action_about", "action", ["about"])
    op.create_table(
        "content",
        sa.Column("seq", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_content"),
        sa.ForeignKeyConstraint(["seq"], ["action.seq"], name="fk_content_seq"),
    )
    op.create_table(
        "head",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_head"),
        sa.CheckConstraint("id = 1", name="ck_head_one_row"),
    )
    _make_what_follows()


def _make_what_follows() -> None:
    """The tables that follow from the actions."""
    op.create_table(
        "incident",
        sa.Column("id", sa.String(_SHORT), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("side", sa.String(10), nullable=False),
        sa.Column("origin", sa.String(10), nullable=False),
        sa.Column("level", sa.String(10), nullable=False),
        sa.Column("category", sa.String(60), nullable=False),
        sa.Column("route", sa.String(_SHORT), nullable=False),
        sa.Column("withheld", sa.Integer, nullable=False),
        sa.Column("question_open", sa.Integer, nullable=False),
        sa.Column("held", sa.Integer, nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("opened_at", sa.String(32), nullable=False),
        sa.Column("changed_at", sa.String(32), nullable=False),
        sa.Column("reviewed_at", sa.String(32), nullable=False),
        sa.Column("closed_at", sa.String(32), nullable=False),
        sa.Column("ground", sa.String(_SHORT), nullable=False),
        sa.Column("erased", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_incident"),
    )
    op.create_index("ix_incident_state_changed_at", "incident", ["state", "changed_at"])
    op.create_table(
        "drafted",
        sa.Column("draft_id", sa.String(_SHORT), nullable=False),
        sa.Column("incident", sa.String(_SHORT), nullable=False),
        sa.Column("evidence_sha256", sa.String(64), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.PrimaryKeyConstraint("draft_id", "incident", name="pk_drafted"),
        sa.ForeignKeyConstraint(["incident"], ["incident.id"], name="fk_drafted_incident"),
    )
    op.create_index("ix_drafted_incident", "drafted", ["incident"])
    op.create_index("ix_drafted_day", "drafted", ["day"])
    op.create_table(
        "party",
        sa.Column("incident", sa.String(_SHORT), nullable=False),
        sa.Column("person", sa.String(_LONG), nullable=False),
        sa.Column("part", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.PrimaryKeyConstraint("incident", "person", name="pk_party"),
        sa.ForeignKeyConstraint(["incident"], ["incident.id"], name="fk_party_incident"),
    )
    op.create_index("ix_party_person", "party", ["person"])
