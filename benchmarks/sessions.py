"""Is what a pupil did in a morning as urgent to the program as to a person who knows?

    python benchmarks/sessions.py [--set SESSIONS.jsonl]

A set holds sessions {id, half, expected_level, expected, why, events: [{t, kind, text | url, verdict}]}: each is one
pupil on one day, and its level is none, low (counted, no draft), medium, high or urgent. All go as the export of a
monitoring product through a whole night, a process of its own. Prints what came out at which level, and each session
that came out at another one than expected. A set that knows nothing above `high` means by it whatever a safeguarding
lead has to see at once: there `urgent` is right as well. Exit code 1 if a night fails.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.school_week import drafts_of
from pipeline.schema import LEVELS
from pipeline.trials.flagging import flag_rows, labels_named
from pipeline.urgency.levels import at_least, most_urgent

OWN_SESSIONS = Path(__file__).with_name("flagging_sessions.jsonl")
#: From the most urgent down; what the program only records is none to a person.
SCALE = (*LEVELS[:-1], "none")
_CONFIG = """
[school]
name = "Example Park School"
[[source]]
name = "monitoring"
files = ["export.csv"]
format = "csv"
date_order = "ymd"
[source.columns]
ts = "when"
user_raw = "who"
url = "url"
title = "title"
typed_text = "typed"
verdict = "verdict"
[source.verdicts]
allowed = "allowed"
blocked = "blocked"
"""
Session = dict[str, Any]


def sessions_of(path: Path) -> list[Session]:
    """The sessions of a set."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def given(sessions: list[Session]) -> dict[str, tuple[str, set[str]]]:
    """Level and labels of each session by its id, as a night gives them that reads all of them."""
    labels, counted = labels_named("eval").categories, _counted(sessions)
    last = max(datetime.fromisoformat(session["events"][-1]["t"]) for session in sessions)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "school.toml").write_text(_CONFIG, encoding="utf-8")
        _write_export(folder / "export.csv", sessions)
        drafts = drafts_of(folder, last.date() + timedelta(days=1), headers=1)
    found: dict[str, tuple[str, set[str]]] = {}
    for draft in drafts.iter_rows(named=True):
        who = draft["subject"].split(":")[-1]
        level, names = found.get(who, ("record", set()))
        said = {labels[each] for each in draft["categories"] if each in labels}
        found[who] = most_urgent((level, draft["level"])), names | said
    return {session["id"]: found.get(session["id"].lower(), counted[session["id"]]) for session in sessions}


def _write_export(path: Path, sessions: list[Session]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["when", "who", "url", "title", "typed", "verdict"])
        for session in sessions:
            for event in session["events"]:
                cells = {event["kind"]: event.get("text") or event.get("url")}
                if "search" in cells:
                    cells["url"] = f"https://www.google.com/search?q={quote_plus(cells['search'])}"
                texts = [cells.get(each, "") for each in ("url", "title", "typed")]
                when = event["t"].replace("T", " ")
                rows.writerow([when, session["id"], *texts, event.get("verdict", "allowed")])


def _counted(sessions: list[Session]) -> dict[str, tuple[str, set[str]]]:
    """What each session is without a draft: `low` where something in it counts that a label stands for, else none."""
    found = {session["id"]: ("none", set[str]()) for session in sessions}
    with tempfile.TemporaryDirectory() as name:
        asked, answers = Path(name) / "rows.jsonl", Path(name) / "answers.jsonl"
        rows = [{**event, "id": session["id"]} for session in sessions for event in session["events"]]
        asked.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        flag_rows(asked, answers, None, labels_named("eval"))
        for answer in map(json.loads, answers.read_text("utf-8").splitlines()):
            if answer["categories"] and answer["level"] in at_least("low"):
                found[answer["id"]] = "low", found[answer["id"]][1] | set(answer["categories"])
    return found


def is_right(expected: str, level: str, scale: Iterable[str]) -> bool:
    """Whether a level is the expected one, on the scale that the set knows."""
    return level == expected or (expected == "high" and level == "urgent" and "urgent" not in scale)


def table(sessions: list[Session], found: Mapping[str, tuple[str, set[str]]]) -> str:
    """How many of each level came out at which, then those that came out at another."""
    known = {session["expected_level"] for session in sessions}
    told = [f"| expected | {' | '.join(SCALE)} | right label |", "|---" * (len(SCALE) + 2) + "|"]
    for expected in SCALE:
        some = [session for session in sessions if session["expected_level"] == expected]
        counts = [sum(found[session["id"]][0] == level for session in some) for level in SCALE]
        rights = sum(bool(found[session["id"]][1] & set(session["expected"])) for session in some)
        of_all = "" if expected == "none" else f"{rights} of {len(some)}"
        told += [f"| {expected} | {' | '.join(map(str, counts))} | {of_all} |"] if some else []
    others = [each for each in sessions if not is_right(each["expected_level"], found[each["id"]][0], known)]
    told += [f"\n{len(sessions) - len(others)} of {len(sessions)} at the level that was expected", ""]
    told += [
        f"{each['id']}: {found[each['id']][0]}, expected {each['expected_level']} ({each['why']})" for each in others
    ]
    return "\n".join(told)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", type=Path, dest="sessions", default=OWN_SESSIONS, help="a set instead of our own")
    sessions = sessions_of(parser.parse_args().sessions)
    found = given(sessions)
    for half in sorted({session.get("half", "") for session in sessions}, reverse=True):
        some = [session for session in sessions if session.get("half", "") == half]
        print(f"{f'Half {half!r}:' if half else 'All:'}\n\n{table(some, found)}\n")


if __name__ == "__main__":
    main()
