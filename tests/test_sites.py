"""Long lists of sites: what each form of a line finds and what it does not, and that what was made ready stays true."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.lists import sites
from pipeline.match import match_values
from pipeline.matching.matcher import Matcher, compile_watchlists
from pipeline.matching.matchsites import match_hosts
from pipeline.watchlist import DomainFile, Watchlists
from tests.effort import tries


def matcher(folder: Path, *lines: str) -> Matcher:
    path = folder / "list.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return compile_watchlists(Watchlists((), domain_files=(DomainFile("list.made", "made", path, 30),)))


def hosts(made: Matcher, *names: str) -> list[str]:
    return match_hosts(pl.Series(names, dtype=pl.String), made)["host"].to_list()


def urls(made: Matcher, *addresses: str) -> list[str]:
    hits = match_values({"url": pl.Series(addresses, dtype=pl.String)}, made)
    return sorted(hits["value"].unique())


@pytest.mark.parametrize(
    ("line", "found", "not_found"),
    [
        ("a.example", ["a.example", "x.a.example", "y.x.a.example"], ["aa.example", "example", "a.example.org"]),
        ("*.a.example", ["a.example", "x.a.example"], ["aa.example"]),
        ("=a.example", ["a.example"], ["x.a.example", "www.a.example", "aa.example"]),
        (">a.example", ["x.a.example", "y.x.a.example"], ["a.example", "aa.example"]),
        ("=192.0.2.7", ["192.0.2.7"], ["1.192.0.2.7", "192.0.2.70"]),
        ("A.Example", ["a.example"], ["b.example"]),
        ("# a.example", [], ["a.example"]),
        ("!a.example", [], ["a.example"]),
        ("a.example/path", [], ["a.example"]),
    ],
)
def test_hosts_of_one_line(tmp_path: Path, line: str, found: list[str], not_found: list[str]) -> None:
    assert hosts(matcher(tmp_path, line), *found, *not_found) == sorted(found)


def test_the_most_exact_line_decides(tmp_path: Path) -> None:
    made = matcher(
        tmp_path, "a.example", "!good.a.example", "bad.good.a.example", "!=a.example", "!>c.example", "c.example"
    )
    asked = [
        "a.example",
        "x.a.example",
        "good.a.example",
        "x.good.a.example",
        "bad.good.a.example",
        "c.example",
        "x.c.example",
    ]
    assert hosts(made, *asked) == ["bad.good.a.example", "c.example", "x.a.example"]


def test_a_pardon_holds_whatever_other_lines_say(tmp_path: Path) -> None:
    made = matcher(tmp_path, "a.example", "bad.good.a.example", "!!good.a.example")
    assert hosts(made, "a.example", "good.a.example", "bad.good.a.example") == ["a.example"]


@pytest.mark.parametrize(
    ("line", "found", "not_found"),
    [
        (
            "a.example/b/c",
            ["http://a.example/b/c", "https://a.example/B/C/d?e", "http://www.a.example/b/c?x=1", "x.a.example/b/c/"],
            ["http://a.example/b/cc", "http://a.example/b", "http://aa.example/b/c", "http://a.example/x/b/c"],
        ),
        (
            "=a.example/b*",
            ["http://a.example/b", "http://a.example/bcd", "http://web2.a.example/b/c", "http://a.example:8080/b"],
            ["http://x.a.example/b", "http://a.example/ab", "http://aa.example/b"],
        ),
        (
            "=a.example/*",
            ["http://a.example", "a.example:443", "http://a.example/", "http://www.a.example/x"],
            ["http://x.a.example/"],
        ),
        ("a.example/b/", ["http://a.example/b", "http://a.example/b/c"], ["http://a.example/bc"]),
        (
            "a.example/watch?v=1",
            ["http://a.example/watch?v=1", "http://a.example/watch?v=1&t=2"],
            ["http://a.example/watch?v=12", "http://a.example/watch"],
        ),
        ("a.example/b%20c*", ["http://a.example/b%20c", "http://a.example/b c"], ["http://a.example/b"]),
        ("!a.example/b", [], ["http://a.example/b"]),
        ("192.0.2.7/b", ["http://192.0.2.7/b/c"], ["http://192.0.2.70/b"]),
    ],
)
def test_addresses_of_one_line(tmp_path: Path, line: str, found: list[str], not_found: list[str]) -> None:
    assert urls(matcher(tmp_path, line), *found, *not_found) == sorted(found)


def test_a_hit_on_an_address_shows_the_part_that_is_listed(tmp_path: Path) -> None:
    made = matcher(tmp_path, "a.example/b", "a.example/b/c", "a.example/b/c/d")
    hit = match_values({"url": pl.Series(["http://a.example/B/c/x?y"])}, made).to_dicts()
    assert [
        (each["field"], each["text"][each["start"] : each["end"]], each["view"], each["weight"]) for each in hit
    ] == [("path", "/B/c", "prefix", 30.0)]


# ---------------------------------------------------------------- what is made ready once


@pytest.fixture
def long_list(tmp_path: Path) -> Path:
    path = tmp_path / "long.txt"
    lines = [f"made-{number}.example" for number in range(20_000)]
    path.write_text("\n".join([*lines, "=exact.example", "a.example/b", "!good.made-7.example", ""]), encoding="utf-8")
    return path


def listed(path: Path, *names: str) -> list[str]:
    made = compile_watchlists(Watchlists((), domain_files=(DomainFile("list.made", "made", path, 30),)))
    return hosts(made, *names)


def test_a_long_list_is_made_ready_once_and_anew_when_it_changes(long_list: Path) -> None:
    asked = ["x.made-7.example", "good.made-7.example", "exact.example", "x.exact.example", "made-99999.example"]
    assert listed(long_list, *asked) == ["exact.example", "x.made-7.example"]
    kept = long_list.with_name(".long.txt.compiled")
    first = kept.stat().st_mtime_ns
    assert listed(long_list, *asked) == ["exact.example", "x.made-7.example"]
    assert kept.stat().st_mtime_ns == first
    assert sites.ready(long_list).sha256
    long_list.write_text(long_list.read_text(encoding="utf-8") + "made-99999.example\n", encoding="utf-8")
    assert listed(long_list, *asked) == ["exact.example", "made-99999.example", "x.made-7.example"]
    made = compile_watchlists(Watchlists((), domain_files=(DomainFile("list.made", "made", long_list, 30),)))
    assert urls(made, "http://a.example/b/c", "http://a.example/c") == ["http://a.example/b/c"]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1 cut off"])
def test_what_was_made_ready_and_is_damaged_is_made_anew(long_list: Path, content: bytes) -> None:
    assert listed(long_list, "made-3.example") == ["made-3.example"]
    long_list.with_name(".long.txt.compiled").write_bytes(content)
    assert listed(long_list, "made-3.example") == ["made-3.example"]


def test_a_folder_that_may_not_be_written_is_no_hindrance(long_list: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", refuse)
    assert listed(long_list, "made-3.example", "x.exact.example") == ["made-3.example"]
    assert not long_list.with_name(".long.txt.compiled").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_whoever_may_read_the_list_may_read_what_is_made_of_it(long_list: Path) -> None:
    long_list.chmod(0o640)
    sites.ready(long_list)
    assert stat.S_IMODE(long_list.with_name(".long.txt.compiled").stat().st_mode) == 0o640


_NAME = st.lists(st.sampled_from(["a", "b", "c", "example"]), min_size=1, max_size=4).map(".".join)
_MARK = st.sampled_from(["", "=", ">", "!", "!=", "!>", "!!"])


def decided(lines: list[tuple[str, str]], host: str) -> bool:
    """The rule in other words: of the lines that hold for a host, a pardon, or else the most exact one."""
    holding = []
    for mark, name in lines:
        is_itself, is_below = host == name, host.endswith(f".{name}")
        if (is_itself and not mark.endswith(">")) or (is_below and not mark.endswith("=")):
            holding.append((len(name), mark[-1:] in {"=", ">"}, not mark.startswith("!"), mark))
    return bool(holding) and not any(each[3] == "!!" for each in holding) and max(holding)[2]


@settings(max_examples=tries(200))
@given(lines=st.lists(st.tuples(_MARK, _NAME), min_size=1, max_size=8), asked=st.lists(_NAME, min_size=1, max_size=8))
def test_whatever_the_lines_are_they_decide_as_they_say(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[str, str]], asked: list[str]
) -> None:
    made = matcher(tmp_path_factory.mktemp("lists"), *(mark + name for mark, name in lines))
    assert hosts(made, *set(asked)) == sorted(host for host in set(asked) if decided(lines, host))
