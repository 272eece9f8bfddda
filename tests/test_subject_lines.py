"""What lies beside the events in a copy for one person: lines as they came, rejects, classes."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipeline import lake
from pipeline.schema import CLUSTERS, DRAFTS, conform
from tests.made_night import School
from tests.made_subject import UNREAD, copied, copy_of, counts_of, of_category, rows_of, texts_of


@pytest.fixture
def school(kept_subject: School, tmp_path: Path) -> School:
    """A copy of it, to be changed."""
    return copy_of(kept_subject, tmp_path / "school")


# ---------------------------------------------------------------- lines that could not be read


def test_rejects_that_name_the_person_are_given_or_kept_back_and_counted(school: School) -> None:
    made, rejects = copied(school), school.table("rejects")
    assert rejects.height == len(UNREAD)
    assert made["unread"] == {"found": 4, "written": 2, "kept_back": 2}
    rows, where = rows_of(school, "rejects.csv"), rejects.select("source_sha256", "line", "format", "reason").rows()
    assert [(row["source_sha256"], int(row["line"]), row["format"], row["reason"]) for row in rows] == where[:2]
    assert [row["text"] for row in rows] == [
        "half a line of EXAMPLE%5CA.Example for [name withheld] from [address withheld]",
        "ALEX  EXAMPLE wrote é\\x1b[31m to EXAMPLE%5C[account withheld] and [account withheld]",
    ]
    assert "z.visitor" not in (school.folder / "people.csv").read_text("utf-8"), "it is the logs that know the account"
    page = texts_of(school)["index.html"]
    assert counts_of(school)[2] == ["4", "2", "2"]
    assert "They were not searched" not in page


def test_a_reject_is_kept_back_for_a_site_that_only_somebody_else_opened(school: School) -> None:
    # What the filter itself called illegal stands in no list: only the hit tells which site it was.
    folder = next((school.store / "lake").iterdir())
    hits, events = (pl.read_parquet(folder / f"{name}.parquet") for name in ("hits", "hit_events"))
    theirs = events.filter(pl.col("user") == "b.sample").with_columns(host=pl.lit("quiet.example"))
    event = theirs["event_id"][0]
    changed = pl.when(pl.col("event_id") == event)
    marked = hits.with_columns(
        category=changed.then(pl.lit("sealed")).otherwise("category"),
        field=changed.then(pl.lit("vendor_category")).otherwise("field"),
    )
    lake.write_table(folder / "hits.parquet", marked, lake.UNIT_TABLES["hits"])
    lake.write_table(
        folder / "hit_events.parquet",
        pl.concat([events.filter(pl.col("user") != "b.sample"), theirs]), lake.UNIT_TABLES["hit_events"],
    )  # fmt: skip
    rejects = pl.read_parquet(folder / "rejects.parquet")
    raw = pl.Series([b"a.example at Quiet%2eexample", *rejects["raw"][1:]], dtype=pl.Binary)
    lake.write_table(folder / "rejects.parquet", rejects.with_columns(raw=raw), lake.UNIT_TABLES["rejects"])
    assert copied(school)["unread"] == {"found": 4, "written": 1, "kept_back": 3}
    assert "quiet" not in "".join(texts_of(school).values()).lower()


def test_a_name_that_two_have_finds_no_line(school: School) -> None:
    people = school.folder / "people.csv"
    people.write_text(people.read_text("utf-8") + "alex2,Alex Example,pupil,9,9A\n", "utf-8")
    assert copied(school)["unread"] == {"found": 3, "written": 1, "kept_back": 2}


# ---------------------------------------------------------------- lines of events


def kept_lines(school: School) -> pl.DataFrame:
    """The lines that are kept of Alex's events, with when and what."""
    own = (pl.col("user") == "a.example") | (pl.col("user").is_null() & (pl.col("client_ip") == "10.0.0.9"))
    events = school.table("events").filter(own).select("source_sha256", "line", "url")
    events = events.with_columns(pl.col("source_sha256").cast(pl.String))
    return school.table("evidence").join(events, on=["source_sha256", "line"]).sort("line")


def test_lines_are_given_with_others_masked_and_never_those_of_events_that_are_kept_back(school: School) -> None:
    made, lines = copied(school), kept_lines(school)
    sealed = lines.filter(pl.col("raw").bin.contains(b"sealed"))
    assert sealed.height == 3
    assert made["lines"] == {"found": lines.height, "written": lines.height - 3, "kept_back": 3}
    given_ = lines.join(sealed, on="line", how="anti")
    rows = rows_of(school, "lines.csv")
    assert [(row["source_sha256"], int(row["line"])) for row in rows] == given_.select("source_sha256", "line").rows()
    plain = [re.sub("for.jordan.sample", "for+[name withheld]", raw.decode()) for raw in given_["raw"]]
    assert [row["text"] for row in rows] == plain
    assert counts_of(school)[1] == [str(lines.height), str(len(rows)), "3"]


def test_a_name_behind_an_escape_of_the_log_is_masked_in_a_line_too(school: School) -> None:
    folder = next((school.store / "lake").iterdir())
    kept = pl.read_parquet(folder / "evidence.parquet")
    raws = [raw.replace(b"for+jordan+sample", rb"for\nb.sample") for raw in kept["raw"]]
    assert raws != kept["raw"].to_list()
    changed = kept.with_columns(raw=pl.Series(raws, dtype=pl.Binary))
    lake.write_table(folder / "evidence.parquet", changed, lake.UNIT_TABLES["evidence"])
    copied(school)
    lines = texts_of(school)["lines.csv"]
    assert r"for\n [account withheld]" in lines
    assert "b.sample" not in lines


def test_lines_that_are_kept_because_of_what_is_left_out_are_neither_given_nor_counted(school: School) -> None:
    incident = of_category(school, "lobsters", "a.example")
    made = copied(school, "d.lead", "a.example", "--without", incident)
    rows = rows_of(school, "lines.csv")
    assert made["lines"] == {"found": len(rows) + 3, "written": len(rows), "kept_back": 3}
    assert ["cranes" in row["text"] for row in rows] == [True], "nothing was kept around the lobster alone"
    assert "lobster" not in "".join(row["text"] for row in rows)


def test_a_line_outlives_its_events_in_the_draft(school: School) -> None:
    folder = next((school.store / "lake").iterdir())
    for name in ("events", "hits", "hit_events", "evidence"):
        table = lake.UNIT_TABLES[name]
        lake.write_table(folder / f"{name}.parquet", pl.DataFrame(schema=table), table)
    made = copied(school)
    assert (made["found"], made["lines"]) == (0, {"found": 2, "written": 2, "kept_back": 0})
    texts = [row["text"] for row in rows_of(school, "lines.csv")]
    assert [("lobster" in text, "cranes" in text) for text in texts] == [(True, False), (False, True)]


def test_a_line_that_outlives_its_events_tells_of_no_site_that_only_a_withheld_draft_knows(school: School) -> None:
    test_a_line_outlives_its_events_in_the_draft(school)
    rows = school.drafts().to_dicts()
    for row in rows:
        if row["category"] == "lobsters":
            row["hits"] = [{**hit, "raw": b"a.example came from WWW%2ESEALED.example"} for hit in row["hits"]]
    lake.replace_day(school.lake, "drafts", rows[0]["day"], pl.DataFrame(rows, schema=DRAFTS), DRAFTS)
    shutil.rmtree(school.folder / "copy")
    assert copied(school)["lines"] == {"found": 1, "written": 1, "kept_back": 0}
    assert "sealed" not in "".join(texts_of(school).values()).lower()


# ---------------------------------------------------------------- what a class did


def clustered(school: School) -> tuple[date, dict[str, str]]:
    """Write what a class did with lobsters and cranes; the day and the draft of Alex in each."""
    drafts = school.drafts()
    day = drafts["day"][0]
    of = {
        row["category"]: row["draft_id"] for row in drafts.iter_rows(named=True) if row["subject"] == "person:a.example"
    }
    other = drafts.filter(pl.col("subject") == "person:b.sample")["draft_id"][0]
    rows = [
        {
            "cluster_id": category, "day": day, "site": "", "class": "8B", "lesson": "Art", "category": category,
            "drafts": [
                {"draft_id": of[category], "folded": category == "cranes", "apart": apart},
                {"draft_id": other, "folded": False, "apart": ["level urgent"]},
            ],
            "beside": [other],
        }
        for category, apart in (("lobsters", ["level high, most of the class low", "more"]), ("cranes", []))
    ]  # fmt: skip
    rows.append({"cluster_id": "x", "day": day, "class": "9A", "category": "cranes", "drafts": [{"draft_id": other}]})
    table = pl.concat([conform(pl.DataFrame([row]), CLUSTERS) for row in rows])
    lake.replace_day(school.lake, "clusters", day, table, CLUSTERS)
    return day, of


def test_of_what_a_class_did_there_is_their_own_row_alone(school: School) -> None:
    day, of = clustered(school)
    # Of the third draft, which is sealed, nothing may show, not even in what sets the others apart.
    copied(school)
    assert rows_of(school, "together.csv") == []
    drafts = school.drafts().filter(pl.col("category") != "sealed")
    lake.replace_day(school.lake, "drafts", day, drafts, DRAFTS)
    shutil.rmtree(school.folder / "copy")
    copied(school)
    fixed = {"day": day.isoformat(), "class": "8B", "lesson": "Art"}
    want = [
        {"draft_id": of["lobsters"], **fixed, "category": "lobsters", "folded": "False",
         "apart": "level high, most of the class low; more"},
        {"draft_id": of["cranes"], **fixed, "category": "cranes", "folded": "True", "apart": ""},
    ]  # fmt: skip
    assert sorted(rows_of(school, "together.csv"), key=str) == sorted(want, key=str)


def test_what_a_withheld_draft_cites_is_kept_back_whatever_it_is_by_itself(school: School) -> None:
    before = copied(school)
    shutil.rmtree(school.folder / "copy")
    drafts = school.drafts()
    cited = pl.col("categories").list.contains("cranes") & (pl.col("subject") == "person:a.example")
    both = pl.concat_list("categories", pl.lit("sealed"))
    changed = drafts.with_columns(categories=pl.when(cited).then(both).otherwise("categories"))
    lake.replace_day(school.lake, "drafts", changed["day"][0], changed, DRAFTS)
    after, hits = copied(school), drafts.filter(cited)["hits"].list.len().sum()
    assert (after["found"], after["kept_back"]) == (before["found"], before["kept_back"] + hits)
    told = texts_of(school)
    assert "cranes.example" not in told["events.csv"] + told["events.parquet"] + told["lines.csv"]
