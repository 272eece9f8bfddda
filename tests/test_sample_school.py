"""The invented school is what its plan says, and holds nothing that is real."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import polars as pl
import pytest

from pipeline.config import load_settings
from pipeline.formats import Declared, registry
from pipeline.people import PeopleColumns, load_devices, load_people, normalise_user, normalise_users, resolve
from pipeline.timetable import load_timetable
from sample_logs.make_school import make
from sample_logs.school_lines import DAMAGE
from sample_logs.school_roll import load
from sample_logs.school_week import ENGINES, SUGGEST

SCHOOL = Path(__file__).resolve().parent.parent / "sample_logs" / "school"
LOGS = {
    "filter/access.log.1.gz": "squid",
    "filter/access.log": "squid",
    "guardian/access.log": "e2guardian8",
    "firewall/webfilter.log": "fortigate",
}
#: On purpose not in the people file.
STRANGERS = {"jsm", "<b>admin</b>"}
SEARCH_HOSTS = {urlsplit(address).hostname for address in [*ENGINES.values(), SUGGEST]}
STORIES: list[dict[str, Any]] = load().stories["story"]


def content(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def text_of(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252")


@cache
def events() -> pl.DataFrame:
    """All events of the logs, `source` being the folder."""
    tables = []
    for name, form in LOGS.items():
        texts = [text_of(raw) for raw in content(SCHOOL / name).split(b"\n")[:-1]]
        lines = pl.DataFrame(
            {"line": range(1, len(texts) + 1), "text": texts}, schema={"line": pl.Int64, "text": pl.String}
        )
        parsed = registry()[form].parse(lines, Declared(), "")
        assert parsed.events.height + parsed.rejects.height + parsed.skips.height == lines.height
        tables.append(parsed.events.with_columns(pl.lit(name.split("/")[0]).alias("source")))
    return pl.concat(tables, how="diagonal")


def violations() -> list[dict[str, str]]:
    text = (SCHOOL / "monitoring" / "senso-violations.csv").read_text("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_making_it_again_gives_the_same_bytes(tmp_path: Path) -> None:
    made = make(tmp_path)
    kept = {path.relative_to(SCHOOL) for path in SCHOOL.rglob("*") if path.is_file()}
    by_hand = {Path(f"{name}.toml") for name in ("school", "contacts", "sanctions")}
    assert {path.relative_to(tmp_path) for path in made} == kept - by_hand
    for path in made:
        assert content(path) == content(SCHOOL / path.relative_to(tmp_path)), path.name


def test_it_stays_small() -> None:
    assert sum(path.stat().st_size for path in SCHOOL.rglob("*") if path.is_file()) < 1_500_000
    assert 3_000 < sum(content(SCHOOL / name).count(b"\n") for name in LOGS) + len(violations()) < 6_000


def test_the_schools_own_files_are_in_order() -> None:
    people = load_people(SCHOOL / "people.csv", PeopleColumns())
    devices, timetable = load_devices(SCHOOL / "devices.csv"), load_timetable(SCHOOL / "timetable.csv")
    assert not people.issues + devices.issues + timetable.issues
    owners = set(devices.table["username"].drop_nulls())
    assert owners <= set(people.table["username"])
    taught = set(timetable.table["class"])
    assert taught <= {of for classes in people.table["classes"] for of in classes}
    assert Counter(people.table["role"]) == {"pupil": 62, "staff": 12, "visitor": 1, "class": 3}


@pytest.mark.parametrize("name", LOGS)
def test_only_the_damage_is_refused(name: str) -> None:
    form = registry()[LOGS[name]]
    texts = [text_of(raw) for raw in content(SCHOOL / name).split(b"\n")[:-1]]
    assert [each.name for each in registry().values() if each.claims(texts[:50])] == [form.name]
    lines = pl.DataFrame({"line": range(len(texts)), "text": texts}, schema={"line": pl.Int64, "text": pl.String})
    refused = set(form.parse(lines, Declared(), "").rejects["line"])
    damage = [text_of(raw).replace("@", "") for _, _, raw in DAMAGE]
    for line in refused:
        assert re.sub(r"^\d{10}(?=\.)", "", texts[line]) in damage, texts[line]


def test_every_user_of_the_logs_is_known_but_the_two_strangers() -> None:
    known = set(load_people(SCHOOL / "people.csv", PeopleColumns()).table["username"])
    seen = set(normalise_users(events()["user_raw"]).drop_nulls())
    assert seen - known == STRANGERS
    assert {normalise_user(row["Username"]) for row in violations()} <= known
    assert len(set(events()["user_raw"].drop_nulls())) > len(seen), "some users are written in more than one way"


def test_only_the_leaver_is_known_on_other_days_alone() -> None:
    seen = events().select(
        normalise_users(events()["user_raw"]).alias("user"), "client_ip", pl.col("ts").dt.date().alias("day")
    )
    seen = seen.unique().with_columns(pl.lit(None, pl.String).alias("device"), pl.lit(value=False).alias("challenge"))
    people = load_people(SCHOOL / "people.csv", PeopleColumns())
    resolved = resolve(seen, people, load_devices(SCHOOL / "devices.csv"))
    unknown = set(resolved.filter(pl.col("who") == "unknown-account")["user"])
    assert unknown == {*STRANGERS, load().account("Vince")}


def test_no_host_and_no_address_is_real() -> None:
    hosts = {urlsplit(url).hostname or url.split(":")[0] for url in events()["url"].drop_nulls()}
    strange = {host for host in hosts if not re.search(r"(^|\.)(example\.(com|org|net)|test)$", host)}
    assert strange <= SEARCH_HOSTS
    addresses = re.compile(rb"\b(?!10\.|203\.0\.113\.)\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b")
    for name in LOGS:
        assert not addresses.search(content(SCHOOL / name)), name


def test_27_of_29_search_for_one_topic_in_one_lesson() -> None:
    school = load()
    start, end = school.when("Tue 10:05"), school.when("Tue 11:05")
    lesson = next(each for each in school.plan["lesson"] if each["class"] == "9B" and each["subject"] == "History")
    words = "|".join(re.escape(search.replace(" ", "+")) for search in lesson["searches"])
    members = {pupil.username for pupil in school.pupils.values() if pupil.of == "9B"}
    found = events().filter(pl.col("ts").is_between(start, end) & pl.col("url").str.contains(f"=({words})(&|$)"))
    assert len(members) == 29
    assert len(set(normalise_users(found["user_raw"])) & members) == 27


def test_the_filter_has_a_gap_and_the_others_go_on() -> None:
    school = load()
    first, last = (school.when(text) for text in school.plan["filter_gap"])
    in_gap = events().filter(pl.col("ts").is_between(first, last, closed="left"))["source"]
    assert set(in_gap) == {"guardian", "firewall"}


def test_stories_have_names_of_their_own() -> None:
    assert not [name for name, times in Counter(story["id"] for story in STORIES).items() if times > 1]


def test_whoever_works_with_the_incident_log_is_in_the_people_file() -> None:
    settings = load_settings(SCHOOL / "school.toml")
    listed = set(load_people(SCHOOL / "people.csv", PeopleColumns()).table["username"])
    assert {account for each in settings.casebook.staff for account in each.accounts} <= listed
