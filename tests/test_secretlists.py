"""A secret list finds what is on it in any spelling, and nothing that a person may open says what that was."""

from __future__ import annotations

import hashlib
import hmac
import sqlite3
from pathlib import Path
from urllib.parse import quote

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import lake
from pipeline.config import load_settings
from pipeline.errors import ConfigError, EsafetyError, WatchlistError
from pipeline.lists.secretlists import SecretFile, SecretList, host_forms, listed_hosts, listed_urls, ready, url_forms
from pipeline.rules import load_rules
from pipeline.schema import DRAFTS
from tests.effort import tries
from tests.made_night import NIGHT, School, search, squid

_KEY = bytes(range(32))
#: Made for this test; nothing is there.
_HOST, _PATH = "hidden-place.example.org", "/Gallery/one.html"


def made(folder: Path, *forms: str, key: bytes | None = None, more: str = "") -> SecretFile:
    """A list of these forms."""
    digests = [
        hashlib.sha256(form.encode()) if key is None else hmac.new(key, form.encode(), "sha256") for form in forms
    ]
    path = folder / "list.txt"
    path.write_text("# a licensed list\n\n" + more + "".join(f"{each.hexdigest()}\n" for each in digests), "utf-8")
    if key is None:
        return SecretFile("secret.list", "illegal", path, "sha256", None, 100)
    (folder / "key").write_text(key.hex(), "utf-8")
    (folder / "key").chmod(0o600)
    return SecretFile("secret.list", "illegal", path, "hmac-sha256", folder / "key", 100)


def test_the_forms_of_an_address() -> None:
    assert host_forms("WWW.Sub.Example.co.uk.") == ("www.sub.example.co.uk", "sub.example.co.uk", "example.co.uk")
    assert host_forms("192.0.2.7") == ("192.0.2.7",)
    assert host_forms("Bücher.example") == ("xn--bcher-kva.example",)
    assert list(url_forms("www.example.org", "/a/b.html", "q=%7e%2f")) == [
        "www.example.org/a/b.html?q=~%2F", "www.example.org/a/b.html", "www.example.org/", "www.example.org/a/",
        "example.org/a/b.html?q=~%2F", "example.org/a/b.html", "example.org/", "example.org/a/",
    ]  # fmt: skip
    assert list(url_forms("example.org", "", None)) == ["example.org/"]
    assert next(url_forms("example.org", "/a//./b/../c/", None)) == "example.org/a/c/"


@pytest.mark.parametrize("key", [None, _KEY])
@pytest.mark.parametrize(
    ("listed", "url", "is_found"),
    [
        ("example.org", "https://user@www.EXAMPLE.org:8080/any?x", True),
        ("example.org", "www.example.org:443", True),
        ("example.org", "https://notexample.org/", False),
        ("www.example.org", "https://example.org/", False),
        ("example.org/a/", "http://www.example.org/a/b/c.html?q=1", True),
        ("example.org/a/", "http://example.org/a", False),
        ("example.org/a", "http://example.org/a#top", True),
        ("example.org/a", "http://example.org/A", False),
        ("example.org/a?q=1", "http://example.org/%61?q=%31", True),
        ("example.org/a?q=1", "http://example.org/a?q=2", False),
        ("example.org/a", "http://example.org/a?q=2", True),
    ],
)
def test_an_address_is_found_in_any_spelling(
    tmp_path: Path, key: bytes | None, listed: str, url: str, *, is_found: bool
) -> None:
    secret = ready(made(tmp_path, listed, key=key))
    assert (listed_urls(pl.Series([url, "https://www.example.net/"]), secret).to_list() == [url]) == is_found
    assert not secret.doubts


@settings(max_examples=tries(200))
@given(st.lists(st.text(max_size=40), max_size=5))
def test_whatever_a_log_holds_is_survived(texts: list[str]) -> None:
    every = frozenset([hashlib.sha256(b"example.org").digest()])
    secret = SecretList(every, lambda form: hashlib.sha256(form.encode()).digest(), "", ())
    assert listed_urls(pl.Series(texts, dtype=pl.String).unique(), secret).is_empty()
    assert listed_hosts(pl.Series(texts, dtype=pl.String).unique(), secret).is_empty()


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "there is no hash in it."), ("# nothing\nabc\n", "there is no hash in it."), ("\0\xff", "no hash in it")],
)
def test_a_list_that_would_find_nothing_stops_the_run(tmp_path: Path, content: str, said: str) -> None:
    file = made(tmp_path, "example.org")
    file.path.write_text(content, "utf-8")
    with pytest.raises(WatchlistError, match=said):
        ready(file)


def test_lines_that_are_no_hash_are_told_and_a_key_is_kept_safe(tmp_path: Path) -> None:
    file = made(tmp_path, "example.org", key=_KEY, more="https://example.org/\nabc\n")
    assert file.key_file is not None
    file.key_file.chmod(0o644)
    doubts = ready(file).doubts
    assert [each.partition(": ")[2] for each in doubts] == [
        "2 lines are (lines 3, 4) no hash and left out.", "others may read this key; chmod 600."
    ]  # fmt: skip
    for bad, said in (("abcd", "fewer than 16 bytes"), ("key!", "is no key")):
        file.key_file.write_text(bad, "utf-8")
        with pytest.raises(WatchlistError, match=said):
            ready(file)


_HASHED = '[[watchlists.hashed]]\nfile = "list.txt"\ncategory = "secret"\nkind = "hmac-sha256"\nkey_file = "key"\n'


@pytest.fixture
def school(tmp_path: Path) -> School:
    place = School(tmp_path).made()
    text = (place.folder / "lists" / "lobsters.toml").read_text("utf-8").replace("lobsters", "secret")
    text = text.replace('route = "pupil-victim"', 'route = "illegal"').replace("blue lobster", "green walrus")
    (place.folder / "lists" / "secret.toml").write_text(text, "utf-8")
    made(tmp_path, f"{_HOST}{_PATH}", key=_KEY)
    return place


def configured(school: School, hashed: str = _HASHED) -> School:
    text = school.config.read_text("utf-8")
    at = text.index("[[source]]")
    school.config.write_text(f"{text[:at]}{hashed}{text[at:]}", "utf-8")
    return school


def test_a_hit_is_drafted_and_nothing_that_a_person_opens_says_of_what(school: School) -> None:
    url = f"https://{_HOST}{_PATH}"
    # Before and after, and by the same user: what another draft would show around it.
    school.log(
        "access.log",
        squid(0, search("blue lobster")) + squid(60, url) + squid(61, url.upper().replace("HTTPS", "https"))
        + squid(120, search("green walrus")) + squid(9000, search("paper crane")) + squid(9400, url)
        + squid(9001, url, "b.example", client="10.0.0.9") + squid(9002, search("paper crane"), "b.example"),
    )  # fmt: skip
    record = configured(school).night()
    assert not record.issues
    drafts = lake.read_days(school.lake, "drafts", DRAFTS)
    secret = drafts.filter(pl.col("categories").list.contains("secret"))
    assert secret["level"].unique().to_list() == ["urgent"]
    assert secret["route"].unique().to_list() == ["illegal"]
    assert {"an address on a statutory list"} <= set(secret["reasons"].explode())
    assert secret["hits"].explode().struct.field("rule_id").is_in(["secret.list"]).any()
    seen = [path for path in school.folder.rglob("*") if path.is_file() and is_shown(school, path)]
    assert len(seen) > 5
    for path in seen:
        content = text_of(path)
        for said in (_HOST, "hidden-place", "Gallery", quote(url, safe=""), url):
            assert said.lower() not in content.lower(), path


def is_shown(school: School, path: Path) -> bool:
    """All that the night wrote, but for the lake: that is the log itself."""
    return not path.is_relative_to(school.store / "lake") and not path.is_relative_to(school.folder / "logs")


def text_of(path: Path) -> str:
    """Whatever a file says."""
    if path.suffix == ".parquet":
        return str(pl.read_parquet(path).to_dicts())
    if path.suffix in (".sqlite", ".db"):
        with sqlite3.connect(path) as connection:
            return "\n".join(connection.iterdump())
    return path.read_bytes().decode("utf-8", "replace")


def test_a_secret_list_belongs_to_a_category_of_which_nothing_is_shown(school: School) -> None:
    configured(school, _HASHED.replace('"secret"', '"cranes"'))
    with pytest.raises(EsafetyError, match=r"'cranes', whose addresses may be shown\. Choose one of secret\."):
        load_rules(load_settings(school.config))


@pytest.mark.parametrize(
    ("hashed", "said"),
    [
        (_HASHED.replace('"key"', '"no key"'), "no key is not there"),
        (_HASHED.replace('kind = "hmac-sha256"\n', ""), 'a list of the kind "hmac-sha256" has a key_file'),
        (_HASHED.replace('key_file = "key"\n', ""), 'a list of the kind "hmac-sha256" has a key_file'),
        (_HASHED.replace("hmac-sha256", "md5"), "kind: input should be 'sha256' or 'hmac-sha256'"),
    ],
)
def test_a_mistake_is_named(school: School, hashed: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load_settings(configured(school, hashed).config)


def test_without_the_list_the_night_does_not_run(school: School) -> None:
    configured(school)
    (school.folder / "list.txt").write_text("", "utf-8")
    school.log("access.log", squid())
    with pytest.raises(WatchlistError, match="there is no hash in it"):
        school.night(NIGHT)
    assert not (school.store / "lake").exists() or not list((school.store / "lake").iterdir())
