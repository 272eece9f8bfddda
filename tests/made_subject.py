"""An invented school that holds something on Alex: events in every spelling, cases, lines that could not be read."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path
from typing import Any

import polars as pl
from click.testing import CliRunner
from sqlalchemy import select

from casebook.store import incidents, opened_casebook
from casebook.tables import ACTION, CONTENT, PARTY
from casebook.verifying import verify
from cli import main
from tests.made_casebook import STAFF, do
from tests.made_night import _CATEGORY, School, search, squid

PEOPLE = """username,display_name,role,year_group,classes
a.example,Alex Example,pupil,8,8B
b.sample,Jordan Sample,pupil,8,8B
english,Ida English,pupil,8,8B
d.lead,Dana Lead,staff,,
"""
#: How the logs write Alex's account.
SPELLINGS = ("a.example", "EXAMPLE\\A.Example", "a.example@example.org", "EXAMPLE%5Ca.example")
SEALED = {"title": "Sealed", "severity": "urgent", "route": "illegal", "weight": "90", "term": "sealed word"}


#: Lines that are none: two that name Alex, two more that tell what is withheld, and two that name somebody else.
UNREAD = (
    b"half a line of EXAMPLE%5CA.Example for Jordan Sample from 192.0.2.77",
    b"ALEX  EXAMPLE wrote \xe9\x1b[31m to EXAMPLE%5Cenglish and z.visitor",
    b"cut short: a.example www.sealed.example/picture",
    b"cut short: a.example q=sealed+word",
    b"half a line of b.sample, a.examples, xa.example and j.a.example",
    b"half a line of Jordan Sample and Alex",
)


def kept_school(folder: Path) -> School:
    """A school after a night and a morning."""
    school = School(folder).made()
    (school.folder / "lists" / "sealed.toml").write_text(_CATEGORY.format(id="sealed", **SEALED), "utf-8")
    (school.folder / "people.csv").write_text(PEOPLE, "utf-8")
    staff = [
        f'[[casebook.staff]]\naccount = "{each.account}"\nname = "{each.name}"\nroles = {json.dumps(each.roles)}\n'
        for each in STAFF
    ]
    (school.folder / "devices.csv").write_text("address,username\n10.0.0.9,a.example\n10.0.0.10,b.sample\n", "utf-8")
    more = '\n[people]\nfile = "people.csv"\ndevices = "devices.csv"\n' + "".join(staff)
    school.config.write_text(school.config.read_text("utf-8") + more, "utf-8")
    lines = [squid(number, f"http://www.example.org/{number}", user) for number, user in enumerate(SPELLINGS)]
    lines += [
        squid(10, search("blue lobster for jordan sample"), "a.example"),
        squid(12_000, "http://www.cranes.example/=1+1", "EXAMPLE\\a.example"),
        squid(5_000, search("sealed word"), "a.example"),
        squid(30, search("blue lobster"), "b.sample"),
        squid(5_010, "http://www.sealed.example/picture", "a.example"),
        squid(5_020, "http://www.example.org/go?to=http://www.sealed.example/picture", "a.example"),
        squid(15, "http://www.example.org/tied", "-", client="10.0.0.9"),
        squid(16, "http://www.example.org/theirs", "-", client="10.0.0.10"),
        squid(17, "http://www.example.org/nobodys", "-", client="10.0.0.11"),
        squid(18, "http://www.example.org/visitor", "b.sample", client="10.0.0.9"),
        squid(19, "http://www.example.org/visitor", "z.visitor", client="10.0.0.12"),
        squid(31, "http://www.example.org/?about=a.example", "b.sample", client="10.0.0.8"),
    ]
    school.log("log", "".join(lines).encode() + b"\n".join((*UNREAD, b"")))
    school.night()
    with opened_casebook(casebook_of(school)) as book:
        incident = of_category(school, "lobsters", "a.example")
        do(book, "d.lead", incident, "review")
        do(book, "d.lead", incident, "party", person="b.sample", part="witness", person_kind="pupil")
        text = (
            "Jordan's mother (j.sample@example.net, from 192.0.2.77) says that Alex and b.sample fell out; ask english."
        )
        do(book, "p.deputy", incident, "note", text=text)
    return school


def copy_of(school: School, folder: Path) -> School:
    shutil.copytree(school.folder, folder)
    return School(folder)


def casebook_of(school: School) -> str:
    return f"sqlite:///{school.store / 'casebook.sqlite'}"


def of_category(school: School, category: str, person: str) -> str:
    with opened_casebook(casebook_of(school)) as book, book.reading() as connection:
        mine = set(connection.scalars(select(PARTY.c.incident).where(PARTY.c.person == person)))
        return next(
            str(row["id"]) for row in incidents(connection) if row["category"] == category and row["id"] in mine
        )


def run(school: School, account: str, person: str = "a.example", *words: str) -> Any:
    asked = ["subject-access", person, "--config", str(school.config), "--as", account]
    given_ = ["--output", str(school.folder / "copy"), "--reason", "Her father asked on 3 November.", "--json"]
    return CliRunner().invoke(main, [*asked, *given_, *words])


def copied(school: School, account: str = "d.lead", person: str = "a.example", *words: str) -> dict[str, Any]:
    result = run(school, account, person, *words)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def texts_of(school: School) -> dict[str, str]:
    """Each file of the copy as text; the values of Parquet one after the other."""
    found = {}
    for path in sorted((school.folder / "copy").iterdir()):
        if path.suffix == ".parquet":
            found[path.name] = "\n".join(str(cell) for row in pl.read_parquet(path).iter_rows() for cell in row)
        else:
            found[path.name] = path.read_text("utf-8")
    return found


def rows_of(school: School, name: str) -> list[dict[str, str]]:
    """The rows of a file of the copy; none where it is not there."""
    return list(csv.DictReader(texts_of(school).get(name, "").splitlines()))


def counts_of(school: School) -> list[list[str]]:
    """What the page says of events, lines, rejects and registers: found, in the files, withheld."""
    row = re.compile("<tr><td>[^<]*</td>" + '<td class="number">([^<]*)</td>' * 3 + "</tr>")
    return [list(found) for found in row.findall(texts_of(school)["index.html"])]


def exports(school: School) -> list[dict[str, Any]]:
    question = select(ACTION, CONTENT.c.body).join_from(ACTION, CONTENT, ACTION.c.seq == CONTENT.c.seq)
    with opened_casebook(casebook_of(school)) as book:
        assert verify(book).faults == []
        with book.reading() as connection:
            rows = connection.execute(question.where(ACTION.c.kind == "export").order_by(ACTION.c.seq)).mappings()
            return [{**row, "facts": json.loads(row["facts"]), "content": json.loads(row["body"])} for row in rows]
