"""What the rules find of texts that others have written does not get worse.

Half of the set (`unseen`) was written and kept away while the rules were made; its floors lie a little under what was
reached. Whoever has looked at its rows to write rules moves it to the other half, and gets somebody to write a new one.
"""

from __future__ import annotations

import pytest

from benchmarks.flagging import OWN_SET, answered, examples, interval, rows_of
from pipeline.flagging import labels_named


@pytest.fixture(scope="module")
def alerts() -> dict[tuple[str, bool], list[bool]]:
    """Whether each row of a half that is a concern, or is none, raises an alert."""
    rows = rows_of(OWN_SET)
    said = answered(rows, labels_named("eval"))
    found: dict[tuple[str, bool], list[bool]] = {}
    for row in rows:
        alert = bool(said[row["id"]] - (set() if row["expected"] else set(row["accept"])))
        found.setdefault((row["half"], bool(row["expected"])), []).append(alert)
    return found


@pytest.mark.parametrize(("half", "recall", "false"), [("unseen", 0.73, 0.05), ("seen", 0.95, 0.025)])
def test_no_figure_falls_below_what_was_reached(
    alerts: dict[tuple[str, bool], list[bool]], half: str, recall: float, false: float
) -> None:
    concern, ordinary = alerts[half, True], alerts[half, False]
    assert min(len(concern), len(ordinary)) > 300
    assert sum(concern) / len(concern) >= recall
    assert sum(ordinary) / len(ordinary) <= false


def test_the_examples_of_the_rules_are_found_in_disguise() -> None:
    rows = examples()
    said = answered(rows, None)
    hidden = [bool(said[row["id"]]) for row in rows if row["group"].startswith("disguise/")]
    assert len(hidden) > 5_000
    assert sum(hidden) / len(hidden) >= 0.8


def test_an_interval_holds_its_share() -> None:
    assert interval(0, 10)[0] == pytest.approx(0, abs=1e-9)
    low, high = interval(70, 100)
    assert (round(low, 3), round(high, 3)) == (0.604, 0.781)
