"""What do all views of very many texts cost, beside one view of them by the bare automaton?

    python benchmarks/views.py [--texts 450000]

Makes distinct texts of some 90 characters, as if somebody had typed them, of which one in forty holds a phrase and one
in ten names somebody; looks for the shipped rules and 5,000 phrases more in every view (as it stands, digits for
letters, misspelt, apart, together and so on), as a night does with what it has not seen before. Beside it:
pyahocorasick, text by text, for the 5,000 phrases alone, as whole words in one view. Prints seconds by the clock and of
the processors.
"""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import ahocorasick
import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import made_log
from pipeline.lists.longlists import phrases
from pipeline.match import match_texts
from pipeline.matching.matcher import compile_watchlists
from pipeline.matching.watchfolders import load, shipped
from pipeline.spelling.names import first_names
from pipeline.text import fold
from pipeline.watchlist import TermFile

_LETTERS = 90
_HOLDS_ONE, _NAMES_ONE = 40, 10
Made = TypeVar("Made")


def made_texts(count: int, sought: list[str]) -> pl.Series:
    """So many different texts, of which none but one in so many holds a phrase, and one in ten names somebody."""
    random, words = np.random.default_rng(5), made_log.vocabulary()
    words = words[~np.isin(words, sought)]
    drawn = words[(np.exp(random.random((count + count // 50, 18)) * np.log(len(words))) - 1).astype(np.int64)]
    texts = [" ".join(row) for row in drawn.tolist()]
    held = [f"{sought[at % len(sought)]} {text}" if at % _HOLDS_ONE == 0 else text for at, text in enumerate(texts)]
    called = sorted(first_names())
    held = [f"{called[at % len(called)]} {text}" if at % _NAMES_ONE == 1 else text for at, text in enumerate(held)]
    return pl.Series(held).str.head(_LETTERS).unique(maintain_order=True).head(count)


def bare(texts: pl.Series, sought: list[str]) -> int:
    """How many texts hold a phrase, by one automaton in one view."""
    automaton = ahocorasick.Automaton()
    for each in fold(pl.Series(sought)):
        automaton.add_word(each, 1)
    automaton.make_automaton()
    return sum(next(automaton.iter(text), None) is not None for text in fold(texts))


def timed(name: str, run: Callable[[], Made]) -> tuple[Made, float]:
    """The result, and the seconds by the clock; prints both times."""
    began, worked = time.perf_counter(), time.process_time()
    made = run()
    seconds, busy = time.perf_counter() - began, time.process_time() - worked
    print(f"{name:<46}{seconds:>8.2f} s   {busy:>6.2f} s of the processors")
    return made, seconds


def main() -> None:
    """Make, measure, print."""
    # As the program has it (`cli.run`): the lists stay, and circles are not looked for among them again and again.
    gc.set_threshold(100_000)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=450_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "phrases.txt"
        made_log.write_phrases(path, 5_000)
        sought = phrases(path)
        lists = load([shipped()], [TermFile("list.made", "drugs", path, 30)])
        matcher, _ = timed("compiled, once", lambda: compile_watchlists(lists))
        texts = made_texts(asked.texts, sought)
        table = pl.DataFrame({"text": texts}).select("text", field=pl.lit("search_text"))
        # What is only made when it is used first.
        match_texts(table.head(1000), matcher)
        held, base = timed("one view, 5,000 phrases, text by text", lambda: bare(texts, sought))
        hits, seconds = timed("every view, the shipped rules as well", lambda: match_texts(table, matcher))
    found = hits.filter(pl.col("rule_id") == "list.made")["text"].n_unique()
    print(f"{len(texts):,} texts; {held:,} hold a phrase, {found:,} in any view; {seconds / base:.1f} x one view")
    if found < held:
        raise SystemExit("A text was passed over.")


if __name__ == "__main__":
    main()
