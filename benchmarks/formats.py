"""How fast is each format read, beside Squid's in the same run?

    python benchmarks/formats.py [--lines 200000] [--only squid fortigate]

Makes a log of each registered format out of the good lines of its sample, with users and addresses varied as a school
varies them, reads it in a process of its own as a night does (decode, parse, check that no line is lost), and prints a
table: lines a second, ratio to Squid by the clock and by processor time, peak memory. A format that is there tomorrow
is in it without a word here. Below it Squid's log as a school has it, with few odd lines, plain and from gzip. Exit
code 1 if a made log is not what it should be.
"""

from __future__ import annotations

import argparse
import gc
import gzip
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from benchmarks import made_log
from pipeline.formats import Format, registry
from pipeline.ingest import Reading, read_file
from pipeline.store.streams import Stream
from tools.format_pages import Sample, read, samples_of

_ROOT = Path(__file__).resolve().parent.parent
_BESIDE = "squid"
_USERS, _PAGES = 1_200, 50_000
#: Of so many made lines at least this share must be events: two that belong together may be parted, or be the same.
_GOOD = 0.9


@dataclass(frozen=True)
class Measure:
    """One log, read once."""

    lines: int
    events: int
    #: By the clock on the wall, and of the processor: the second hardly knows what else the machine does.
    seconds: float
    processor: float
    mebibytes: float

    @property
    def rate(self) -> float:
        """Lines a second."""
        return self.lines / self.seconds


def best_sample(form: Format) -> tuple[int, Sample]:
    """Which of the samples of a format has the most good lines, by its place in their order."""
    samples = samples_of(form.name)
    place = max(range(len(samples)), key=lambda at: read(form, samples[at])[1].height)
    return place, samples[place]


def made_lines(form: Format, sample: Sample, size: int) -> Iterator[str]:
    """What stands before the first good line of the sample (a header), and then good lines without end, varied."""
    lines, events = read(form, sample)
    texts = dict(lines.iter_rows())
    good = sorted(events.iter_rows(named=True), key=lambda row: int(row["line"]))
    first = int(good[0]["line"])
    yield from (text for line, text in texts.items() if line < first)
    # Only lines that come before a second header stand under the first.
    good = [row for row in good if "\n" not in texts[row["line"]]]
    good = _under_first_header(form, sample, lines, good)
    random = np.random.default_rng(7)
    # A sample begins with usual lines, and goes on to odd ones: so often each of them comes.
    kinds, users, pages = (
        (np.exp(random.random(size) * np.log(most)) - 1).astype(int).tolist() for most in (len(good), _USERS, _PAGES)
    )
    for kind, user, page in zip(kinds, users, pages, strict=True):
        row = good[kind]
        yield _varied(texts[row["line"]], row, user, page)


def _under_first_header(form: Format, sample: Sample, lines: Any, good: list[dict[str, Any]]) -> list[dict[str, Any]]:
    skips = form.parse(lines, sample.declared, "").skips
    headers = skips.filter(skips["reason"].is_in(["header", "comment"]))["line"].to_list()
    later = [line for line in headers if line > good[0]["line"]]
    return [row for row in good if not later or row["line"] < later[0]]


def _varied(text: str, row: dict[str, Any], user: int, page: int) -> str:
    """A line with another user and another page, where they stand in it as they were read."""
    name, url = row.get("user_raw"), row.get("url")
    if name and text.count(name) == 1:
        text = text.replace(name, f"{name}{user}")
    if url and "/" in url.removeprefix("https://").removeprefix("http://") and text.count(url) == 1:
        text = text.replace(url, f"{url}{page}")
    return text


def measure(name: str, path: Path, place: int) -> Measure:
    """Read a log to its end; in this process."""
    form = registry()[name]
    declared = samples_of(name)[place].declared
    reading = Reading(path, form, declared, Stream("", "0" * 64, "", name))
    lines = events = 0
    began, cpu = time.perf_counter(), time.process_time()
    for batch in read_file(path, reading):
        lines += batch.records
        events += batch.events.height
    seconds = time.perf_counter() - began
    return Measure(lines, events, seconds, time.process_time() - cpu, _peak())


def _peak() -> float:
    """The most memory that this program has held, in MiB.

    What Linux tells of a process (`ru_maxrss`) is at least what the one held that started it.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    peaks = dict(line.split(":", 1) for line in status.read_text("utf-8").splitlines())
    return int(peaks["VmHWM"].split()[0]) / 1024


def measured(name: str, path: Path, place: int) -> Measure:
    """`measure` in a process of its own, so that memory is its own."""
    command = [sys.executable, __file__, "--measure", name, str(path), str(place)]
    # As the program has it: nothing here does linear algebra.
    alone = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=_ROOT, env=alone)
    if done.returncode:
        raise SystemExit(f"{name}: could not be read\n{done.stderr[-2000:]}")
    return Measure(**json.loads(done.stdout))


def row_of(name: str, form: Format, lines: int, folder: Path) -> Measure:
    """A format's log, read. Raises `SystemExit` where the log is not a good one."""
    place, sample = best_sample(form)
    path = folder / f"{name}.log"
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(f"{line}\n" for line in made_lines(form, sample, lines))
    found = measured(name, path, place)
    path.unlink()
    if found.events < _GOOD * lines:
        raise SystemExit(f"{name}: only {found.events} of {lines} made lines are events")
    return found


def of_a_school(lines: int, folder: Path) -> tuple[Measure, Measure]:
    """Squid's log as `benchmarks/nightly.py` makes it, with few odd lines: plain, and packed."""
    path, packed = folder / "access.log", folder / "access.log.gz"
    made_log.write_log(path, lines, seed=1)
    with path.open("rb") as plain, gzip.open(packed, "wb", 6) as stream:
        shutil.copyfileobj(plain, stream)
    place, _ = best_sample(registry()[_BESIDE])
    return measured(_BESIDE, path, place), measured(_BESIDE, packed, place)


def main() -> None:
    """Measure every format, Squid first."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--measure", nargs=3, metavar=("NAME", "FILE", "PLACE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        # As the program has it (`cli.run`, `nightly`).
        gc.set_threshold(100_000)
        sys.setswitchinterval(0.0005)
        name, path, place = options.measure
        print(json.dumps(vars(measure(name, Path(path), int(place)))))
        return
    names = [_BESIDE, *(each for each in registry() if each != _BESIDE and each in (options.only or registry()))]
    print(f"{options.lines:,} lines of each, made from its sample\n")
    print("| format | lines a second | ratio to squid | the same by processor time | peak MiB |\n|---|---|---|---|---|")
    beside: Measure | None = None
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            found = row_of(name, registry()[name], options.lines, Path(folder))
            beside = beside or found
            print(_row(name, found, beside), flush=True)
        if beside is not None:
            plain, packed = of_a_school(options.lines, Path(folder))
            print(_row("squid, a school's log", plain, beside))
            print(_row("squid, the same from gzip", packed, beside))


def _row(what: str, each: Measure, beside: Measure) -> str:
    ratio, of_processor = each.rate / beside.rate, beside.processor / each.processor
    return f"| {what} | {each.rate:,.0f} | {ratio:.2f} | {of_processor:.2f} | {each.mebibytes:.0f} |"


if __name__ == "__main__":
    main()
