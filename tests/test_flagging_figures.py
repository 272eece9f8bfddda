"""What the rules find of texts that others have written does not get worse.

A part of each set (`unseen` in the first, `kept` in the others) is kept away while rules are made; its floors lie a
little under what was reached. Whoever has looked at its rows to write rules moves it to the other part, and gets
somebody to write a new one.
"""

from __future__ import annotations

import json
from collections import Counter

import pytest

from benchmarks.flagging import OWN_SETS, answered, examples, rows_of
from pipeline.trials.flagging import labels_named
from tests.effort import THOROUGH
from tests.shipped import shipped_lists

Alerts = dict[tuple[str, str, bool], list[bool]]


@pytest.fixture(scope="module")
def alerts() -> Alerts:
    """Whether each row of a set and half that is a concern, or is none, raises an alert."""
    found: Alerts = {}
    for path in OWN_SETS:
        rows = rows_of(path)
        said = answered(rows, labels_named("eval"))
        for row in rows:
            alert = bool(said[row["id"]] - (set() if row["expected"] else set(row["accept"])))
            found.setdefault((path.stem, row["half"], bool(row["expected"])), []).append(alert)
    return found


@pytest.mark.parametrize(
    ("name", "half", "recall", "false"),
    [
        ("flagging_set", "unseen", 0.92, 0.055),
        ("flagging_set", "seen", 0.96, 0.02),
        ("flagging_set_2", "kept", 0.94, 0.02),
        ("flagging_set_2", "seen", 0.95, 0.01),
        ("flagging_set_3", "kept", 0.955, 0.02),
        ("flagging_set_3", "seen", 0.98, 0.005),
        ("flagging_set_4", "kept", 0.935, 0.017),
        ("flagging_set_4", "seen", 0.97, 0.01),
        ("flagging_set_5", "kept", 0.92, 0.065),
        ("flagging_set_5", "seen", 0.98, 0.01),
        ("flagging_set_6", "kept", 0.88, 0.03),
        ("flagging_set_6", "seen", 0.98, 0.02),
        ("flagging_set_7", "kept", 0.82, 0.045),
        ("flagging_set_7", "seen", 0.92, 0.02),
        ("flagging_set_8", "kept", 0.78, 0.06),
        ("flagging_set_8", "seen", 0.97, 0.055),
        ("flagging_set_9", "kept", 0.84, 0.09),
        ("flagging_set_9", "seen", 0.96, 0.06),
    ],
)
def test_no_figure_falls_below_what_was_reached(
    alerts: Alerts, name: str, half: str, recall: float, false: float
) -> None:
    concern, ordinary = alerts[name, half, True], alerts[name, half, False]
    assert min(len(concern), len(ordinary)) > 100
    assert sum(concern) / len(concern) >= recall
    assert sum(ordinary) / len(ordinary) <= false


@pytest.mark.parametrize("name", [f"flagging_set_{number}" for number in range(2, 10)])
def test_the_later_sets_are_what_they_are_said_to_be(name: str) -> None:
    path = next(each for each in OWN_SETS if each.stem == name)
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    texts = [row["url" if row["kind"] == "url" else "text"].casefold() for row in rows]
    assert len({row["id"] for row in rows}) == len(set(texts)) == len(rows)
    labels = set(labels_named("eval").categories.values())
    # The last two are of what cannot wait till tomorrow, and of what only sounds like it.
    assert {each for row in rows for each in row["expected"]} == labels or name in ("flagging_set_8", "flagging_set_9")
    assert {each for row in rows for each in row["accept"]} <= labels
    parts = Counter((row["half"], row["group"]) for row in rows)
    # Of the third set twice as much is kept away as may be seen: it is the work of three hands.
    share = 2 if name == "flagging_set_3" else 1
    # From the sixth on each half is the work of one hand, and those of the last two chose their shares.
    most = 0.6 if name in ("flagging_set_7", "flagging_set_8") else 0.15
    assert all(abs(share * parts["seen", group] - parts["kept", group]) <= most * parts["kept", group] + 1
               for _, group in parts)  # fmt: skip


def test_the_examples_of_the_rules_are_found_in_disguise() -> None:
    # A twentieth of them tells a share as well.
    rows = [row for row in examples(shipped_lists()) if row["group"].startswith("disguise/")][:: 1 if THOROUGH else 20]
    said = answered(rows, None)
    hidden = [bool(said[row["id"]]) for row in rows]
    assert len(hidden) > 1_000
    assert sum(hidden) / len(hidden) >= 0.8
