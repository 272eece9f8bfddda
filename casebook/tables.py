"""The tables of the casebook.

`action` is what happened, and is only ever added to; `content` is the personal part of an action, which can be erased
and leaves its hash; `head` is the last action. `incident` and `party` follow from these, so that lists are quick;
`esafety audit verify` compares them, and every migration makes them anew.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.schema import conv

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

ACTION: Final = Table(
    "action",
    METADATA,
    # Counts from 1 without a gap.
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    # UTC, ISO 8601 with microseconds: the very characters that are hashed.
    Column("at", String(32), nullable=False),
    # The account of who did it; "esafety" for the nightly job.
    Column("author", String(200), nullable=False),
    Column("role", String(40), nullable=False),
    # By which way: the command line with the login of the operating system, the night.
    Column("via", String(200), nullable=False),
    Column("kind", String(40), nullable=False),
    # The incident, filter-change request or filter check that it is about.
    Column("about", String(40), index=True),
    # JSON in canonical form, without anything personal.
    Column("facts", Text, nullable=False),
    # SHA-256 of salt and content; empty where there is none.
    Column("content_sha256", String(64), nullable=False),
    Column("prior", String(64), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    # Looks, merges, holds: what is asked of all incidents at once is asked by kind.
    Index("ix_action_kind", "kind"),
)

CONTENT: Final = Table(
    "content",
    METADATA,
    Column("seq", BigInteger, ForeignKey("action.seq"), primary_key=True, autoincrement=False),
    # Without it, whoever guessed a name could check the guess against the hash that is left.
    Column("salt", LargeBinary, nullable=False),
    # JSON in canonical form.
    Column("body", Text, nullable=False),
)

#: One row: how far the chain has got. What is cut off at the end would not be missed otherwise.
HEAD: Final = Table(
    "head",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
    # The name that the first migration gave it.
    CheckConstraint("id = 1", name=conv("ck_head_ck_head_one_row")),
)

INCIDENT: Final = Table(
    "incident",
    METADATA,
    Column("id", String(40), primary_key=True),
    Column("state", String(20), nullable=False),
    Column("side", String(10), nullable=False),
    Column("origin", String(10), nullable=False),
    Column("level", String(10), nullable=False),
    Column("category", String(60), nullable=False),
    Column("route", String(40), nullable=False),
    Column("withheld", Integer, nullable=False),
    # 0 or 1, as SQLite keeps them: any other number is a change that has to show.
    # Late evidence that nobody has looked at yet.
    Column("question_open", Integer, nullable=False),
    Column("held", Integer, nullable=False),
    # Local date of the episode, or of the report.
    Column("day", String(10), nullable=False),
    Column("opened_at", String(32), nullable=False),
    Column("changed_at", String(32), nullable=False),
    # When a person first looked at it; empty until then.
    Column("reviewed_at", String(32), nullable=False),
    Column("closed_at", String(32), nullable=False),
    Column("ground", String(40), nullable=False),
    Column("erased", Integer, nullable=False),
    Index("ix_incident_state_changed_at", "state", "changed_at"),
)

#: Which draft became which incident, and the hits by which a later draft of the same episode is known.
DRAFTED: Final = Table(
    "drafted",
    METADATA,
    Column("draft_id", String(40), primary_key=True),
    # The one that it first opened, and the one that this was merged into, if more evidence came after that.
    Column("incident", String(40), ForeignKey("incident.id"), primary_key=True, index=True),
    Column("evidence_sha256", String(64), nullable=False),
    Column("day", String(10), nullable=False, index=True),
)

PARTY: Final = Table(
    "party",
    METADATA,
    Column("incident", String(40), ForeignKey("incident.id"), primary_key=True),
    # An account, as `accounts.normalise_user` writes it, or what a reporter called the person.
    Column("person", String(200), primary_key=True),
    Column("part", String(20), nullable=False),
    Column("kind", String(10), nullable=False),
    Index("ix_party_person", "person"),
)
