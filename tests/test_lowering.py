"""Lessons lower what their classes look for, exclusions set aside; nothing grave is touched, and nothing is lost."""

from __future__ import annotations

import html
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipeline import lake
from pipeline.config import load_settings
from pipeline.errors import ConfigError
from pipeline.rules import load_rules
from pipeline.schema import BECAME, DRAFTS, FACTS
from reports.lowered import lowered_in_words
from tests.made_night import NIGHT, School, search, squid

_PEOPLE = """username,display_name,role,year_group,classes
a.example,Anna Example,pupil,9,9B;9B/Hi1
b.example,Ben Example,pupil,10,10C
t.example,Tom Example,teacher,,9B
"""
_TABLES = """[[source]]
name = "filter"
files = ["logs/*"]
format = "squid"
[people]
file = "people.csv"
"""
_LESSON = '[[lesson]]\nwhat = "Paper folding"\ncategories = ["cranes"]\nfirst_day = 2026-11-09\nlast_day = 2026-11-13\n'
_EXCLUSION = (
    '[[exclusion]]\nrule = "cranes-words"\nowner = "J. Example"\nreason = "origami club"\n'
    "since = 2026-11-01\nuntil = 2027-07-20\n"
)
_URLS = (search("how to fold a paper crane"), search("paper crane in the art room"))


@pytest.fixture
def school(tmp_path: Path) -> School:
    made = School(tmp_path, _TABLES).made()
    (tmp_path / "people.csv").write_text(_PEOPLE, encoding="utf-8")
    users = ("a.example", "b.example", "t.example", "nobody.example")
    lines = [squid(600 * at, url, user) for at, user in enumerate(users) for url in _URLS]
    made.log("access.log", "".join(lines) + squid(9000, search("blue lobster"), "a.example"))
    return made


def drafted(school: School, more: str = "") -> list[str]:
    """The subjects of the drafts that a night with these tables too would make on cranes."""
    with school.config.open("a", encoding="utf-8") as stream:
        stream.write(more)
    school.derived()
    drafts = lake.read_days(school.lake, "drafts", DRAFTS)
    assert drafts.filter(pl.col("category") == "lobsters")["level"].to_list() == ["urgent"]
    return sorted(drafts.filter(pl.col("category") == "cranes")["subject"])


_A, _B, _T, _NOBODY = "person:a.example", "person:b.example", "person:t.example", "account:nobody.example"


def test_without_them_everybody_has_a_draft(school: School) -> None:
    assert drafted(school) == [_NOBODY, _A, _B, _T]


@pytest.mark.parametrize(
    ("more", "left"),
    [
        ('classes = ["9b"]', [_NOBODY, _B, _T]),
        ('years = ["10"]', [_NOBODY, _A, _T]),
        ('years = ["10"]\nclasses = ["9B"]', [_NOBODY, _T]),
        ("", [_NOBODY, _T]),
        ('classes = ["9B"]\nwords = ["fold"]', [_NOBODY, _A, _B, _T]),
        ('classes = ["9B"]\nwords = ["fold", "room*"]', [_NOBODY, _B, _T]),
        ('classes = ["7A"]', [_NOBODY, _A, _B, _T]),
    ],
)
def test_a_lesson_lowers_what_its_pupils_look_for(school: School, more: str, left: list[str]) -> None:
    assert drafted(school, f"{_LESSON}{more}\n") == left


@pytest.mark.parametrize(
    ("more", "left"),
    [
        ('users = ["EXAMPLE\\\\T.example"]', [_NOBODY, _A, _B]),
        ('classes = ["9B"]', [_NOBODY, _B]),
        ('hosts = ["google.com"]', []),
        ('hosts = ["oogle.com"]', [_NOBODY, _A, _B, _T]),
        ('sources = ["filter"]', []),
        ('sources = ["other"]', [_NOBODY, _A, _B, _T]),
        ('users = ["nobody.example"]\nwords = ["fold"]', [_NOBODY, _A, _B, _T]),
        ('users = ["nobody.example"]\nwords = ["paper crane"]', [_A, _B, _T]),
    ],
)
def test_an_exclusion_sets_aside_what_lies_in_its_scope(school: School, more: str, left: list[str]) -> None:
    assert drafted(school, f"{_EXCLUSION}{more}\n") == left


@pytest.mark.parametrize("days", [("2026-11-02", "2026-11-09"), ("2026-11-11", "2026-11-30")])
def test_on_other_days_neither_lowers(school: School, days: tuple[str, str]) -> None:
    lesson = _LESSON.replace("2026-11-09", days[0]).replace("2026-11-13", days[1])
    exclusion = _EXCLUSION.replace("2026-11-01", days[0]).replace("2027-07-20", days[1])
    assert drafted(school, f'{lesson}{exclusion}hosts = ["google.com"]\n') == [_NOBODY, _A, _B, _T]


def test_nothing_is_lost_and_all_is_counted(school: School, tmp_path: Path) -> None:
    drafted(school)
    counted, hits = lake.read_days(school.lake, "facts", FACTS), school.table("hits")
    other = School(tmp_path / "other", _TABLES).made()
    (other.folder / "people.csv").write_text(_PEOPLE, encoding="utf-8")
    other.log("access.log", (school.folder / "logs" / "access.log").read_bytes())
    drafted(other, f'{_LESSON}{_EXCLUSION}hosts = ["google.com"]\n')
    assert lake.read_days(other.lake, "facts", FACTS).equals(counted)
    assert other.table("hits").equals(hits)


def test_many_texts_of_a_lesson_raise_nothing_and_a_draft_tells_the_lesson(school: School) -> None:
    words = [f"paper crane number {at}" for at in "abcdefgh"]
    school.log("more.log", "".join(squid(7300 + at, search(each), "b.example") for at, each in enumerate(words)))
    school.log("last.log", squid(7400, search("blue lobster"), "b.example"))
    with school.config.open("a", encoding="utf-8") as stream:
        stream.write(_LESSON)
    school.night()
    drafts = lake.read_days(school.lake, "drafts", DRAFTS).filter(pl.col("subject") == _B)
    assert drafts["category"].to_list() == ["lobsters"]
    assert "lowered for a lesson: Paper folding" in drafts["reasons"].item().to_list()


def test_the_digest_says_what_is_lowered_and_an_end_is_told(school: School) -> None:
    ended = _EXCLUSION.replace("2027-07-20", "2026-11-10").replace("J. Example", "Old <b>Example</b>")
    with school.config.open("a", encoding="utf-8") as stream:
        stream.write(f'{_LESSON}classes = ["9B", "7A"]\nyears = ["Year 9"]\n')
        stream.write(f'{_EXCLUSION}users = ["t.example"]\n{ended}words = ["fold"]\n')
    record = school.night()
    ends = [each for each in record.issues if "origami club" in each]
    assert [each.partition(";")[0] for each in ends] == [
        "the exclusion 'origami club' of Old <b>Example</b> ended on 2026-11-10"
    ]
    doubts = [each.partition(";")[0].partition(": ")[2] for each in record.issues if "nobody is" in each]
    assert doubts == [f"nobody is in the {each} of 'Paper folding'" for each in ("class '7A'", "year 'Year 9'")]
    page = (school.folder / "reports" / str(record.today) / "digest.html").read_text("utf-8")
    assert (
        "Lesson: Paper folding (class 9B, 7A; year Year 9), Monday 9 November 2026 to Friday 13 November 2026." in page
    )
    assert "rule cranes-words (user t.example). J. Example: origami club." in page
    assert "Old <b>" not in page
    settings = load_settings(school.config)
    nothing = pl.DataFrame(schema=BECAME)
    assert len(lowered_in_words(settings, {}, date(2026, 11, 10), nothing)) == 3
    assert len(lowered_in_words(settings, {}, NIGHT.date(), nothing)) == 2


def test_the_digest_says_how_many_hits_each_exclusion_has_set_aside_and_nothing_is_lost(school: School) -> None:
    ended = _EXCLUSION.replace("2027-07-20", "2026-11-10").replace("J. Example", "K. Example")
    with school.config.open("a", encoding="utf-8") as stream:
        stream.write(f'{_EXCLUSION}users = ["t.example"]\n{_EXCLUSION}users = ["nobody-else.example"]\n')
        stream.write(f'{ended}users = ["nobody.example"]\n{_LESSON}classes = ["9B"]\n')
    record = school.night()
    became = lake.read_days(school.lake, "became", BECAME)
    assert dict(became.group_by("became").agg(pl.col("hits").sum()).iter_rows()) == {
        "set-aside": 4, "lowered": 2, "drafted": 3,
    }  # fmt: skip
    assert became["hits"].sum() == school.table("hits").height == 9
    page = (school.folder / "reports" / str(record.today) / "digest.html").read_text("utf-8")
    assert "9 = 3 in drafts + 2 lowered for lessons + 4 set aside + 0 below the level of drafts" in page
    until = "Set aside until Tuesday 20 July 2027"
    assert f"{until} (this time 2 hits): rule cranes-words (user t.example). J. Example: origami club." in page
    assert f"{until} (this time no hit): rule cranes-words (user nobody-else.example)." in page
    assert "Holds no longer (this time still 2 hits set aside). K. Example: origami club." in page


def test_a_draft_says_by_whom_hits_beside_it_were_set_aside(school: School) -> None:
    school.log("more.log", squid(1250, search("blue lobster"), "t.example"))
    with school.config.open("a", encoding="utf-8") as stream:
        stream.write(f'{_EXCLUSION.replace("J. Example", "J. <b>Example</b>")}users = ["t.example"]\n')
    record = school.night()
    draft = lake.read_days(school.lake, "drafts", DRAFTS).row(by_predicate=pl.col("subject") == _T, named=True)
    assert draft["category"] == "lobsters"
    assert sorted(hit["level"] for hit in draft["hits"]) == ["record", "record", "urgent"]
    said = "Of what stands here, 2 hits were set aside by the exclusion 'origami club' of J. {}; the level rests on "
    assert said.format("<b>Example</b>") + "the others." in draft["facts"]
    page = (school.folder / "reports" / str(record.today) / "digest.html").read_text("utf-8")
    assert html.escape(said.format("<b>Example</b>")).replace("&#x27;", "&#39;") in page
    assert "<b>Example" not in page


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            _LESSON.replace('"cranes"', '"cranes", "lobsters"'),
            ":16: no lesson may lower 'lobsters': it is ab",
        ),
        (_LESSON.replace('"cranes"', '"crane"'), ":16: there is no category 'crane'. Did you mean 'cranes'?"),
        (_LESSON.replace("2026-11-13", "2026-11-08"), "last_day lies before first_day"),
        (f'{_LESSON}words = ["st*"]\n', ":19: 'st*' has a star at fewer than 4 letters"),
        (_EXCLUSION, "an exclusion has a scope; write users, classes, sources, hosts or words"),
        (f'{_EXCLUSION}category = "cranes"\nusers = ["x"]\n', "names either a rule or a category"),
        (
            f'{_EXCLUSION}users = ["x"]\n'.replace("2027-07-20", "2028-07-20"),
            "until lies after since, by at most 400",
        ),
        (f'{_EXCLUSION}users = ["x"]\n'.replace("cranes-words", "lobsters-words"), "no exclusion may lower 'lobsters'"),
        (f'{_EXCLUSION}users = ["x"]\n'.replace("cranes-words", "cranes-word"), "Did you mean 'cranes-words'?"),
    ],
)
def test_what_may_not_be_lowered_is_refused_with_its_line(school: School, more: str, said: str) -> None:
    with school.config.open("a", encoding="utf-8") as stream:
        stream.write(more)
    with pytest.raises(ConfigError) as refused:
        load_rules(load_settings(school.config))
    assert said in str(refused.value)


def test_a_lesson_and_an_exclusion_may_not_weaken_what_a_layer_has_locked(school: School) -> None:
    (school.folder / "trust").mkdir()
    (school.folder / "trust" / "policy.toml").write_text('[[lock]]\ncategory = "cranes"\n', encoding="utf-8")
    layer = '[[layer]]\nname = "Example Trust"\nfolder = "trust"\n'
    text = school.config.read_text("utf-8").replace('folders = ["lists"]', "")
    for path in (school.folder / "lists").iterdir():
        path.rename(school.folder / "trust" / path.name)
    for more in (_LESSON, f'{_EXCLUSION}users = ["x"]\n'):
        school.config.write_text(f"{text}{layer}{more}", encoding="utf-8")
        with pytest.raises(ConfigError, match="is locked by Example Trust"):
            load_rules(load_settings(school.config))
