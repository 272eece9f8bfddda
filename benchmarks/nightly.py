"""How fast is a whole night, beside programs that everybody knows, on the same file in the same run?

    python benchmarks/nightly.py [--lines 2000000] [--runs 3] [--log FILE --phrases FILE --domains FILE]

Makes a log (or takes one) and runs `esafety nightly` on it as a process of its own (reading, 5,000 phrases, 1,000,000
listed host names, counts, drafts, pages): once with nothing kept but the compiled lists, as on any night, and once from
nothing, as on the first night and after a change of the lists or of the program. One night goes before those that are
measured, and Python may keep what it compiles, as it does of a program that is installed: `PYTHONDONTWRITEBYTECODE` is
not passed on. Beside it GoAccess, which only counts, if it is installed. Prints medians as a table: seconds, lines a
second, ratio to GoAccess, peak memory; and awk, which only splits the columns and counts the users, so that figures of
different machines can be set side by side. Exit code 1
if a night fails or loses a line.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import made_log
from pipeline.matching import keptlists

NIGHT = "esafety, a whole night"
FIRST = "esafety, the first night"
GOACCESS = "GoAccess, counts only"
_ROOT = Path(__file__).resolve().parent.parent
_GOACCESS_FORMAT = "%x.%^ %~%L %h %^/%s %b %m %U %e %^ %^"
_CONFIG = """
[school]
name = "Benchmark"
[[source]]
name = "filter"
files = [{log}]
format = "squid"
[people]
file = {people}
[[watchlists.phrases]]
file = {phrases}
category = "drugs"
weight = 30
[[watchlists.domains]]
file = {domains}
category = "gaming"
weight = 20
"""


@dataclass(frozen=True)
class Run:
    """Seconds by the clock on the wall, and the most memory that the process held, in MiB."""

    seconds: float
    mebibytes: float


def measured(command: list[str], output: Path) -> Run:
    """Run a command to its end. Raises `SystemExit` if it fails."""
    with output.open("wb") as out:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL, cwd=_ROOT, env=_as_installed())
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
    code = os.waitstatus_to_exitcode(status)
    process.returncode = code
    if code not in (0, 2):
        raise SystemExit(f"failed with exit code {code}: {' '.join(command)}")
    return Run(seconds, usage.ru_maxrss / 1024)


def _as_installed() -> dict[str, str]:
    """The environment, in which Python is not told to compile the program anew each time."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def night(folder: Path, log: Path, lines: int, *, first: bool) -> Run:
    """One whole night over a log of which nothing was read; checks that no line was lost.

    `first`: the lists have not been compiled before either.
    """
    kept = folder / "store" / keptlists.NAME
    compiled = b"" if first else kept.read_bytes()
    for name in ("store", "reports"):
        # There is none before the first run.
        shutil.rmtree(folder / name, ignore_errors=True)
    if compiled:
        kept.parent.mkdir()
        kept.write_bytes(compiled)
    output, config = folder / "run.json", str(folder / "school.toml")
    run = measured(
        [sys.executable, "cli.py", "nightly", "--config", config, "--json", "--as-of", "2025-09-13T03:00"], output
    )
    totals = json.loads(output.read_text("utf-8"))["totals"]
    if totals["records"] != lines or lines != totals["events"] + totals["rejects"] + totals["skips"]:
        raise SystemExit(f"lines were lost: {lines} in {log}, {totals} in the record")
    return run


def goaccess(folder: Path, log: Path) -> Run | None:
    """GoAccess over the same file, or nothing if it is not installed."""
    program = shutil.which("goaccess")
    if program is None:
        return None
    stamps = [f"--{name}-format=%s" for name in ("date", "time", "datetime")]
    quiet = ["--no-global-config", "--no-progress", "-o", str(folder / "goaccess.json")]
    return measured([program, str(log), f"--log-format={_GOACCESS_FORMAT}", *stamps, *quiet], folder / "goaccess.out")


def awk(folder: Path, log: Path) -> Run | None:
    """The system's awk over the same file, or nothing if there is none or the log is compressed."""
    program = shutil.which("awk")
    if program is None or log.suffix == ".gz":
        return None
    return measured([program, "{ users[$8]++ } END { for (user in users) n++; print n }", str(log)], folder / "awk.out")


def count_lines(log: Path) -> int:
    """Lines of a file; a last one without line end counts."""
    opener = gzip.open if log.suffix == ".gz" else open
    lines, last = 0, b"\n"
    with opener(log, "rb") as stream:
        while chunk := stream.read(1 << 24):
            lines += chunk.count(b"\n")
            last = chunk[-1:]
    return lines + (last != b"\n")


def prepare(folder: Path, options: argparse.Namespace) -> Path:
    """Make what was not given, and the school.toml."""
    log = options.log or folder / "access.log"
    phrases, domains = options.phrases or folder / "phrases.txt", options.domains or folder / "domains.txt"
    if options.log is None:
        made_log.write_log(log, options.lines, options.seed)
    if options.phrases is None:
        made_log.write_phrases(phrases, 5_000)
    if options.domains is None:
        made_log.write_domains(domains, 1_000_000)
    made_log.write_people(folder / "people.csv")
    paths = {"log": log, "people": folder / "people.csv", "phrases": phrases, "domains": domains}
    text = _CONFIG.format(**{name: json.dumps(str(path.resolve())) for name, path in paths.items()})
    (folder / "school.toml").write_text(text, encoding="utf-8")
    return Path(log)


def median(runs: list[Run]) -> Run:
    """The median of the seconds, and the highest memory."""
    return Run(statistics.median(run.seconds for run in runs), max(run.mebibytes for run in runs))


def table(lines: int, runs: dict[str, list[Run]]) -> str:
    """The figures as a Markdown table; programs that are not installed are left out."""
    medians = {name: median(each) for name, each in runs.items() if each}
    other = medians.get(GOACCESS)
    rows = ["| what | seconds | lines a second | ratio to GoAccess | peak MiB |", "|---|---|---|---|---|"]
    for name, run in medians.items():
        ratio = f"{other.seconds / run.seconds:.1f}" if other is not None else "not measured"
        rows.append(f"| {name} | {run.seconds:.2f} | {lines / run.seconds:,.0f} | {ratio} | {run.mebibytes:.0f} |")
    return "\n".join(rows)


def main() -> None:
    """Make, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=2_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=3)
    for name in ("log", "phrases", "domains"):
        parser.add_argument(f"--{name}", type=Path, help="take this file instead of making one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="esafety-benchmark-") as name:
        folder = Path(name)
        log = prepare(folder, options)
        lines = count_lines(log)
        runs: dict[str, list[Run]] = {NIGHT: [], FIRST: [], GOACCESS: [], "awk, splits and counts users": []}
        night(folder, log, lines, first=True)
        # Turn by turn, so that a noisy minute meets all of them.
        for _ in range(options.runs):
            first = night(folder, log, lines, first=True)
            found = (night(folder, log, lines, first=False), first, goaccess(folder, log), awk(folder, log))
            for each, run in zip(runs.values(), found, strict=True):
                each.extend([] if run is None else [run])
        megabytes = log.stat().st_size / 1e6
        print(f"{lines:,} lines, {megabytes:,.0f} MB, medians of {options.runs} runs, {os.cpu_count()} cores\n")
        print(table(lines, runs))


if __name__ == "__main__":
    main()
