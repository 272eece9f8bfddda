"""Settings that hold for every test."""

from __future__ import annotations

import atexit
import gc
import os
import sqlite3
import sqlite3.dbapi2
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from pipeline import rules
from pipeline.matching import keptlists
from pipeline.trials import flagging
from tests import shipped, unflushed
from tests.effort import GATED, tries
from tests.made_night import School
from tests.made_subject import kept_school

# How long an example takes says something about the machine, nothing about the program. In the gate the same code is
# asked the same each time, so that what it says hangs on the change and not on chance; elsewhere other examples are
# tried at each run, and what they find becomes an example of its own.
settings.register_profile(
    "house", deadline=None, max_examples=tries(100), suppress_health_check=[HealthCheck.too_slow], derandomize=GATED
)
settings.load_profile("house")

# As `cli.run` has it: the lists and the tests are a million objects that stay, and to look through them for circles
# again and again is a tenth of the time.
gc.set_threshold(100_000)


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: while one waits for a server or a process, the others go on."""
    return (os.cpu_count() or 1) + 1


#: Begun first: the one that has the shipped watchlists compiled, then long ones that can do without them, so that no
#: worker stands still until they are there, and no long one is left for the end.
_FIRST = (
    "test_all_formats_night.py", "test_formats.py", "test_engine.py", "test_kill.py", "test_mapping.py",
    "test_derive.py", "test_reading.py", "test_carriers.py", "test_mapped_times.py", "test_cli.py", "test_weighted.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The other files in their order."""
    places = {name: place for place, name in enumerate(_FIRST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))


def pytest_collection_finish() -> None:
    """What has been loaded by now stays to the end: nobody need look for circles in it before."""
    gc.freeze()
    atexit.register(gc.unfreeze)


@pytest.fixture(scope="session", autouse=True)
def _shipped_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The shipped watchlists are compiled once, and not for each night; as a process, the program reads its own."""
    own = tmp_path_factory.getbasetemp()
    # That of a worker lies in that of the run.
    shipped.SHARED.folder = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    with pytest.MonkeyPatch.context() as patch:
        for module in (rules, flagging):
            for name in ("load", "compile_watchlists", "check_examples"):
                patch.setattr(module, name, getattr(shipped, name))
        # Writing them takes longer than a test's night that finds them made.
        patch.setattr(keptlists, "keep", lambda *_: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_power_cut() -> Iterator[None]:
    """No test cuts the power, so what must outlive that need not reach the disk; as a process, the program waits."""
    with pytest.MonkeyPatch.context() as patch:
        # Whatever is no open file is still refused.
        patch.setattr(os, "fsync", os.fstat)
        for module in (sqlite3, sqlite3.dbapi2):
            patch.setattr(module, "connect", unflushed.connect)
        yield


@pytest.fixture(scope="session")
def kept_subject(tmp_path_factory: pytest.TempPathFactory) -> School:
    """A school that holds something on Alex; a test changes a copy of it."""
    return kept_school(tmp_path_factory.mktemp("subject"))
