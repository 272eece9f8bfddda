"""The tables that pass between the stages: the only home of column names and types.

Every time is UTC with microseconds. Lines count from 1; byte offsets count from 0 in the decoded file
(after decompression and, for UTF-16, after conversion to UTF-8). A null means that the log does not say.
`conform` is the one door through which a table enters the lake.
"""

from __future__ import annotations

from typing import Final

import polars as pl

TIMESTAMP: Final = pl.Datetime("us", "UTC")

#: How the time of an event was established.
TS_QUALITIES: Final = ("exact", "assumed-zone", "ambiguous-hour", "guessed-year")
#: What the filter did. A login challenge (407) is no block.
VERDICTS: Final = ("allowed", "blocked", "warned", "challenge", "error", "unknown")
#: What a row shows of a person: typed words, an opened page, a host name only, or the work of software.
KINDS: Final = ("typed", "page", "host-only", "background")
#: Why a line was not read.
REJECT_REASONS: Final = (
    "not-this-format",
    "bad-time",
    "no-such-hour",
    "bad-number",
    "bad-field",
    "missing-column",
    "too-long",
    "unclosed-quote",
    "line-continued",
)
#: Why a line was passed over on purpose; counted, never silent.
SKIP_REASONS: Final = ("blank", "comment", "header", "before-header", "other-record", "duplicate-line")

#: Columns that are the same for every event of one file.
ORIGIN: Final[dict[str, pl.DataType]] = {
    "site": pl.String(),
    "source": pl.String(),
    "format": pl.String(),
    "source_sha256": pl.String(),
}

#: What a format says of one line. A format leaves out what its log does not have. `other_clock`: some devices write
#: two stamps; where they are more than a second apart it holds the one that `ts` does not come from, as written.
PARSED: Final[dict[str, pl.DataType]] = {
    "line": pl.Int64(),
    "ts": TIMESTAMP,
    "ts_quality": pl.String(),
    "other_clock": pl.String(),
    "user_raw": pl.String(),
    "client_ip": pl.String(),
    "device": pl.String(),
    "method": pl.String(),
    "host": pl.String(),
    "url": pl.String(),
    "typed_text": pl.String(),
    "title": pl.String(),
    "app": pl.String(),
    "verdict": pl.String(),
    "vendor_category": pl.String(),
    "status": pl.Int64(),
    "bytes": pl.Int64(),
    "duration_ms": pl.Int64(),
    "content_type": pl.String(),
    "user_agent": pl.String(),
    "referrer": pl.String(),
    "kind": pl.String(),
}

#: `events` as they lie in the lake. `host` is stored only where the log names a host and no URL; everything
#: that a URL decides is computed from it when it is wanted (docs/adr/0003).
STORED_EVENTS: Final = pl.Schema(ORIGIN | {"line": pl.Int64(), "byte_offset": pl.Int64(), "user": pl.String()} | PARSED)

#: `events` in full: what `esafety parse` writes and what a hit is kept with.
EVENTS: Final = pl.Schema(
    {"event_id": pl.String()}
    | ORIGIN
    | {
        "line": pl.Int64(),
        "byte_offset": pl.Int64(),
        "ts": TIMESTAMP,
        "ts_quality": pl.String(),
        "other_clock": pl.String(),
        "user_raw": pl.String(),
        "user": pl.String(),
        "client_ip": pl.String(),
        "device": pl.String(),
        "method": pl.String(),
        "scheme": pl.String(),
        "host": pl.String(),
        "domain": pl.String(),
        "path": pl.String(),
        "query": pl.String(),
        "url": pl.String(),
        "search_engine": pl.String(),
        "search_text": pl.String(),
        "typed_text": pl.String(),
        "title": pl.String(),
        "app": pl.String(),
        "verdict": pl.String(),
        "vendor_category": pl.String(),
        "status": pl.Int64(),
        "bytes": pl.Int64(),
        "duration_ms": pl.Int64(),
        "content_type": pl.String(),
        "user_agent": pl.String(),
        "referrer": pl.String(),
        "kind": pl.String(),
    }
)

#: Lines that could not be read. `raw` is the line byte for byte, without its line end.
REJECTS: Final = pl.Schema(
    {
        "source_sha256": pl.String(),
        "line": pl.Int64(),
        "byte_offset": pl.Int64(),
        "format": pl.String(),
        "reason": pl.String(),
        "detail": pl.String(),
        "raw": pl.Binary(),
    }
)

#: One match of one rule in one field of one event. `start` and `end` count characters of the field's text.
HITS: Final = pl.Schema(
    {
        "hit_id": pl.String(),
        "event_id": pl.String(),
        "rule_id": pl.String(),
        "watchlist": pl.String(),
        "watchlist_sha256": pl.String(),
        "category": pl.String(),
        "field": pl.String(),
        "start": pl.Int64(),
        "end": pl.Int64(),
        "view": pl.String(),
        "weight": pl.Float64(),
    }
)

#: Original lines kept byte for byte: of hits (`hit`) and of the same user's or address's events around them.
EVIDENCE: Final = pl.Schema(
    {
        "source_sha256": pl.String(),
        "line": pl.Int64(),
        "byte_offset": pl.Int64(),
        "because": pl.String(),
        "raw": pl.Binary(),
    }
)


def conform(table: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    """Give `table` exactly the columns and types of `schema`; missing columns become null.

    Raises `ValueError` for a column that the schema does not know, and polars' own error for a value
    that does not fit its type: nothing is cut to size.
    """
    unknown = set(table.columns) - set(schema)
    if unknown:
        raise ValueError(f"columns outside the schema: {sorted(unknown)}")
    columns = [
        (pl.col(name) if name in table.columns else pl.lit(None)).cast(dtype, strict=True).alias(name)
        for name, dtype in schema.items()
    ]
    return table.select(columns)


#: How surely the log says who it was (domain words; `unknown-account`: a user that the people file does not list).
WHO_GRADES: Final = ("authenticated", "mapped", "shared", "unknown-account", "address-only", "contradicted")
#: What the school files a draft under. Below `mapped` no pupil is named: it is then a class, device or account.
SUBJECT_KINDS: Final = ("person", "class", "account", "device", "address")
#: From the one that cannot wait to the one that is only counted.
LEVELS: Final = ("urgent", "high", "medium", "low", "record")

#: The view of a site that an address leads to, by a redirector, a proxy or a translator.
LED_TO: Final = "led-to"
#: The view of a hit of a secret list: its address is shown nowhere.
STATUTORY: Final = "statutory"
#: The view of a hit that no rule made, but the words of a text taken together.
BY_WORDS: Final = "by-words"
#: Roles of the people file that are no pupils', in small letters.
STAFF_ROLES: Final = ("staff", "teacher", "governor", "head")
#: Who was it: one row for each distinct (user, client_ip, device, day, verdict is a challenge).
SUBJECT: Final[dict[str, pl.DataType]] = {
    "subject": pl.String(),
    "subject_kind": pl.String(),
    "subject_name": pl.String(),
    "who": pl.String(),
    "role": pl.String(),
    "year_group": pl.String(),
    "class": pl.String(),
}

#: One hit as a draft shows it. `text` is the field's whole text; `start` and `end` mark the match in it.
DRAFT_HIT: Final = pl.Struct(
    {
        "hit_id": pl.String(),
        "event_id": pl.String(),
        "ts": TIMESTAMP,
        "ts_quality": pl.String(),
        "category": pl.String(),
        "rule_id": pl.String(),
        "level": pl.String(),
        "field": pl.String(),
        "text": pl.String(),
        "start": pl.Int64(),
        "end": pl.Int64(),
        "host": pl.String(),
        "verdict": pl.String(),
        "kind": pl.String(),
        "source": pl.String(),
        "source_sha256": pl.String(),
        "line": pl.Int64(),
        "raw": pl.Binary(),
    }
)
#: One event of the ten minutes before and after, in order.
DRAFT_AROUND: Final = pl.Struct({"ts": TIMESTAMP, "kind": pl.String(), "verdict": pl.String(), "what": pl.String()})

#: Draft incidents. `day` is the local date on which the episode began, a day running from 04:00 to 04:00.
DRAFTS: Final = pl.Schema(
    {"draft_id": pl.String(), "day": pl.Date(), "site": pl.String()}
    | SUBJECT
    | {
        "lesson": pl.String(),
        "what": pl.String(),
        "first_ts": TIMESTAMP,
        "last_ts": TIMESTAMP,
        "level": pl.String(),
        "category": pl.String(),
        "categories": pl.List(pl.String()),
        "reasons": pl.List(pl.String()),
        "facts": pl.List(pl.String()),
        "route": pl.String(),
        "hits": pl.List(DRAFT_HIT),
        "around": pl.List(DRAFT_AROUND),
        "evidence_sha256": pl.String(),
    }
)

#: What a safeguarding lead says of a draft, and the table of it: one row for each draft that was judged.
DRAFT_VERDICTS: Final = ("confirmed", "false-alarm", "accidental", "legitimate", "duplicate", "not-ours")
JUDGED: Final = pl.Schema({"draft_id": pl.String(), "verdict": pl.String()})

#: A text that many of a cluster have in common, and how many of them.
CLUSTER_TEXT: Final = pl.Struct({"text": pl.String(), "subjects": pl.Int64()})
#: A draft of a cluster. `apart`: in what it went further than most of the class; `folded`: in nothing, and it may be
#: shown with the others.
CLUSTER_DRAFT: Final = pl.Struct({"draft_id": pl.String(), "folded": pl.Boolean(), "apart": pl.List(pl.String())})

#: Much of a class did the same in one lesson or within half an hour. `class` is that of the lesson, or the registration
#: class where the timetable has no lesson; `day` as in `DRAFTS`. `pupils` are those that the log or the school's list
#: names, `mapped` those of them whose device or address it was, `nameless` other logins, devices and addresses of the
#: class. `level` is what at least half of them reached. `common`: what more than half went further in; `lowered`:
#: whose hits a lesson has lowered; `beside`: drafts about a child at risk at that time, which are never part of it.
CLUSTERS: Final = pl.Schema(
    {
        "cluster_id": pl.String(),
        "day": pl.Date(),
        "site": pl.String(),
        "class": pl.String(),
        "lesson": pl.String(),
        "category": pl.String(),
        "first_ts": TIMESTAMP,
        "last_ts": TIMESTAMP,
        "pupils": pl.Int64(),
        "class_size": pl.Int64(),
        "mapped": pl.Int64(),
        "nameless": pl.Int64(),
        "level": pl.String(),
        "fields": pl.List(pl.String()),
        "rules": pl.List(pl.String()),
        "texts": pl.List(CLUSTER_TEXT),
        "lowered": pl.Int64(),
        "lowered_for": pl.List(pl.String()),
        "common": pl.List(pl.String()),
        "drafts": pl.List(CLUSTER_DRAFT),
        "beside": pl.List(pl.String()),
    }
)

#: Counts without any name, kept when events are purged. `category` is empty for all traffic of that row,
#: otherwise the events counted are those with at least one hit in that category that is no mere record, or that
#: is looking for help. `kind` is settled for flagged events only (docs/adr/0003). Local calendar day.
FACTS: Final = pl.Schema(
    {
        "day": pl.Date(),
        "site": pl.String(),
        "class": pl.String(),
        "year_group": pl.String(),
        "role": pl.String(),
        "category": pl.String(),
        "verdict": pl.String(),
        "kind": pl.String(),
        "events": pl.Int64(),
    }
)
#: How many different subjects of a day used the network; the base of every rate.
ACTIVE: Final = pl.Schema(
    {
        "day": pl.Date(),
        "site": pl.String(),
        "year_group": pl.String(),
        "role": pl.String(),
        "who": pl.String(),
        "users": pl.Int64(),
    }
)
#: How many events each source gave in each local hour; an hour that is missing here had no log.
COVERAGE: Final = pl.Schema(
    {"day": pl.Date(), "site": pl.String(), "source": pl.String(), "hour": pl.Int64(), "events": pl.Int64()}
)
#: Counts with the subject, for the network manager and the DSL; they go when the events go.
USER_COUNTS: Final = pl.Schema(
    {
        "day": pl.Date(),
        "site": pl.String(),
        "subject": pl.String(),
        "subject_kind": pl.String(),
        "class": pl.String(),
        "year_group": pl.String(),
        "category": pl.String(),
        "verdict": pl.String(),
        "events": pl.Int64(),
    }
)
#: What became of the hits of a duty day (`pipeline.urgency.became`): every hit stands in one row. `exclusion`, `reason`
#: and `owner` are those of the exclusion that set the hits aside. It may be about one person: it goes when the drafts
#: go.
BECAME: Final = pl.Schema(
    {
        "day": pl.Date(),
        "became": pl.String(),
        "exclusion": pl.String(),
        "reason": pl.String(),
        "owner": pl.String(),
        "hits": pl.Int64(),
    }
)
#: What the filter did with each host: from which a change of the filter shows. `by_adult`: asked for by somebody who by
#: the people file is no pupil, and for whom the filter may be another. `users` is a set of 63 bits of which each user
#: has one, so that sets of many days can be united and nobody is named. It goes when the events go. Local calendar day.
SITE_VERDICTS: Final = pl.Schema(
    {
        "day": pl.Date(),
        "source": pl.String(),
        "by_adult": pl.Boolean(),
        "host": pl.String(),
        "verdict": pl.String(),
        "events": pl.Int64(),
        "users": pl.Int64(),
    }
)
#: What was read of each file, as the ledger holds it: records = events + rejects + skips.
UNITS: Final = pl.Schema(
    {
        "day": pl.Date(),
        "site": pl.String(),
        "source": pl.String(),
        "records": pl.Int64(),
        "events": pl.Int64(),
        "rejects": pl.Int64(),
        "skips": pl.Int64(),
    }
)
