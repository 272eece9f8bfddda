"""kill -9 at twenty random moments of a night and of its re-run, then one to the end: the lake, the drafts and the
digest of an undisturbed night.

The night runs as a process of its own, over several logs, in units so small that there is always one half done.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline import decode, engine
from tests.made_night import NIGHT, School, digest, lake_bytes, made_log, squid

ROOT = Path(__file__).resolve().parent.parent
KILLS, KILLS_OF_ONE = 20, 4
UNIT_RECORDS, CHUNK = 1000, 128 << 10
PROGRAM = """
import sys
from datetime import datetime
from pathlib import Path
from pipeline import decode, engine, nightly
from pipeline.config import load_settings
engine.UNIT_RECORDS, decode.decoded.__defaults__ = int(sys.argv[3]), (int(sys.argv[4]),)
config = Path(sys.argv[1])
print("begun", flush=True)
nightly.run(load_settings(config), config, datetime.fromisoformat(sys.argv[2]))
"""


def a_school(folder: Path) -> School:
    school = School(folder).made()
    for number in range(3):
        school.log(f"access.log.{number}", made_log(2000, seed=number, start=2500 * number))
    school.log("access.log", made_log(400, seed=9, start=12_000) + squid(13_000)[:-1])
    return school


def killed_after(school: School, seconds: float | None) -> float:
    """Start a night and kill it so long after it has begun; how long it really ran. Without seconds it may end."""
    arguments = [str(school.config), NIGHT.isoformat(), str(UNIT_RECORDS), str(CHUNK)]
    night = subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], stdout=subprocess.PIPE, cwd=ROOT)
    assert night.stdout is not None
    assert night.stdout.readline() == b"begun\n"
    began = time.monotonic()
    try:
        night.wait(seconds)
    except subprocess.TimeoutExpired:
        night.kill()
    night.communicate()
    return time.monotonic() - began


def how_far(school: School) -> str:
    """Where the kill has struck: nothing yet, among units, among days, among pages, after all."""
    if (school.folder / "reports" / "index.html").exists():
        return "pages"
    if (school.store / "days" / "facts").exists():
        return "days"
    units = school.store / "lake"
    return "units" if units.is_dir() and any(units.iterdir()) else "nothing"


def test_killed_at_any_moment_a_night_is_made_good_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "UNIT_RECORDS", UNIT_RECORDS)
    monkeypatch.setattr("pipeline.decode.decoded.__defaults__", (CHUNK,))
    assert decode.CHUNK > CHUNK
    undisturbed = a_school(tmp_path / "undisturbed")
    whole = killed_after(undisturbed, None)
    expected = lake_bytes(undisturbed), digest(undisturbed)
    assert len(list((undisturbed.store / "lake").iterdir())) > 6
    chance = random.Random(20261110)
    met: Counter[str] = Counter()

    def killed_again_and_again(number: int) -> School:
        school = a_school(tmp_path / str(number))
        for _ in range(KILLS_OF_ONE):
            killed_after(school, chance.uniform(0.02, 0.9) * whole)
            met[how_far(school)] += 1
        return school

    with ThreadPoolExecutor(2) as two:
        for school in two.map(killed_again_and_again, range(KILLS // KILLS_OF_ONE)):
            school.night()
            assert (lake_bytes(school), digest(school)) == expected
            assert list((school.store / "staging").iterdir()) == []
    assert met.total() == KILLS
    assert len(met) > 1, f"all kills struck at one place: {met}"
