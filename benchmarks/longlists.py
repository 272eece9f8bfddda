"""How long does a long list of sites take: once to be made ready, and then each night?

    python benchmarks/longlists.py [--names 5000000] [--hosts 450000] [--folder FOLDER]

Makes a list and a night's distinct hosts, of which one in five is listed or lies below a listed name. A process of its
own makes the list ready; another opens it and looks the hosts up, as a night does. Prints seconds and peak memory of
both. Exit code 1 if another number of hosts is found than was put there.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import polars as pl

_ROOT = Path(__file__).resolve().parent.parent
_ENDS = ("example.com", "example.net", "example.org", "co.example", "example")
#: One host in so many is listed.
_LISTED = 5


def made_name(number: int) -> str:
    """The listed name of that number; no two are alike."""
    return f"{number * 2654435761 % 2**32:08x}-{number % 97}.{_ENDS[number % len(_ENDS)]}"


def make(folder: Path, names: int, hosts: int) -> None:
    """Write the list and the hosts."""
    with (folder / "list.txt").open("w", encoding="utf-8") as stream:
        stream.writelines(f"{made_name(number)}\n" for number in range(names))
    step = max(names // hosts, 1)
    listed = [made_name(number * step) for number in range(hosts // _LISTED)]
    with (folder / "hosts.txt").open("w", encoding="utf-8") as stream:
        stream.writelines(f"{name if at % 3 else f'www.{name}'}\n" for at, name in enumerate(listed))
        stream.writelines(f"h{at}.s{at % 5000}.school.example\n" for at in range(hosts - len(listed)))


def measured(folder: Path, *, is_match: bool) -> None:
    """In a process of its own: make the list ready, or look the hosts up in it; prints one line of JSON."""
    from pipeline.matching.matcher import compile_watchlists
    from pipeline.matching.matchsites import match_hosts
    from pipeline.watchlist import DomainFile, Watchlists

    hosts = pl.Series((folder / "hosts.txt").read_text(encoding="utf-8").split(), dtype=pl.String)
    began, worked = time.perf_counter(), time.process_time()
    files = (DomainFile("list.made", "made", folder / "list.txt", 30),)
    matcher = compile_watchlists(Watchlists((), domain_files=files))
    opened, busy = time.perf_counter(), time.process_time()
    found = match_hosts(hosts, matcher)["host"].n_unique() if is_match else 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({
        "opened": opened - began, "opened_cpu": busy - worked, "matched": time.perf_counter() - opened,
        "matched_cpu": time.process_time() - busy, "found": found, "mebibytes": peak,
    }))  # fmt: skip


def in_process(folder: Path, what: str) -> dict[str, float]:
    """`measured` in a process of its own."""
    command = [sys.executable, str(Path(__file__).resolve()), "--inside", what, "--folder", str(folder)]
    done = subprocess.run(command, cwd=_ROOT, check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", type=int, default=5_000_000)
    parser.add_argument("--hosts", type=int, default=450_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--inside", choices=["ready", "match"], help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside:
        measured(asked.folder, is_match=asked.inside == "match")
        return 0
    with tempfile.TemporaryDirectory(dir=asked.folder) as name:
        make(Path(name), asked.names, asked.hosts)
        once, night = in_process(Path(name), "ready"), in_process(Path(name), "match")
    # By the clock, and of the processors: the second hardly knows what else the machine does.
    print(
        f"{asked.names:,} names made ready once: {once['opened']:.2f} s ({once['opened_cpu']:.2f} s of the processors)"
    )
    print(f"opened again: {night['opened']:.2f} s ({night['opened_cpu']:.2f} s)")
    print(f"{asked.hosts:,} hosts looked up: {night['matched']:.2f} s ({night['matched_cpu']:.2f} s)")
    print(f"found: {night['found']:,.0f}; peak memory when made ready: {once['mebibytes']:.0f} MiB")
    print(f"peak memory of the night's process: {night['mebibytes']:.0f} MiB")
    return 0 if night["found"] == asked.hosts // _LISTED else 1


if __name__ == "__main__":
    sys.exit(main())
