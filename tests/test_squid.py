"""What a client sends must not put somebody else's name on a line of Squid's log, whatever Squid does to that line."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.decode import numbered
from pipeline.files.records import blocks
from pipeline.formats import LINES, Declared, Parsed, registry, squid
from tests.effort import tries

_quick = settings(max_examples=tries(150), deadline=None)
_HEAD = "1757318400.473     54 10.20.1.15 TCP_MISS/200 538 GET "
_NEXT = "1757318401.663      1 10.20.1.20 TCP_MISS/200 504 GET http://h.example/ gfinch HIER_DIRECT/192.0.2.3 text/html"
#: Pieces of log lines, so that the made texts come near to what a clever pupil would try.
_PIECES = st.sampled_from(
    [
        " ", "  ", "-", "0", "gfinch", "1757318401.663", "10.20.1.20", "TCP_MISS/200", "TCP_DENIED/407", "504", "GET",
        "CONNECT", "http://h.example/", "HIER_DIRECT/192.0.2.3", "HIER_NONE/-", "text/html", "x", "é", "\t", "[", "]",
        "\\", "@", "%20",
    ]
)  # fmt: skip
_TEXTS = st.lists(_PIECES, max_size=14).map("".join)


#: A line as Squid pads it, and what may be wrong in one place or another.
_WHOLE = (
    "1757318400.473     54 10.20.1.15 TCP_MISS/200 538 GET http://h.example/ gfinch HIER_DIRECT/192.0.2.3 text/html"
)

_DAMAGE = st.lists(st.tuples(st.integers(0, len(_WHOLE)), st.integers(0, 8), _PIECES), max_size=3)
_ODD_ENDS = ["", " ", "\r", "\r\r", "\0", " x", " [Host: h]", "\ufeff"]


@settings(max_examples=tries(300), deadline=None)
@given(damage=_DAMAGE, end=st.sampled_from(_ODD_ENDS), before=st.sampled_from(["", "x\n", "\n", f"{_WHOLE}\n"]))
@example(damage=[(22, 0, "\t")], end="", before="")
@example(damage=[(101, 0, "HIER_DIRECT/192.0.2.3")], end="", before="")
@example(damage=[(17, 8, " "), (19, 6, " ")], end="", before="")
@example(damage=[(91, 0, "\t")], end="", before="")
@example(damage=[(22, 10, "\uff15")], end="", before="")
def test_quickly_split_or_read_from_both_ends_is_the_same(
    damage: list[tuple[int, int, str]], end: str, before: str
) -> None:
    line = _WHOLE
    for at, length, piece in damage:
        line = line[:at] + piece + line[at + length :]
    content = f"{before}{line}{end}\n".encode()
    (block,) = blocks([content])
    lines = numbered(block).select(list(LINES))
    quick = _rows(registry()["squid"].parse(lines, Declared(), ""))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(squid, "_is_plain", lambda: pl.lit(value=False))
        slow = _rows(registry()["squid"].parse(lines, Declared(), ""))
    assert quick == slow


def _rows(parsed: Parsed) -> list[tuple[object, ...]]:
    tables = (parsed.events, parsed.rejects, parsed.skips)
    return sorted((row for table in tables for row in table.rows()), key=lambda row: int(str(row[0])))


def test_nearly_every_line_of_a_usual_log_is_split_quickly() -> None:
    usual = [
        _WHOLE,
        _WHOLE.replace("    54", "123456"),
        _WHOLE.replace("gfinch", "-"),
        _WHOLE.replace("    54", "    -1"),
    ]
    lines = pl.DataFrame({"line": range(5), "text": [*usual, _WHOLE[:50]]}, schema=LINES)
    assert squid._split(lines).select(squid._is_plain()).to_series().to_list() == [True, True, True, True, False]


def _parse(line: str) -> Parsed:
    parsed = registry()["squid"].parse(pl.DataFrame({"line": [1], "text": [line]}, schema=LINES), Declared(), "")
    assert parsed.events.height + parsed.rejects.height == 1
    return parsed


@_quick
@given(path=_TEXTS)
@example(path="/x gfinch HIER_DIRECT/192.0.2.3 text/html")
@example(path="/x gfinch@")
def test_nothing_in_a_url_names_anybody(path: str) -> None:
    line = f"{_HEAD}http://casino.example.com/{path} bjones HIER_DIRECT/192.0.2.1 text/html"
    for row in _parse(line).events.iter_rows(named=True):
        assert row["user_raw"] in {"bjones", None}
        assert (row["client_ip"], row["verdict"]) == ("10.20.1.15", "allowed")
        assert row["url"].startswith("http://casino.example.com/")


@_quick
@given(name=_TEXTS)
@example(name=" gfinch")
@example(name="gfinch HIER_DIRECT/192.0.2.3 text/html")
def test_nothing_in_a_typed_name_names_another(name: str) -> None:
    line = f"{_HEAD.replace('TCP_MISS/200', 'TCP_DENIED/407')}http://news.example.org/ x{name}x HIER_NONE/- text/html"
    for row in _parse(line).events.iter_rows(named=True):
        assert row["verdict"] == "challenge"
        assert row["user_raw"] in {f"x{name}x", None}


def test_a_name_with_blanks_is_nobody_but_where_the_url_can_have_none() -> None:
    page = _parse(f"{_HEAD}http://news.example.org/search?q=cats ann smith HIER_DIRECT/192.0.2.1 text/html").events
    assert page.select("user_raw", "url").row(0) == (None, "http://news.example.org/search?q=cats ann smith")
    connect = _HEAD.replace("GET", "CONNECT")
    tunnel = _parse(f"{connect}chat.example.net:443 ann smith HIER_DIRECT/192.0.2.1 -").events
    assert tunnel.select("user_raw", "url").row(0) == ("ann smith", "chat.example.net:443")


@_quick
@given(
    query=st.text(alphabet="abc+&=%20/1757318400.3", max_size=60),
    cut=st.integers(0, 200),
    byte=st.sampled_from(["", "\0"]),
)
def test_a_record_that_squid_cut_off_takes_nothing_from_the_next(query: str, cut: int, byte: str) -> None:
    record = f"{_HEAD}http://search.example.org/?q=how+to+make+a+bomb{query} bjones HIER_DIRECT/192.0.2.1 text/html"
    cut_off = record[: max(len(_HEAD) - len("GET "), cut)]
    for line in (cut_off + byte + _NEXT, cut_off + byte + cut_off + byte + _NEXT):
        parsed = _parse(line)
        assert parsed.events.is_empty()
        assert parsed.rejects["reason"].to_list() == ["too-long"]


def test_a_record_cut_off_in_a_line_of_its_own_says_so() -> None:
    record = f"{_HEAD}http://search.example.org/?q={'z' * 9000}"[:8190]
    assert _parse(record).rejects["reason"].to_list() == ["too-long"]


def test_a_number_beyond_any_number_is_refused() -> None:
    line = "1757318400.473 54 10.20.1.15 TCP_MISS/200 9223372036854775808 GET http://h.example/ u HIER_NONE/- text/html"
    assert _parse(line).rejects["reason"].to_list() == ["bad-number"]


@pytest.mark.parametrize("url", ["http://certs.example.org/ca.crt", "http://certs.example.org/c a.crt"])
def test_a_request_that_squid_makes_by_itself_has_no_client(url: str) -> None:
    text = f"1757318400.473     54 - TCP_MISS/200 538 GET {url} - HIER_DIRECT/192.0.2.3 application/pkix-cert"
    lines = pl.DataFrame({"line": [1], "text": [text]}, schema=LINES)
    events = squid.FORMAT.parse(lines, Declared(), "").events
    assert events.select("client_ip", "url", "status").rows() == [(None, url, 200)]


@pytest.mark.parametrize(
    ("before", "user"),
    [
        ("10.2.3.4 - 02:0c:29:aa:bb:cc asmith", "asmith"),
        ("10.2.3.4 - 02:0c:29:aa:bb:cc -", None),
        ("2001:db8::7 - 02-0c-29-ff-fe-aa-bb-cc SCHOOL%5casmith", "SCHOOL\\asmith"),
        ("10.2.3.4 - - asmith", "asmith"),
        ("10.2.3.4 - 02:0c:29:aa:bb:cc", "02:0c:29:aa:bb:cc"),
    ],
)
def test_a_hardware_address_before_the_user_as_opnsense_has_it_is_no_part_of_the_user(
    before: str, user: str | None
) -> None:
    text = (
        f'{before} [08/Sep/2025:09:00:00 +0100] "GET http://h.example/ HTTP/1.1" 403 3900 "-" "Mozilla \\"x\\""'
        " TCP_DENIED:HIER_NONE"
    )
    form = registry()["squid_combined"]
    lines = pl.DataFrame({"line": [1], "text": [text]}, schema=LINES)
    row = form.parse(lines, Declared(), "").events.row(0, named=True)
    assert form.claims([text])
    assert (row["user_raw"], row["client_ip"], row["url"]) == (
        user,
        before.split(" ", maxsplit=1)[0],
        "http://h.example/",
    )
    assert (row["verdict"], row["status"], row["bytes"]) == ("blocked", 403, 3900)


@pytest.mark.parametrize(("written", "content_type"), [("text/html", "text/html"), ("-", None), ("", None)])
@pytest.mark.parametrize("gap", [" ", "  "])
def test_a_blank_too_many_before_the_type_is_no_type(gap: str, written: str, content_type: str | None) -> None:
    text = f"1757318400.473 3 192.0.2.7 TCP_MISS/200 9 GET http://a.example/ - HIER_DIRECT/192.0.2.1{gap}{written}"
    assert _parse(text).events["content_type"].to_list() == [content_type]


@pytest.mark.parametrize(
    ("client", "address", "device"),
    [
        ("pc-7.school.example", None, "pc-7.school.example"), ("pc7", None, "pc7"), ("192.0.2.7", "192.0.2.7", None),
        ("2001:db8::7", "2001:db8::7", None), ("-", None, None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("gap", ["", " more"])
def test_a_client_whose_name_was_looked_up_is_a_device(
    client: str, address: str | None, device: str | None, gap: str
) -> None:
    text = f"1757318400.473 3 {client} TCP_MISS/200 9 GET http://a.example/ - HIER_DIRECT/192.0.2.1 text/html{gap}"
    assert _parse(text).events.select("client_ip", "device").rows() == [(address, device)]


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("GET http://a.example/b dee - text/html", ("dee", "GET", "http://a.example/b", "page")),
        ("GET http://a.example/b dee 192.0.2.1 image/png", ("dee", "GET", "http://a.example/b", "background")),
        ("CONNECT https://a.example - - -", (None, "CONNECT", "https://a.example", "host-only")),
        ("- https://a.example 192.0.2.7 - -", (None, None, "https://a.example", "host-only")),
    ],
)
def test_layout_3_of_e2guardian_as_it_is_from_5_6_on_says_not_what_was_done(
    rest: str, expected: tuple[str | None, ...]
) -> None:
    text = f"1719234110.488 440 192.0.2.7 - 4806 {rest}"
    events = _parse(text).events
    assert squid.FORMAT.claims([text])
    assert events.select("user_raw", "method", "url", "kind").rows() == [expected]
    assert events.select("verdict", "status", "bytes", "content_type").row(0)[:3] == ("unknown", None, 4806)


@pytest.mark.parametrize(
    "rest",
    ["GET http://a.example/b d lee - text/html", "GET /b dee - text/html", "GET http://a.example/ dee x text/html"],
)
def test_without_a_result_all_columns_must_be_in_their_places(rest: str) -> None:
    parsed = _parse(f"1719234110.488 440 192.0.2.7 - 4806 {rest}")
    assert parsed.rejects["reason"].to_list() == ["bad-field"]


@pytest.mark.parametrize("header", ["", "<134>Sep  8 09:00:40 proxy (squid-1)[812]: "])
def test_what_another_proxy_asks_is_no_request(header: str) -> None:
    texts = [
        f"{header}1757318400.473      0 192.0.2.9 UDP_MISS/000 46 ICP_QUERY http://a.example/ - HIER_NONE/- -",
        f"{header}1757318400.474      0 192.0.2.9 UDP_HIT/000 46 HTCP_TST http://a.example/ - HIER_NONE/- -",
        f"{header}1757318400.475      0 192.0.2.9 TCP_HIT/200 46 GET http://a.example/ - HIER_NONE/- -",
    ]
    parsed = squid.FORMAT.parse(pl.DataFrame({"line": [1, 2, 3], "text": texts}, schema=LINES), Declared(), "")
    assert parsed.skips.rows() == [(1, "other-record"), (2, "other-record")]
    assert parsed.events["line"].to_list() == [3]


def test_a_time_in_whole_seconds_is_a_time() -> None:
    line = "1757318400      0 10.2.4.6 TCP_DENIED/403 3920 CONNECT games.example.com:443 - HIER_NONE/- text/html"
    assert squid.FORMAT.claims([line])
    cut = f"1757318399      9 10.2.4.7 TCP_MISS/200 504 GET http://a.example/{'x' * 90}{line}"
    parsed = squid.FORMAT.parse(pl.DataFrame({"line": [1, 2], "text": [line, cut]}, schema=LINES), Declared(), "")
    (event,) = parsed.events.rows(named=True)
    assert event["ts"].isoformat() == "2025-09-08T08:00:00+00:00"
    assert (event["client_ip"], event["status"], event["verdict"]) == ("10.2.4.6", 403, "blocked")
    assert parsed.rejects["reason"].to_list() == ["too-long"]
