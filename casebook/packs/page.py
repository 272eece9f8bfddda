"""The page that a pack opens with: what is in it, for people who have never seen this program.

In: the data of the other members. Out: one HTML file without script, link or picture, that prints as it stands. Every
text is hostile: it came out of a log, or out of somebody's mouth. It refuses to leave anything out without saying how
much; all of it is in the other members.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any, Final
from zoneinfo import ZoneInfo

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from casebook.packs import segment
from pipeline.output.visible import spelt_out, visible

#: Of hits, lines, events and actions so many are shown each; the other members hold all.
_MOST: Final = 300
_MOST_CHARACTERS: Final = 2_000
_WHO: Final = {
    "authenticated": "the log names a person's own account",
    "mapped": "the device or address belonged to a person at that time",
    "shared": "a login that several people share",
    "unknown-account": "an account that is not on the school's list",
    "address-only": "only an address is known",
    "contradicted": "two sources disagree about who it was",
}
#: Grades by which the log proves who it was.
_PROVEN: Final = frozenset({"authenticated", "mapped"})
_WHAT: Final = {
    "typed": "typed words", "page": "a page that was opened", "host-only": "the name of a site; the page is not known",
    "background": "the work of software",
}  # fmt: skip
_WORDS: Final = {
    "pack": "with the original lines", "pack-without-lines": "without the original lines",
    "pack-of-references": "references in place of lines and addresses",
}  # fmt: skip
#: What stands in the history besides words.
_FIXED: Final = frozenset({
    "action", "at", "author", "role", "kind", "categories", "draft_id", "category", "level", "day", "site",
})  # fmt: skip


def rendered(
    case: Mapping[str, Any], custody: Mapping[str, Any], references: Iterable[tuple[Mapping[str, Any], bytes | None]],
    chain: bytes, timezone: ZoneInfo,
) -> bytes:  # fmt: skip
    """The page as UTF-8."""
    clock = _Clock(timezone)
    incidents = [_incident(each, clock) for each in case["incidents"]]
    shown = list(references)
    warnings = dict.fromkeys(each for incident in case["incidents"] for each in incident["warnings"])
    page = _environment().get_template("index.html").render(
        incident=case["incident"], school=case["school"], withheld=case["withheld"], warnings=list(warnings),
        made_at=clock.at(custody["exported"]["at"]), zone=str(timezone), incidents=incidents,
        not_shown=case["not_shown"], names_open=custody["names"] == "open", has_lines=custody["what"] == "pack",
        hits=_lines(shown, "hit"), around=_lines(shown, "around"), decisions=_decisions(case, chain, clock),
        custody=_custody(custody, clock), checked=f"esafety incident verify-pack {case['incident']}.zip",
        left_out=_left_out(chain),
    )  # fmt: skip
    return page.encode()


class _Clock:
    """Times as people of the school read them."""

    def __init__(self, timezone: ZoneInfo) -> None:
        self._timezone = timezone

    def at(self, written: str) -> str:
        return datetime.fromisoformat(written).astimezone(self._timezone).strftime("%d %b %Y, %H:%M:%S")


def _clipped(text: str) -> str:
    more = len(text) - _MOST_CHARACTERS
    return text if more <= 0 else f"{text[:_MOST_CHARACTERS]} … and {more:,} more characters"


def _first(rows: list[Any], one: str) -> tuple[list[Any], str]:
    """The rows that are shown, and a word about the rest."""
    more = len(rows) - _MOST
    return rows[:_MOST], f"and {more:,} more {one}, in the other files of the pack" if more > 0 else ""


def _incident(incident: Mapping[str, Any], clock: _Clock) -> dict[str, Any]:
    parties = [f"{each['part']}: {each['person']}" for each in incident["parties"]]
    facts = [
        ("State", incident["state"]), ("How urgent", incident["level"]), ("Category", incident["category"]),
        ("Route", incident["title"]), ("Day", incident["day"]),
        ("Who is part of it", "; ".join(parties) or "nobody is entered"),
        ("Ended as", incident["ground"]), ("Part of", incident["merged_into"]),
    ]  # fmt: skip
    return {
        "id": incident["id"], "facts": [(name, str(value)) for name, value in facts if value],
        "steps": [(f"{each['do']} ({each['by']})", each["done"]) for each in incident["steps"]],
        "drafts": [_draft(each, clock) for each in incident["drafts"]],
    }  # fmt: skip


def _draft(draft: Mapping[str, Any], clock: _Clock) -> dict[str, Any]:
    hits, more_hits = _first(draft["hits"], "hits")
    events, more_around = _first(draft["around"], "events")
    where = [str(draft[name]) for name in ("class", "lesson") if draft[name]]
    return {
        "title": f"{clock.at(draft['first_ts'])} to {clock.at(draft['last_ts'])}",
        "facts": [
            ("Filed under", draft["subject"]), ("How sure that is", _WHO.get(draft["who"], draft["who"])),
            ("What it was", _WHAT.get(draft["what"], draft["what"])),
            ("Class and lesson", ", ".join(where) or "not known"),
            ("Why this level", "; ".join(draft["reasons"]) or "not said"),
            ("SHA-256 of its lines", draft["evidence_sha256"]),
        ],
        "is_proven": draft["who"] in _PROVEN, "said": list(draft["facts"]),
        "hits": [_hit(each, clock) for each in hits], "more_hits": more_hits,
        "around": [
            (clock.at(each["ts"]), _clipped(each["what"] or ""), each["kind"], each["verdict"]) for each in events
        ],
        "more_around": more_around,
    }  # fmt: skip


def _hit(hit: Mapping[str, Any], clock: _Clock) -> dict[str, str]:
    sure = "" if hit["ts_quality"] == "exact" else f" ({hit['ts_quality']})"
    return {
        "time": f"{clock.at(hit['ts'])}{sure}", "text": _clipped(str(hit.get("text") or "")),
        "host": str(hit.get("host") or ""), "why": f"{hit['category']}, {hit['rule_id']}", "level": hit["level"],
        "did": f"{hit['verdict']}, {hit['kind']}", "where": f"{hit['source']}, line {hit['line']}",
    }  # fmt: skip


def _lines(shown: Iterable[tuple[Mapping[str, Any], bytes | None]], because: str) -> dict[str, Any]:
    rows = [
        {
            "place": f"{each['source']}, line {each['line']}", "file": each["file"],
            "offset": "not known any more" if each["byte_offset"] is None else f"{each['byte_offset']:,}",
            "sha256": each["sha256"] or "the line itself is not kept",
            "raw": None if raw is None else _clipped(spelt_out(raw)),
        }
        for each, raw in shown
        if each["because"] == because
    ]  # fmt: skip
    first, more = _first(rows, "lines")
    return {"rows": first, "more": more}


def _decisions(case: Mapping[str, Any], chain: bytes, clock: _Clock) -> dict[str, Any]:
    hashes = {each["seq"]: each["hash"] for each in segment.checked(chain).actions}
    rows = [
        {
            "action": each["action"], "at": clock.at(each["at"]), "who": f"{each['author']} ({each['role']})",
            "kind": each["kind"], "words": _clipped("; ".join(_words(each))), "hash": hashes[each["action"]][:16],
        }
        for each in sorted((row for one in case["incidents"] for row in one["history"]), key=lambda row: row["action"])
    ]  # fmt: skip
    first, more = _first(rows, "actions")
    return {"rows": first, "more": more}


def _words(action: Mapping[str, Any]) -> Iterator[str]:
    return (f"{name}: {value}" for name, value in action.items() if name not in _FIXED and value not in ("", [], None))


def _custody(custody: Mapping[str, Any], clock: _Clock) -> dict[str, Any]:
    made = custody["exported"]
    facts = [
        ("Made by", f"{made['author']} ({made['role']})"), ("When", clock.at(made["at"])), ("By way of", made["via"]),
        ("Reason", made["reason"]), ("Program", made["program"]), ("Machine", made["machine"]),
        ("Second person", ", ".join(custody["agreed"]) or "not needed"),
        ("What it holds", _WORDS[custody["what"]]),
        ("Casebook then", f"{custody['head']['actions']:,} actions, the last {custody['head']['hash']}"),
    ]  # fmt: skip
    before = [
        (clock.at(each["at"]), f"{each['author']} ({each['role']})", each["what"], each["reason"], each["sha256"])
        for each in custody["before"]
    ]
    return {"facts": facts, "before": before}


def _left_out(chain: bytes) -> list[str]:
    """What of the history is not in the pack, and why."""
    found = segment.checked(chain).left_out
    return [f"{count:,} × {segment.LEFT_OUT[why]}" for why, count in sorted(found.items())]


@cache
def _environment() -> Environment:
    return Environment(
        loader=FunctionLoader(lambda name: resources.files("casebook.packs").joinpath(name).read_text("utf-8")),
        autoescape=True, undefined=StrictUndefined, finalize=_finalize, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True,
    )  # fmt: skip


def _finalize(value: object) -> object:
    # What a macro gives has been through here already.
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
