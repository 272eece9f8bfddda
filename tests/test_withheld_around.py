"""What may be illegal stands in no other draft either, as what happened around it."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipeline.lists.withheld import MAY_BE_ILLEGAL
from tests.made_night import _CATEGORY, School, search, squid
from tests.made_subject import SEALED


def test_a_page_that_may_be_illegal_is_no_neighbour_of_another_draft(tmp_path: Path) -> None:
    school = School(tmp_path).made()
    school.config.write_text(school.config.read_text("utf-8") + "\n[thresholds]\nepisode_gap_minutes = 1\n", "utf-8")
    (school.folder / "lists" / "sealed.toml").write_text(_CATEGORY.format(id="sealed", **SEALED), "utf-8")
    lines = [
        squid(0, search("blue lobster")), squid(5, "http://www.cranes.example/other"),
        squid(200, "http://www.sealed.example/picture"), squid(290, "http://www.sealed.example/next?q=1"),
        squid(295, search("sealed word")), squid(296, search("green gnus")), squid(298, "http://www.example.org/plain"),
    ]  # fmt: skip
    school.log("log", "".join(lines))
    school.night()
    drafts = school.drafts()
    (open_,) = drafts.filter(pl.col("route") != "illegal").to_dicts()
    said = [each["what"] for each in open_["around"]]
    assert said.count(MAY_BE_ILLEGAL) == 3
    assert not any("sealed" in each for each in said)
    assert {"http://www.example.org/plain", "green gnus"} <= set(said), "a search engine is no such site"
