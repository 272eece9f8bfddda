"""Texts and URLs tried against the watchlists: an answer to any text, under its own id, that steers no terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import SourceError, StoreError
from pipeline.match import match_values
from pipeline.output import jsonlines
from pipeline.schema import LEVELS
from pipeline.trials import flagging
from tests.effort import tries
from tests.made_night import School, search
from tests.shipped import shipped_matcher


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> School:
    return School(tmp_path_factory.mktemp("school")).made()


def flagged(school: School, *rows: object) -> list[dict[str, Any]]:
    """The answers to some rows, by the words of the invented school."""
    asked, answered = school.folder / "rows.jsonl", school.folder / "answers.jsonl"
    asked.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    flagging.flag_rows(asked, answered, school.config)
    return [json.loads(line) for line in answered.read_text("utf-8").splitlines()]


def test_an_answer_in_the_words_of_somebody_else() -> None:
    names = flagging.labels_named("eval")
    answer = {"id": 1, "categories": ["self-harm", "shopping", "eating-disorders"], "level": "urgent", "reasons": ["r"]}
    assert names.of(answer) == {"id": 1, "categories": ["selfharm"], "level": "high", "reasons": ["r"]}
    levels = ["urgent", "high", "medium", "low", "record", None]
    told = [names.of({"categories": [], "level": level})["level"] for level in levels]
    assert told == ["high", "high", "medium", "low", "none", None]


def test_each_kind_of_row_is_matched_in_its_own_field(school: School) -> None:
    rows: list[dict[str, Any]] = [
        {"id": 1, "kind": "search", "text": "a blue lobster"},
        {"id": "two", "kind": "typed", "text": "Blue lobster!"},
        {"id": None, "kind": "title", "text": "blue lobster - shop"},
        {"id": [4], "kind": "url", "url": search("blue lobster")},
        {"id": 5.5, "kind": "url", "url": "http://www.cranes.example/"},
        {"id": 6, "kind": "search", "text": "nothing"},
    ]
    answers = flagged(school, *rows)
    assert [each["id"] for each in answers] == [row["id"] for row in rows]
    assert [[hit["field"] for hit in each["hits"]] for each in answers] == [
        ["search_text"], ["typed_text"], ["title"], ["search_text"], ["host"], [],
    ]  # fmt: skip
    assert [each["level"] for each in answers] == ["urgent", "urgent", "high", "urgent", "medium", None]
    assert answers[0]["categories"] == ["lobsters"]
    assert answers[0]["reasons"] == ["typed as a search"]
    hit = answers[1]["hits"][0]
    assert (hit["rule"], hit["start"], hit["end"], hit["view"], hit["weight"]) == (
        "lobsters-words",
        0,
        12,
        "words",
        90.0,
    )


def test_what_its_context_makes_harmless_is_in_no_category(school: School) -> None:
    (answer,) = flagged(school, {"id": 1, "kind": "title", "text": "paper crane homework"})
    assert (answer["hits"][0]["weight"], answer["level"], answer["categories"]) == (20.0, "low", ["cranes"])


def test_a_suggestion_asked_for_at_a_keystroke_is_a_record_and_no_more(school: School) -> None:
    half, sent = "http://www.google.com/complete/search?q=blue+lobster", search("blue lobster")
    one, other = flagged(school, {"id": 1, "kind": "url", "url": half}, {"id": 2, "kind": "url", "url": sent})
    assert (one["level"], one["categories"], len(one["hits"])) == ("record", [], 1)
    assert (other["level"], other["categories"]) == ("urgent", ["lobsters"])


def test_the_same_text_twice_is_answered_twice(school: School) -> None:
    row = {"id": 1, "kind": "url", "url": search("blue lobster")}
    one, other = flagged(school, row, {**row, "id": 2})
    assert one == {**other, "id": 1}


_TEXT = st.text(st.characters(), max_size=30)
_ROW = st.one_of(
    st.fixed_dictionaries({"id": st.integers(), "kind": st.sampled_from(["search", "typed", "title"]), "text": _TEXT}),
    st.fixed_dictionaries({"id": _TEXT, "kind": st.just("url"), "url": _TEXT}),
)


@settings(max_examples=tries(25))
@given(st.lists(_ROW, max_size=5))
def test_any_text_is_answered_in_its_order(school: School, rows: list[dict[str, Any]]) -> None:
    answers = flagged(school, *rows)
    assert len(answers) == len(rows)
    assert [each["id"] for each in answers] == [row["id"] for row in rows]
    assert all(each["level"] in (None, *LEVELS) for each in answers)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"id": 1, "kind": "search"}', ":2: is not a row that can be flagged"),
        ('{"id": 1, "kind": "url", "text": "x"}', ":2: is not a row"),
        ('{"id": 1, "kind": ["search"], "text": "x"}', ":2: is not a row"),
        ('{"kind": "search", "text": "x"}', ":2: is not a row"),
        ("[]", ":2: is not a row"),
        ("null", ":2: is not a row"),
        ("{", ":2: is not JSON"),
        ("[" * 100_000, ":2: is not JSON (too long or too deep)"),
        ('{"id": ' + "9" * 5000 + "}", ":2: is not JSON (too long or too deep)"),
    ],
)
def test_a_row_of_another_form_is_named(school: School, line: str, said: str) -> None:
    asked = school.folder / "bad.jsonl"
    asked.write_text('{"id": 1, "kind": "search", "text": "x"}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(SourceError) as refused:
        flagging.flag_rows(asked, school.folder / "none.jsonl", school.config)
    assert said in str(refused.value)


def test_what_cannot_be_read_or_written_is_said(school: School, tmp_path: Path) -> None:
    asked = tmp_path / "rows.jsonl"
    with pytest.raises(SourceError, match="cannot be read"):
        flagging.flag_rows(asked, tmp_path / "x", school.config)
    asked.write_bytes(b'\xef\xbb\xbf{"id": 1, "kind": "search", "text": "x"}\r\n\r\n')
    flagging.flag_rows(asked, tmp_path / "answers", school.config)
    with pytest.raises(StoreError, match="cannot be written"):
        flagging.flag_rows(asked, tmp_path / "no folder" / "x", school.config)
    with pytest.raises(StoreError, match="to be read and written over"):
        flagging.flag_rows(asked, asked, school.config)
    asked.write_bytes(b'{"id": 1, "kind": "search", "text": "caf\xe9"}\n')
    with pytest.raises(SourceError, match=r":1: is not UTF-8"):
        flagging.flag_rows(asked, tmp_path / "x", school.config)


@pytest.mark.parametrize(
    "hostile", ["\x1b[31m", "\x9b31m", "\x7f", "\u202e", "\u2066", "\u2028", "\x00", "\ud800", "\r\n"]
)
def test_json_lines_steer_no_terminal_and_lose_nothing(tmp_path: Path, hostile: str) -> None:
    path = tmp_path / "out.jsonl"
    with jsonlines.writing(path) as write:
        write({"id": f"a{hostile}é", "text": hostile})
    raw = path.read_bytes()
    text = raw.decode()
    assert json.loads(text) == {"id": f"a{hostile}é", "text": hostile}
    assert hostile not in text.removesuffix("\n")
    assert "é" in text
    assert text.count("\n") == 1


def test_reading_on_a_page_that_helps_is_lowered() -> None:
    urls = [
        f"https://{host}/drug/cannabis" for host in ("www.example.org", "www.talktofrank.com", "nottalktofrank.com")
    ]
    hits = match_values({"url": pl.Series(urls)}, shipped_matcher()).filter(pl.col("field") == "path").sort("weight")
    elsewhere, helping, alike = (hits.filter(pl.col("value") == url)["weight"].to_list() for url in urls)
    assert helping == pytest.approx([weight * 0.4 for weight in elsewhere])
    assert alike == elsewhere != []
