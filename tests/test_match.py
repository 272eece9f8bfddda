"""What matches: whole words in any spelling, listed hosts and all below them, and the very characters that did."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import match
from pipeline.errors import WatchlistError
from pipeline.lists import longlists
from pipeline.match import check_examples, match_texts, match_values
from pipeline.matching.matcher import Matcher, compile_watchlists
from pipeline.matching.matchsites import match_hosts
from pipeline.settings.tomlplace import Place
from pipeline.text import fold_one, unescape, url_parts
from pipeline.watchlist import Category, DomainFile, DomainRule, TermFile, TextRule, Watchlist, Watchlists
from pipeline.words.sieve import holds_any
from pipeline.words.terms import Phrase, Spelt, is_short_form, spelt_out
from tests.effort import tries

_CATEGORY = Category(
    "made", "Made", "Made for tests.", "high", "conduct", "", "", "accidental", prevent=False, version="2026-01-01",
    source="Made for tests",
)  # fmt: skip

_FIELDS = ("typed_text", "search_text", "title", "path", "query", "host")


def rule(name: str, *terms: str, fields: tuple[str, ...] = _FIELDS, weight: float = 50, **more: Any) -> TextRule:
    contexts: dict[str, Any] = {
        key: tuple(Phrase(each) for each in more.get(key, ())) for key in ("unless", "lowers", "raises", "needs")
    }
    spelt = tuple(spelt_out(term, {}) if is_short_form(term) else Spelt(((Phrase(term),),)) for term in terms)
    return TextRule(
        name,
        "made",
        spelt,
        weight,
        fields,
        place=Place(Path("made.toml"), "[[rule]]", ("rule", 0)),
        **contexts,
        match=more.get("match", ()),
        no_match=more.get("no_match", ()),
    )


def sites(name: str, *names: str) -> DomainRule:
    return DomainRule(name, "made", names, 60, (), (), Place(Path("made.toml"), "", ()))


def compiled(*rules: TextRule | DomainRule, **files: Any) -> Matcher:
    texts = tuple(each for each in rules if isinstance(each, TextRule))
    domains = tuple(each for each in rules if isinstance(each, DomainRule))
    return compile_watchlists(Watchlists((Watchlist(_CATEGORY, texts, domains, Path("made.toml"), "sha"),), **files))


def found(matcher: Matcher, text: str, field: str = "search_text") -> list[tuple[str, str]]:
    """The rules that find something in a text, each with the characters that it found."""
    hits = match_texts(pl.DataFrame({"field": [field], "text": [text]}), matcher)
    return sorted((row["rule_id"], text[row["start"] : row["end"]]) for row in hits.iter_rows(named=True))


# ---------------------------------------------------------------- texts


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        ("blue lobster", "blue lobster"),
        ("a Blue  LOBSTER!", "Blue  LOBSTER"),
        ("blue-lobster", "blue-lobster"),
        ("the blue\nlobster's shell", "blue\nlobster"),
        ("ｂｌｕｅ ｌｏｂｓｔｅｒ", "ｂｌｕｅ ｌｏｂｓｔｅｒ"),
        ("b\u200blue lobst\u00ader", "b\u200blue lobst\u00ader"),
        ("blúe löbster", "blúe löbster"),
        ("日本 blue lobster 日本", "blue lobster"),
        ("blue lobster blue lobster", "blue lobster"),
    ],
)
def test_a_term_is_found_in_any_spelling_and_shown_as_written(text: str, characters: str) -> None:
    assert found(compiled(rule("r", "blue lobster")), text) == [("r", characters)]


@pytest.mark.parametrize("text", ["blue lobsters", "ablue lobster", "blue red lobster", "", " ", "lobster blue"])
def test_no_part_of_a_word_is_found(text: str) -> None:
    assert found(compiled(rule("r", "blue lobster")), text) == []


def test_every_owner_of_a_term_finds_it_and_the_longest_term_of_a_rule_is_shown() -> None:
    matcher = compiled(rule("one", "lobster", "blue lobster"), rule("two", "Lobster"), rule("three", "blue"))
    assert found(matcher, "a lobster and a blue lobster") == [
        ("one", "blue lobster"), ("three", "blue"), ("two", "lobster"),
    ]  # fmt: skip


def test_words_next_to_each_other_are_both_found() -> None:
    # They share the blank between them, which belongs to both.
    matcher = compiled(rule("one", "blue"), rule("two", "lobster"), rule("both", "blue lobster"))
    assert [name for name, _ in found(matcher, "blue lobster")] == ["both", "one", "two"]


def test_a_rule_keeps_to_its_fields() -> None:
    matcher = compiled(rule("typed", "lobster", fields=("typed_text",)), rule("all", "lobster"))
    assert found(matcher, "lobster", "typed_text") == [("all", "lobster"), ("typed", "lobster")]
    assert found(matcher, "lobster", "title") == [("all", "lobster")]


def test_contexts_cancel_lower_and_raise() -> None:
    matcher = compiled(
        rule("r", "lobster", weight=90, unless=("Rock Lobster",), lowers=("homework", "GCSE"), raises=("i want",))
    )

    def weight(text: str) -> list[float]:
        return match_texts(pl.DataFrame({"field": ["title"], "text": [text]}), matcher)["weight"].to_list()

    assert weight("lobster") == [90]
    assert weight("the song rock lobster and a lobster") == []
    assert weight("rocklobster lobster") == [90]
    assert weight("lobster homework gcse") == [36]
    assert weight("i want a lobster") == [100]
    assert weight("i want a lobster for homework") == [pytest.approx(46.8)]


def test_terms_that_fold_to_nothing_are_no_terms() -> None:
    assert found(compiled(rule("r", "!!!", "\u200b", "lobster")), "!!! lobster") == [("r", "lobster")]


def test_without_any_term_nothing_is_found(tmp_path: Path) -> None:
    empty = tmp_path / "none.txt"
    empty.write_text("# nothing yet\n", encoding="utf-8")
    for matcher in (compile_watchlists(Watchlists(())), compiled(sites("s", "example.org")),
                    compiled(term_files=(TermFile("list", "made", empty, 50),))):  # fmt: skip
        assert found(matcher, "lobster") == []
        values = {"url": pl.Series(["http://www.example.com/lobster"]), "title": pl.Series(["lobster"])}
        assert match_values(values, matcher).is_empty()


def test_other_columns_come_along_and_repeated_rows_too() -> None:
    texts = pl.DataFrame({"row": [1, 2, 3], "field": ["title"] * 3, "text": ["lobster", "crane", "lobster"]})
    assert match_texts(texts, compiled(rule("r", "lobster")))["row"].to_list() == [1, 3]


_PIECES = st.sampled_from(
    ["blue", "lobster", "Blue", "ＬＯＢＳＴＥＲ", "lo\u200bbster", "lóbster", "crane", " ", "-", "%20", "+", "/", "?",
     "&", "=", "q=", "#", "%C3%A9", "%E9", "%FF", "%25", "%2520", "ß", "日", "é", "s", "\x1b", "%00"]
)  # fmt: skip


@settings(max_examples=tries(150))
@given(st.lists(st.lists(_PIECES, max_size=8).map("".join), min_size=1, max_size=4))
def test_the_sieve_keeps_every_text_that_matches(texts: list[str]) -> None:
    matcher = compiled(rule("one", "blue lobster", "crane"), rule("two", "lobster s"))
    table = pl.DataFrame({"field": ["title"] * len(texts), "text": texts})
    slow = match_texts(table, matcher)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(match, "_FEW", -1)
        assert sorted(match_texts(table, matcher).rows()) == sorted(slow.rows())
    for row in slow.filter(view="words").iter_rows(named=True):
        words = fold_one(row["text"][row["start"] : row["end"]])[0].strip()
        assert words in {"blue lobster", "crane", "lobster s"}


#: Two rules of words that are met anywhere: what stands beside them decides what is worth a look.
_EVERYDAY: Final = (
    rule("three", "html ... (youtube|lobster)", "(use|lobster) ... (people|kms)"),
    rule("four", "login", "kms now", needs=("his crane", "people")),
    rule("five", "html"),
)
_ANYWHERE = st.sampled_from([
    "html", "h7ml", "youtube", "y0utube", "lobster", "l0bster", "use", "people", "pe0ple", "kms", "km5", "now", "n0w",
    "login", "log1n", "his crane", "h1s cr4ne", "crane", "hmtl", "epople", "youtueb", "-", "%20", "1",
])  # fmt: skip


@pytest.mark.parametrize("rules", [_EVERYDAY[:2], _EVERYDAY])
@settings(max_examples=tries(300))
@given(texts=st.lists(st.lists(_ANYWHERE, max_size=6).map(" ".join), min_size=1, max_size=6))
def test_the_sieve_keeps_what_words_that_are_met_anywhere_make(rules: tuple[TextRule, ...], texts: list[str]) -> None:
    matcher = compiled(*rules)
    table = pl.DataFrame({"field": ["title"] * len(texts), "text": texts})
    slow = match_texts(table, matcher)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(match, "_FEW", -1)
        assert sorted(match_texts(table, matcher).rows()) == sorted(slow.rows())


def test_words_that_are_met_anywhere_are_worth_no_look_alone() -> None:
    phrases = compiled(*_EVERYDAY[:2]).phrases
    texts = ["an html page", "people use it", "login here", "html on youtube", "login to his crane", "y0utube in h7ml"]
    assert holds_any(pl.Series(texts), phrases).to_list() == [False, True, False, True, True, True]
    # A rule of one such word alone has nothing else to go by.
    assert holds_any(pl.Series(texts[:3]), compiled(*_EVERYDAY).phrases).to_list() == [True, True, False]


@pytest.fixture(scope="module")
def lobsters() -> Matcher:
    return compiled(rule("one", "blue lobster", "crane"), rule("two", "lobster s"), sites("three", "lobster.example"))


@settings(max_examples=tries(80))
@given(st.lists(_PIECES, max_size=8).map("".join), st.sampled_from(["http://www.example.org/", "https://www.google.com/search?q=",
       "www.example.org:443", "http://blue.lobster.example/x?y="]))  # fmt: skip
def test_addresses_are_matched_as_their_parts_are(lobsters: Matcher, tail: str, start: str) -> None:
    urls = pl.Series([start + tail])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(match, "_FEW_URLS", 0)
        quick = match_values({"url": urls}, lobsters)
    # So few are not sieved.
    assert sorted(match_values({"url": urls}, lobsters).rows()) == sorted(quick.rows())
    for row in quick.filter(view="words").iter_rows(named=True):
        assert fold_one(row["text"][row["start"] : row["end"]])[0] in {" blue lobster ", " crane ", " lobster s "}


def test_one_bad_escape_hides_no_word_beside_it() -> None:
    matcher = compiled(rule("r", "blue lobster"))
    for url in (
        "http://www.google.com/search?q=blue+l%C3%B3bster&x=%FF",
        "http://www.example.org/bl%C3%BAe-lobster?%E9",
    ):
        assert match_values({"url": pl.Series([url])}, matcher)["rule_id"].to_list() == ["r"]


def test_a_search_is_its_words_and_no_query() -> None:
    matcher = compiled(rule("r", "blue lobster"))
    url = "https://www.google.com/search?q=blue%20lobster&oq=blue+lobster"
    (hit,) = match_values({"url": pl.Series([url])}, matcher).to_dicts()
    assert (hit["column"], hit["value"], hit["field"], hit["text"]) == ("url", url, "search_text", "blue lobster")


def test_each_column_is_looked_through() -> None:
    matcher = compiled(rule("r", "lobster", fields=(*_FIELDS, "vendor_category")), sites("s", "lobster.example"))
    values = {name: pl.Series(["a lobster"]) for name in ("typed_text", "title", "vendor_category")}
    values["host"] = pl.Series(["www.lobster.example"])
    hits = match_values(values, matcher)
    assert sorted(hits.select("column", "field", "rule_id").rows()) == [
        ("host", "host", "r"), ("host", "host", "s"), ("title", "title", "r"), ("typed_text", "typed_text", "r"),
        ("vendor_category", "vendor_category", "r"),
    ]  # fmt: skip
    empty = {name: pl.Series([], dtype=pl.String) for name in values}
    assert match_values(empty, matcher).is_empty()
    assert match_values({}, matcher).is_empty()


# ---------------------------------------------------------------- hosts


def listed(matcher: Matcher, *hosts: str) -> dict[str, str]:
    """Host -> the part of it that is on a list."""
    hits = match_hosts(pl.Series(hosts, dtype=pl.String), matcher)
    assert hits["end"].to_list() == [len(host) for host in hits["host"]]
    return {row["host"]: row["host"][row["start"] :] for row in hits.iter_rows(named=True)}


def test_a_listed_name_is_itself_and_all_below_it() -> None:
    matcher = compiled(sites("s", "example.org", "deep.sub.example.com"))
    hosts = ("example.org", "www.example.org", "a.b.example.org", "notexample.org", "example.org.evil.test", "org",
             "sub.example.com", "very.deep.sub.example.com", "", "..", "192.0.2.7", "2001:db8::1")  # fmt: skip
    assert listed(matcher, *hosts) == {
        "example.org": "example.org", "www.example.org": "example.org", "a.b.example.org": "example.org",
        "very.deep.sub.example.com": "deep.sub.example.com",
    }  # fmt: skip


def test_the_most_exact_name_of_a_rule_is_shown_once() -> None:
    matcher = compiled(sites("s", "example.org", "www.example.org"), sites("t", "example.org"))
    hits = match_hosts(pl.Series(["www.example.org"]), matcher)
    assert hits.select("rule_id", "start").rows() == [("s", 0), ("t", 4)]


def test_a_host_without_end_costs_no_more_than_any_other() -> None:
    host = "a." * 400_000 + "example.org"
    matcher = compiled(sites("s", "example.org"))
    assert match_hosts(pl.Series([host]), matcher)["rule_id"].to_list() == ["s"]


def test_long_lists_of_the_schools_own(tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_bytes(
        b"\xef\xbb\xbf# ours\r\n\r\nOne.Example\r\n*.two.example\r\n.three.example\r\n four.example. \r\none.example"
    )
    words = tmp_path / "words.txt"
    words.write_bytes(b"\xef\xbb\xbf# ours\n\nBlue Lobster\r\ncrane\ncrane\n")
    matcher = compiled(
        domain_files=(DomainFile("list.names", "made", names, 30),),
        term_files=(TermFile("list.words", "made", words, 40),),
    )
    hosts = ("one.example", "www.two.example", "three.example", "x.four.example", "five.example")
    assert set(listed(matcher, *hosts)) == set(hosts[:4])
    assert found(matcher, "a blue lobster", "typed_text") == [("list.words", "blue lobster")]
    hit = match_hosts(pl.Series(["one.example"]), matcher).to_dicts()[0]
    assert hit["watchlist_sha256"] == hashlib.sha256(names.read_bytes()).hexdigest()
    assert match_hosts(pl.Series(["one.example"]), matcher, long_lists=False).is_empty()


@pytest.mark.parametrize("kind", ["domain_files", "term_files"])
def test_a_list_that_is_no_text_is_refused_before_anything_is_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(b"one.example\n" * 200_000 + b"two\xff\n")
    made: Any = DomainFile if kind == "domain_files" else TermFile
    with pytest.raises(WatchlistError, match=r"list\.txt:200001: is not UTF-8 text\. Save it as UTF-8\."):
        compiled(**{kind: (made("list", "made", path, 30),)})
    path.unlink()
    with pytest.raises(WatchlistError, match="this list is not there"):
        compiled(**{kind: (made("list", "made", path, 30),)})
    path.write_bytes(b"")
    assert longlists.sites(path).collect().is_empty()


# ---------------------------------------------------------------- examples


def test_a_rule_must_do_what_its_own_examples_say() -> None:
    good = rule("good", "lobster", match=("a lobster",), no_match=("a crane",))
    _checked(good)
    with pytest.raises(WatchlistError, match=r"made\.toml:1: rule 'bad' misses its own example 'a crane'"):
        _checked(good, rule("bad", "lobster", match=("a crane",)))
    with pytest.raises(WatchlistError, match=r"rule 'bad' finds 'a lobster'"):
        _checked(rule("bad", "lobster", no_match=("a lobster",)))
    place = Place(Path("made.toml"), "\n" * 6 + "[[domains]]", ("domains", 0))
    bad_site = DomainRule("bad", "made", ("example.org",), 60, ("example.com",), (), place)
    with pytest.raises(WatchlistError, match=r"made\.toml:7: rule 'bad' misses its own example 'example\.com'"):
        _checked(bad_site)


def _checked(*rules: TextRule | DomainRule) -> None:
    texts = tuple(each for each in rules if isinstance(each, TextRule))
    domains = tuple(each for each in rules if isinstance(each, DomainRule))
    lists = Watchlists((Watchlist(_CATEGORY, texts, domains, Path("made.toml"), "sha"),))
    check_examples(lists, compile_watchlists(lists))


def test_the_text_of_a_part_is_what_a_person_would_read() -> None:
    parts = url_parts(pl.Series(["http://www.example.org/a%20b?c+d"]))
    assert unescape(parts["path"]).to_list() == ["/a b"]


def test_a_host_of_its_own_is_found_however_it_is_written() -> None:
    names = ["WWW.Lobster.Example", "lobster.example.", "notlobster.example", "."]
    hits = match_values({"host": pl.Series(names)}, compiled(sites("s", "lobster.example")))
    assert sorted(hits.select("value", "text").rows()) == [
        ("WWW.Lobster.Example", "www.lobster.example"), ("lobster.example.", "lobster.example"),
    ]  # fmt: skip


@pytest.mark.parametrize("host", ["www.l\u043ebster.example", "www.xn--lbster-wqf.example"])
def test_a_host_that_only_looks_like_a_listed_one_is_found_and_shown_whole(host: str) -> None:
    matcher = compiled(sites("s", "lobster.example"), rule("r", "lobster"))
    for column, value in (("host", host), ("url", f"https://{host}/page")):
        hits = match_values({column: pl.Series([value])}, matcher)
        assert sorted(hits.select("rule_id", "field", "view", "text").rows()) == [
            ("r", "host", "look-alikes", host), ("s", "host", "look-alikes", host),
        ]  # fmt: skip
        assert hits.filter(rule_id="s").select("start", "end").rows() == [(0, len(host))]
    plain = match_values({"host": pl.Series(["www.lobster.example"])}, matcher)
    assert sorted(plain["view"]) == ["suffix", "words"]


@pytest.mark.parametrize(
    ("url", "field", "shown"),
    [
        (
            "https://www.google.com/url?sa=t&q=https%3A%2F%2Fwww.lobsters.example%2Fowls",
            "query",
            "www.lobsters.example",
        ),
        ("https://www-lobsters-example.translate.goog/owls?_x_tr_sl=en", "query", "_x_tr_sl=en"),
        ("https://web.archive.org/web/2024/https://lobsters.example/a", "path", "lobsters.example"),
        ("https://www.google.com/url?q=https%3A%2F%2Fwww.example.org%2F", None, ""),
        ("https://www.google-analytics.com/collect?url=https%3A%2F%2Fwww.lobsters.example%2F", None, ""),
    ],
)
def test_a_site_is_found_where_an_address_leads_to_it(url: str, field: str | None, shown: str) -> None:
    matcher = compiled(sites("s", "lobsters.example"))
    hits = match_values({"url": pl.Series([url, "https://www.example.net/"])}, matcher)
    found = [(row["field"], row["text"][row["start"] : row["end"]], row["view"]) for row in hits.iter_rows(named=True)]
    assert found == ([(field, shown, "led-to")] if field else [])
