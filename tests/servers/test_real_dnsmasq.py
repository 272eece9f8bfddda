"""What a real dnsmasq writes about questions that are known, read by a night: each is one event, and each block is one.

Several desks ask the same names at the same time, so that questions are under way together and answers come late.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from tests.servers.dnsmasq import ZONE, dnsmasq
from tests.servers.processes import program, wait_until
from tests.servers.questions import RESOLUTION, Asked, Question, ask, upstream
from tests.servers.school import school

_DESKS = [f"127.0.8.{number}" for number in range(1, 9)]


@dataclass(frozen=True)
class Night:
    """What was asked, and what a night made of it."""

    asked: list[Asked]
    events: pl.DataFrame
    totals: dict[str, int]
    lines: list[str]


def _of_a_desk(client: str) -> list[Question]:
    refused = [Question(client, name, blocked=True) for name in ("refused.example.test", "a.refused.example.test")]
    return [
        # Nobody waits: all desks ask for this one before the answer is there.
        Question(client, "slow.example.test", patience=0),
        *refused,
        Question(client, "Refused.Example.TEST", "AAAA", blocked=True),
        Question(client, "slow.example.test", "AAAA", patience=0),
        Question(client, "both.example.test", "ANY", blocked=True),
        Question(client, "listed.example.test", blocked=True),
        Question(client, "gone.example.test"),
        Question(client, "page.example.test"),
        Question(client, "slow.example.test"),
        Question(client, "7.2.0.192.in-addr.arpa", "PTR"),
        Question(client, "refused.example.test", "TYPE999"),
    ]


def _odd(client: str) -> list[Question]:
    return [
        Question(client, "a from 10\u205f0 is 0", logged=""),
        Question(client, "two words.example.test", "HTTPS"),
        Question(client, "x from 10,0,0,1"),
        Question(client, "zoë.example.test", logged=""),
        Question(client, ".", "NS", logged=""),
        Question(client, "under_score.example.test", "TXT"),
        Question(client, "refused.example.test", blocked=True, tcp=True),
    ]


@pytest.fixture(scope="module", params=["", "=extra"], ids=["plain", "extra"])
def night(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """The events of a night, and the questions behind them."""
    program("dnsmasq", "dnsmasq-base")
    with upstream() as behind, dnsmasq(behind, request.param) as server:
        with ThreadPoolExecutor(len(_DESKS)) as desks:
            asked = list(desks.map(lambda client: [ask(server.port, each) for each in _of_a_desk(client)], _DESKS))
        # Alone and in order, the last one from a process of its own.
        asked.append([ask(server.port, each) for each in _odd("127.0.9.1")])
        questions = [each for desk in asked for each in desk]
        wait_until(lambda: _is_written(server.log, len(questions)), "the last line")
        home = school(tmp_path_factory.mktemp("school"), server.log.parent, ZONE)
        record = home.night()
        yield Night(questions, home.events(), record["totals"], server.log.read_text("utf-8").splitlines())


def _is_written(log: Path, questions: int) -> bool:
    text = log.read_text("utf-8")
    return text.count(" query[") == questions and " config " in text.rpartition(" query[")[2]


def _expected(asked: list[Asked], *, blocked: bool) -> Counter[tuple[str, str | None]]:
    chosen = [each.question for each in asked if each.question.blocked or not blocked]
    logged = [each.name if each.logged is None else each.logged for each in chosen]
    return Counter((each.client, name or None) for each, name in zip(chosen, logged, strict=True))


def _found(events: pl.DataFrame, verdict: str) -> Counter[tuple[str, str | None]]:
    return Counter(events.filter(pl.col("verdict") == verdict).select("client_ip", "host").rows())


def test_every_question_is_one_event_with_its_client_and_name(night: Night) -> None:
    assert _found(night.events, "unknown") == _expected(night.asked, blocked=False)


def test_every_block_is_one_event_of_the_one_who_asked(night: Night) -> None:
    assert _found(night.events, "blocked") == _expected(night.asked, blocked=True)


def test_every_line_is_an_event_or_passed_over(night: Night) -> None:
    assert night.totals["rejects"] == 0
    assert night.totals["records"] == len(night.lines) == night.totals["events"] + night.totals["skips"]


def test_the_time_is_that_of_the_question_with_the_year_of_the_file(night: Night) -> None:
    assert set(night.events["ts_quality"]) == {"guessed-year"}
    times = sorted(night.events["ts"].to_list())
    assert times[0] >= min(each.began for each in night.asked) - RESOLUTION
    assert times[-1] <= max(each.ended for each in night.asked) + RESOLUTION
