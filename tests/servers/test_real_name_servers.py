"""What a real Unbound and a real BIND write about known questions: each is one event, and each block is one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from tests.servers.name_servers import ZONE, bind, unbound
from tests.servers.processes import program, wait_until
from tests.servers.questions import RESOLUTION, Asked, Question, ask, upstream
from tests.servers.school import school

_DESKS = [f"127.0.10.{number}" for number in range(1, 7)]
_SERVERS = {"unbound": (unbound, ("unbound", "unbound")), "bind": (bind, ("named", "bind9"))}
#: How each writes a name with a blank.
_BLANK = {"unbound": "two?words.example.test", "bind": r"two\032words.example.test"}
_QUALITY = {"unbound": "exact", "bind": "assumed-zone"}


@dataclass(frozen=True)
class Night:
    """What was asked of a server, and what a night made of it."""

    server: str
    asked: list[Asked]
    events: pl.DataFrame
    totals: dict[str, int]


def _of_a_desk(client: str, server: str) -> list[Question]:
    return [
        Question(client, "slow.example.test", patience=0),
        Question(client, "refused.example.test", blocked=True),
        Question(client, "A.Refused.Example.TEST", "AAAA", blocked=True),
        Question(client, "nodata.example.test", blocked=True),
        Question(client, "dropped.example.test", blocked=True, patience=0),
        Question(client, "nothing.example.test", blocked=server == "unbound"),
        Question(client, "printer.example.test"),
        Question(client, "elsewhere.example.test"),
        Question(client, "allowed.example.test", "HTTPS"),
        Question(client, "slow.example.test"),
        Question(client, "7.2.0.192.in-addr.arpa", "PTR"),
        Question(client, "two words.example.test", logged=_BLANK[server]),
        Question(client, "refused.example.test", "TXT", blocked=True, tcp=True),
    ]


@pytest.fixture(scope="module", params=sorted(_SERVERS))
def night(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """The events of a night, and the questions behind them."""
    name = request.param
    started, needed = _SERVERS[name]
    program(*needed)
    with upstream() as behind, started(behind) as server:
        with ThreadPoolExecutor(len(_DESKS)) as desks:
            each_desk = desks.map(
                lambda client: [ask(server.port, each) for each in _of_a_desk(client, name)], _DESKS
            )  # fmt: skip
            asked = [each for desk in each_desk for each in desk]
        wait_until(lambda: _is_written(server.log), "the last answers")
        home = school(tmp_path_factory.mktemp("school"), server.log.parent, ZONE)
        record = home.night()
        yield Night(name, asked, home.events(), record["totals"])


def _is_written(log: Path) -> bool:
    lines = log.read_text("utf-8").splitlines()
    # The last question of each desk is refused, and that is written before it is answered.
    return sum("refused.example.test" in line and "TXT" in line for line in lines) >= 2 * len(_DESKS)


def _expected(night: Night, *, blocked: bool) -> Counter[tuple[str, str]]:
    chosen = [each.question for each in night.asked if each.question.blocked or not blocked]
    return Counter((each.client, each.logged or each.name) for each in chosen)


def _found(night: Night, verdict: str) -> Counter[tuple[str, str]]:
    return Counter(night.events.filter(pl.col("verdict") == verdict).select("client_ip", "host").rows())


def test_every_question_is_one_event_with_its_client_and_name(night: Night) -> None:
    assert _found(night, "unknown") == _expected(night, blocked=False)


def test_every_block_is_one_event_of_the_one_who_asked(night: Night) -> None:
    assert _found(night, "blocked") == _expected(night, blocked=True)


def test_nothing_is_refused_and_the_times_are_those_of_the_questions(night: Night) -> None:
    assert night.totals["rejects"] == 0
    assert set(night.events["format"]) == {night.server}
    assert set(night.events["ts_quality"]) == {_QUALITY[night.server]}
    times = sorted(night.events["ts"].to_list())
    assert times[0] >= min(each.began for each in night.asked) - RESOLUTION
    assert times[-1] <= max(each.ended for each in night.asked) + RESOLUTION
