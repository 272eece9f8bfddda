"""Makes `sample_logs/school/`: the files and one week of logs of a school that does not exist.

In: school_plan.toml and school_stories.toml beside this file. Out: people.csv, devices.csv, timetable.csv and the logs
of Monday 9 to Friday 13 November 2026 (Europe/London, which is UTC then). The same plan gives the same bytes; only
the packing of the .gz may differ from one compression library to another, its content does not.

    python -m sample_logs.make_school [FOLDER]
"""

from __future__ import annotations

import csv
import gzip
import io
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

from sample_logs import school_lines as lines
from sample_logs.school_lines import Event
from sample_logs.school_roll import HERE, School, load
from sample_logs.school_week import all_events

# ---------------------------------------------------------------- what the school keeps itself


def people_csv(school: School) -> bytes:
    """The people file: pupils with registration class and set, staff, caseworkers, class logins."""
    valid = school.plan["valid"]
    rows: list[Sequence[str]] = [
        (
            p.username,
            f"{p.first_name} Example",
            "pupil",
            p.year,
            f"{p.of};{p.of}/Co{1 + p.number % 2}",
            *valid.get(p.first_name, ("", "")),
        )
        for p in school.pupils.values()
    ]
    rows += [(user, name, "staff", "", "", *valid.get(user, ("", ""))) for user, name in school.plan["staff"].items()]
    rows += [(user, name, role, "", "", "", "") for user, (name, role) in school.plan["caseworkers"].items()]
    rows += [
        (user, f"Class {of}", "class", of.rstrip("ABCDEFGH"), of, "", "")
        for user, of in school.plan["class_logins"].items()
    ]
    header = ("username", "display_name", "role", "year_group", "classes", "valid_from", "valid_to")
    return table([header, *rows])


def devices_csv(school: School) -> bytes:
    """The device file: what is known by its name, its address or its range."""
    header = ("device", "address", "username", "class", "name")
    rows = []
    for device in school.plan["device"]:
        owner = school.account(device["username"]) if "username" in device else ""
        rows.append(tuple(owner if column == "username" else device.get(column, "") for column in header))
    return table([header, *rows])


def timetable_csv(school: School) -> bytes:
    """The timetable: five periods a day."""
    rows: list[Sequence[str]] = [("class", "weekday", "start", "end", "subject", "lesson")]
    for of, week in school.plan["timetable"].items():
        for day, subjects in zip(school.plan["days"], week, strict=True):
            for number, (subject, (start, end)) in enumerate(
                zip(subjects.split(), school.plan["periods"], strict=True), start=1
            ):
                rows.append((of, day, start, end, subject, f"period {number}"))
    return table(rows)


def table(rows: Iterable[Sequence[str]], end: str = "\n") -> bytes:
    """Rows as CSV in UTF-8."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=end).writerows(rows)
    return out.getvalue().encode()


# ---------------------------------------------------------------- files


def make(folder: Path) -> list[Path]:
    """Write every file of the school below `folder`, and name them."""
    school = load()
    events = all_events(school)
    split = school.when("Thu 00:00")
    older = log(school, events, "filter", lines.squid, until=split)
    rows = [lines.SENSO_HEADER, *[lines.senso(event) for event in events if event.source == "monitoring"]]
    files = {
        "people.csv": people_csv(school),
        "devices.csv": devices_csv(school),
        "timetable.csv": timetable_csv(school),
        "filter/access.log.1.gz": gzip.compress(older, mtime=0),
        "filter/access.log": log(school, events, "filter", lines.squid, since=split),
        "guardian/access.log": log(school, events, "guardian", lines.e2guardian),
        "firewall/webfilter.log": log(school, events, "firewall", lines.fortigate),
        "monitoring/senso-violations.csv": b"\xef\xbb\xbf" + table(rows, end="\r\n"),
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return [folder / name for name in files]


def log(
    school: School,
    events: Iterable[Event],
    source: str,
    write: Callable[[Event], bytes],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> bytes:
    """The lines of one source in order of time, with the damage where it happened."""
    written = [(event.at, write(event)) for event in events if event.source == source]
    written += [(school.when(at), lines.damaged(school.when(at), raw)) for of, at, raw in lines.DAMAGE if of == source]
    chosen = [(at, raw) for at, raw in written if (not since or since <= at) and (not until or at < until)]
    return b"".join(raw + b"\n" for _, raw in sorted(chosen, key=lambda pair: pair[0]))


if __name__ == "__main__":
    for made in make(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "school"):
        sys.stdout.write(f"{made}\n")
