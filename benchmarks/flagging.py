"""How much of what matters is found, and how much else?

    python benchmarks/flagging.py [--set ROWS.jsonl] [--texts 450000]

First a table of the examples of the shipped rules, as they stand and in each way of hiding them that `DISGUISES`
knows, and of what the rules say must not be found: whether the program does what the rules say. Then a table of each
set of texts, our own (`OWN_SETS`) or another: whether the rules say what they should. Of a set: its rows {id, kind,
text | url, expected, accept, ambiguous, group}, by group, under the 13 labels of `--labels eval`. Shares come with
their 95 % interval (Wilson). Then what it costs: all views over made texts of 90 characters, beside the plain words.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import polars as pl

from pipeline.judging.shares import interval
from pipeline.match import match_texts
from pipeline.matching import watchfolders
from pipeline.matching.matcher import compile_watchlists
from pipeline.text import fold_ascii
from pipeline.trials.flagging import Labels, flag_rows, labels_named
from pipeline.watchlist import Watchlists
from pipeline.words.sieve import holds_any

OWN_SETS = tuple(
    Path(__file__).with_name(f"flagging_set{number}.jsonl") for number in ("", *(f"_{each}" for each in range(2, 10)))
)
_SHORTEST = 5
_LENGTH = 90
_SEVERAL, _LONGEST_AS_ONE = 3, 40
_HIM = re.compile(r"\bhi[ms]\b")
Row = dict[str, Any]


def _longest_changed(text: str, change: Callable[[str], str]) -> str:
    """The text with its longest word disguised; nothing if that is too short to be told."""
    longest = max(text.split(), key=len, default="")
    return text.replace(longest, change(longest), 1) if len(longest) >= _SHORTEST and longest.isascii() else ""


def _digits(word: str) -> str:
    return word.translate(str.maketrans("oieas", "013@5", ""))


def _swapped(word: str) -> str:
    return word[:2] + word[3] + word[2] + word[4:]


def _named(text: str) -> str:
    """The text with a first name for `him` and `his`; nothing if it has neither."""
    made = _HIM.sub(lambda found: f"agnieszka{'s' * (found[0] == 'his')}", text)
    return made if made != text else ""


def _as_one(text: str) -> str:
    """The words of the text written as one; nothing if they are few, or more than anybody writes so."""
    words = re.findall("[a-z]+", text.lower().replace("'", ""))
    made = "".join(words)
    return made if len(words) >= _SEVERAL and len(made) <= _LONGEST_AS_ONE and text.isascii() else ""


DISGUISES: Mapping[str, Callable[[str], str]] = {
    "capitals": str.upper,
    "full width": lambda text: "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in text),
    "accents": lambda text: "".join(each + "\u0301" if each in "aeiou" else each for each in text),
    "invisible": "\u200b".join,
    "Cyrillic": lambda text: text.translate(str.maketrans("aceopxy", "асеорху")),  # noqa: RUF001 - that is the disguise
    "digits": lambda text: _longest_changed(text, _digits),
    "dotted": lambda text: _longest_changed(text, ".".join),
    "spaced": lambda text: _longest_changed(text, " ".join),
    "repeated": lambda text: _longest_changed(text, lambda word: word[:-1] + word[-1] * 4),
    "masked": lambda text: _longest_changed(text, lambda word: word[0] + "*" + word[2:]),
    "swapped": lambda text: _longest_changed(text, _swapped),
    "doubled": lambda text: _longest_changed(text, lambda word: word[:2] + word[1:]),
    "named": _named,
    "as one word": _as_one,
}


def examples(lists: Watchlists) -> list[Row]:
    """The examples of the rules as rows of a set, each also in disguise."""
    rows: list[Row] = []
    for each in lists.lists:
        for rule in each.text_rules:
            for text in rule.match:
                found = {"kind": "search", "expected": [rule.category], "accept": [], "base": rule.id}
                rows.append({**found, "text": text, "group": "examples"})
                # Other languages are sought as they are written (ADR 0017).
                hidden = {} if rule.language else {name: make(text) for name, make in DISGUISES.items()}
                rows += [{**found, "text": made, "group": f"disguise/{name}"} for name, made in hidden.items() if made]
            for text in rule.no_match:
                rows.append({"kind": "search", "text": text, "expected": [], "accept": [], "group": "counter-examples"})
    return [{**row, "id": str(number)} for number, row in enumerate(rows)]


def rows_of(path: Path) -> list[Row]:
    """The rows of a set that count; in our own, the half that may be seen while rules are written stands apart."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    halves = [{**row, "group": f"{row['half']}/{row['group']}"} if "half" in row else row for row in rows]
    return [row for row in halves if not row.get("ambiguous")]


def answered(rows: Iterable[Row], labels: Labels | None) -> dict[Any, set[str]]:
    """The categories of each row by its id, as `esafety flag` gives them."""
    with tempfile.TemporaryDirectory() as folder:
        asked, answers = Path(folder) / "rows.jsonl", Path(folder) / "answers.jsonl"
        asked.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        flag_rows(asked, answers, None, labels)
        read = [json.loads(line) for line in answers.read_text("utf-8").splitlines()]
    return {answer["id"]: set(answer["categories"]) for answer in read}


def _share(hits: list[bool]) -> str:
    if not hits:
        return "-"
    low, high = interval(sum(hits), len(hits))
    return f"{sum(hits)} of {len(hits)} = {100 * sum(hits) / len(hits):.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


def table(rows: list[Row], answers: Mapping[Any, set[str]]) -> str:
    """Recall, right category and false alerts of each group."""
    groups: defaultdict[tuple[bool, str], list[tuple[bool, bool]]] = defaultdict(list)
    for row in rows:
        said = answers[row["id"]]
        alert = bool(said) if row["expected"] else bool(said - set(row["accept"]))
        right = bool(said & set(row["expected"]))
        for group in (row["group"], row["group"].split("/")[0] + "/*", "all"):
            groups[not row["expected"], group].append((alert, right))
    lines = ["| group | alerts | right category |", "|---|---|---|"]
    for (ordinary, group), scored in sorted(groups.items()):
        rights = "" if ordinary else _share([pair[1] for pair in scored])
        name = f"{group}, ordinary" if ordinary else group
        lines.append(f"| {name} | {_share([pair[0] for pair in scored])} | {rights} |")
    return "\n".join(lines)


def cost(size: int) -> str:
    """Seconds for the plain words alone, for the sieve of all views, and for all of it."""
    matcher = compile_watchlists(watchfolders.load([watchfolders.shipped()]))
    words, chance = sorted(word for word in matcher.phrases.words if word.isascii()), Random(1)
    # Texts of ordinary length out of made-up words, with one word of the rules in some.
    made = ["".join(chance.choice("bcdfglmnprst") + chance.choice("aeiou") for _ in range(3)) for _ in range(20_000)]
    rows = [" ".join(chance.choices(made, k=12))[:_LENGTH] for _ in range(size)]
    texts = pl.Series([f"{chance.choice(words)} {row}"[:_LENGTH] if chance.random() < 0.1 else row for row in rows])
    plain, found = list(matcher.phrases.owners), []
    for work in (
        lambda: fold_ascii(texts).to_frame("text").select(pl.col("text").str.contains_any(plain)),
        lambda: holds_any(texts, matcher.phrases),
        lambda: match_texts(texts.to_frame("text").select(pl.lit("search_text").alias("field"), "text"), matcher),
    ):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    rules = f"{len(matcher.rules)} rules, {len(matcher.phrases.owners):,} phrases, {size:,} texts"
    names = ("plain words, one pass", "the sieve of all views", "all views, all rules")
    told = [f"| {name} | {took:.2f} | {took / found[0]:.1f} |" for name, took in zip(names, found, strict=True)]
    return "\n".join([rules, "", "| what | seconds | ratio |", "|---|---|---|", *told])


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", type=Path, dest="rows", help="a set to measure instead of our own")
    parser.add_argument("--texts", type=int, default=450_000)
    asked = parser.parse_args()
    if not asked.rows:
        rows = examples(watchfolders.load([watchfolders.shipped()]))
        print(table(rows, answered(rows, None)))
    for path in [asked.rows] if asked.rows else OWN_SETS:
        rows = rows_of(path)
        print(f"\n{path.name}\n\n{table(rows, answered(rows, labels_named('eval')))}")
    if asked.texts:
        print()
        print(cost(asked.texts))


if __name__ == "__main__":
    main()
