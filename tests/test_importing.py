"""Block lists become lists of the school's own: nothing is lost, nothing is widened, and what is listed is found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from cli import main
from pipeline.blocklists.importing import Imported, import_list
from pipeline.blocklists.importreport import as_data, as_lines
from pipeline.blocklists.importwriting import Request
from pipeline.errors import EsafetyError
from pipeline.listsyntax import registry
from pipeline.match import check_examples
from pipeline.matching.matcher import compile_watchlists
from pipeline.matching.watchfolders import load, shipped
from tests.effort import tries

SCHOOL = """
[school]
name = "Example Park"
[[source]]
name = "filter"
files = ["logs/*.log"]
[watchlists]
shipped = true
"""


RULE = """
[[rule]]
id = "gambling-made"
weight = 30
terms = ["walrus bingo"]
match = ["walrus bingo"]
no_match = ["walrus"]
"""


def write(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def imported(source: Path, **more: Any) -> Imported:
    return import_list(Request(source, more.pop("category", "gambling"), source.parent / "our-watchlists", **more))


def command(*words: str) -> Result:
    return CliRunner().invoke(main, ["watchlist", "import", *words])


def kept(path: Path) -> list[str]:
    """The lines of a list that was written, without its heading."""
    return path.read_text(encoding="utf-8").splitlines()[1:]


def totals(result: Imported) -> tuple[int, int, int, int]:
    data = as_data(result)
    assert data["lines"] == data["taken"] + data["skipped"] + data["passed"] + data["duplicates"]
    return data["taken"], data["skipped"], data["passed"], data["duplicates"]


# ---------------------------------------------------------------- from one list to the other


def test_a_folder_of_squidguard(tmp_path: Path) -> None:
    folder = tmp_path / "ut1" / "casino"
    write(folder / "domains", "bet.example", "192.0.2.7", "bet.example", "no host", "# comment")
    write(folder / "urls", "games.example/casino", "http://www.games.example/poker/")
    write(folder / "expressions", "(casino|poker)[0-9]+")
    write(folder / "usage", "black")
    result = imported(folder, name="casino")
    assert totals(result) == (4, 2, 1, 1)
    assert kept(result.written[0]) == ["bet.example", "=192.0.2.7", "=games.example/casino*", "=games.example/poker*"]
    skipped = [(row["line"], row["reason"], row["text"]) for row in result.skips.iter_rows(named=True)]
    assert skipped == [(4, "this is no host name", "no host"), (1, "a regular expression", "(casino|poker)[0-9]+")]
    assert result.needs_attention


def test_words_become_rules_with_their_weights(tmp_path: Path) -> None:
    lines = [
        "< giant lobster ><150>",
        "< blue lobster ><25>",
        "< Red-Lobster >",
        "<lobster>",
        "< lobst>",
        "<obster >",
        "< lob>",
        "<ster >",
        "<blue lob>",
        "<a>,<b>",
        "<bake>,< boil >,< red-kettle><40>",
        "< good ><-20>",
        "< c++ >",
    ]
    result = imported(write(tmp_path / "phrases", *lines), name="sea")
    assert totals(result) == (7, 6, 0, 0)
    assert sorted(result.skips["reason"]) == [
        "a part of a word of fewer than 4 letters, which stands in too many others",
        "a part of a word of fewer than 5 letters, which stands in too many others",
        "a part of a word of fewer than 6 letters, which stands in too many others",
        "a part of a word of fewer than 6 letters, which stands in too many others",
        "holds signs, of which only - and ' within a word are compared",
        "makes a page harmless (a weight below 0)",
    ]
    text = result.written[0].read_text(encoding="utf-8")
    assert result.written[0].relative_to(tmp_path).as_posix() == "our-watchlists/sea/gambling.toml"
    assert [each for each in ('"blue lobster"', '"*lobster*"', '"lobst*"', '"*obster"') if each not in text] == []
    weights = [line for line in text.splitlines() if line.startswith("weight")]
    assert weights == ["weight = 60", "weight = 25", "weight = 30", "weight = 40"]
    assert '"*bake* & boil & red kettle*"' in text
    assert '"red lobster"' in text


def test_one_weight_for_all_takes_the_place_of_the_lists_own(tmp_path: Path) -> None:
    result = imported(write(tmp_path / "phrases", "< blue lobster ><25>", "< red lobster ><50>"), weight=45.0)
    assert result.written[0].read_text(encoding="utf-8").count("weight = 45") == 1


def test_a_list_that_includes_others_is_read_with_them(tmp_path: Path) -> None:
    top = write(
        tmp_path / "lists" / "bannedphraselist", "# words", ".Include</etc/e2guardian/lists/more/banned>",
        ".Include</elsewhere/missing>", ".Include<../../outside>",
    )  # fmt: skip
    write(tmp_path / "lists" / "more" / "banned", "< lobster >", ".Include</lists/bannedphraselist>")
    write(tmp_path / "outside", "< secret >")
    result = imported(top, name="sea")
    assert [each.path.name for each in result.files] == ["bannedphraselist", "banned"]
    assert totals(result) == (1, 2, 3, 0)
    assert result.skips["line"].to_list() == [3, 4]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_a_list_is_read_in_the_encoding_that_it_has(tmp_path: Path, encoding: str) -> None:
    source = tmp_path / "list.txt"
    source.write_bytes("# Bücher\r\nbücher.example\r\n\r\ntwo.example".encode(encoding))
    result = imported(source)
    assert kept(result.written[0]) == ["xn--bcher-kva.example", "two.example"]
    assert any("read as latin-1" in note for note in result.notes) == (encoding == "latin-1")
    assert totals(result) == (2, 0, 2, 0)


def test_words_whose_letters_were_guessed_are_told_of(tmp_path: Path) -> None:
    source = tmp_path / "words"
    source.write_bytes("< омар >\n".encode("windows-1251"))
    assert "latin-1" in imported(source).notes[0]
    source.write_bytes("# омар\n< lobster >\n".encode("windows-1251"))
    assert not imported(source).notes


def test_a_link_is_followed_even_where_it_was_unpacked_as_text(tmp_path: Path) -> None:
    write(tmp_path / "drogue" / "domains", "weed.example")
    (tmp_path / "drugs").write_text("drogue", encoding="utf-8")
    result = imported(tmp_path / "drugs", category="drugs", name="drugs")
    assert kept(result.written[0]) == ["weed.example"]
    assert result.notes == ("drugs is another name of drogue.",)


def test_a_list_of_what_is_allowed_is_told_of(tmp_path: Path) -> None:
    write(tmp_path / "update" / "domains", "update.example")
    write(tmp_path / "update" / "usage", "white")
    assert "allowed" in imported(tmp_path / "update").notes[0]


def test_an_import_of_the_same_list_replaces_the_earlier_one(tmp_path: Path) -> None:
    source = write(tmp_path / "list.txt", "one.example")
    first = imported(source)
    write(source, "two.example")
    assert imported(source).written == first.written
    assert kept(first.written[0]) == ["two.example"]


@pytest.mark.parametrize("content", ["by-hand.example\n", "# Imported by esafety from elsewhere/list, as drugs.\n"])
def test_nothing_else_is_written_over(tmp_path: Path, content: str) -> None:
    source = write(tmp_path / "list.txt", "one.example")
    mine = tmp_path / "our-watchlists" / "list-import.txt"
    mine.parent.mkdir()
    mine.write_text(content, encoding="utf-8")
    with pytest.raises(EsafetyError, match="not written over"):
        imported(source, name="list-import")
    assert mine.read_text(encoding="utf-8") == content


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"category": "gambing"}, "there is no category 'gambing'"),
        ({"form": "exel"}, "there is no format 'exel'"),
        ({"name": "../../etc"}, "cannot be the name"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_written(tmp_path: Path, more: dict[str, Any], says: str) -> None:
    source = write(tmp_path / "list.txt", "one.example")
    with pytest.raises(EsafetyError, match=says):
        imported(source, **more)
    assert not (tmp_path / "our-watchlists").exists()


def test_a_folder_of_categories_names_them(tmp_path: Path) -> None:
    write(tmp_path / "lists" / "casino" / "domains", "bet.example")
    write(tmp_path / "lists" / "drogue" / "domains", "weed.example")
    with pytest.raises(EsafetyError, match="casino, drogue"):
        imported(tmp_path / "lists")


def test_a_file_that_could_be_two_things_is_asked_about(tmp_path: Path) -> None:
    source = write(tmp_path / "list.txt", "||bad.example^", "address=/worse.example/")
    with pytest.raises(EsafetyError, match="adblock or dnsmasq"):
        imported(source)
    assert totals(imported(source, form="adblock")) == (1, 1, 0, 0)


def test_an_account_shows_the_first_lines_and_counts_the_rest(tmp_path: Path) -> None:
    result = imported(write(tmp_path / "urls", *["/no/host"] * 50))
    lines = as_lines(result)
    assert sum("urls:" in line and "not taken" in line for line in lines) == 20
    assert any("and 30 more" in line for line in lines)


# ---------------------------------------------------------------- whatever there is


@settings(max_examples=tries(150))
@given(content=st.binary(max_size=300), form=st.sampled_from(["auto", *registry()]))
def test_any_bytes_are_accounted_for_line_by_line(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, form: str
) -> None:
    folder = tmp_path_factory.mktemp("list")
    source = folder / "list.txt"
    source.write_bytes(content)
    try:
        result = imported(source, form=form)
    except EsafetyError as error:
        assert "could be" in str(error)  # noqa: PT017 - any other failure is a fault
        return
    totals(result)


_WORDS = st.text(alphabet="abé'- ß1İǰك日́", min_size=1, max_size=12)
_AROUND = st.sampled_from([" ", ""])


@settings(max_examples=tries(20))
@given(phrases=st.lists(st.tuples(_AROUND, _WORDS, _AROUND).map("".join), min_size=1, max_size=5))
def test_whatever_phrases_are_taken_the_rules_can_be_used(
    tmp_path_factory: pytest.TempPathFactory, phrases: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("list")
    source = write(folder / "phrases", *(f"<{phrase}><{at}>" for at, phrase in enumerate(phrases)))
    result = imported(source, form="e2guardian_phrases")
    if result.written:
        # Of ours, what defines the category: to compile all of it each time would take minutes.
        own = folder / "own"
        own.mkdir()
        for name in ("gambling.toml", "words.toml"):
            (own / name).write_bytes((shipped() / name).read_bytes())
        lists = load([own, result.written[0].parent])
        check_examples(lists, compile_watchlists(lists))


# ---------------------------------------------------------------- on the command line


def test_a_listed_site_is_flagged_and_its_like_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "bl" / "casino" / "domains", "luckyseal.example")
    write(tmp_path / "bl" / "casino" / "urls", "games.example/slots")
    done = command("bl/casino", "--as", "gambling", "--name", "casino", "--weight", "40")
    assert done.exit_code == 0
    write(tmp_path / "sea", "< walrus roulette ><50>")
    phrases = command("sea", "--as", "gambling")
    assert phrases.exit_code == 0
    tables = done.stdout.partition("starts from its folder"[6:])[2].split("\n\n", 1)[1]
    folders = 'folders = ["our-watchlists/sea-import"]\n'
    assert folders.strip() in phrases.stdout
    # Of the shipped lists one alone: all of them take seconds to be made ready.
    category = (shipped() / "gambling.toml").read_text("utf-8").partition("[[rule]]")[0]
    write(tmp_path / "ours" / "gambling.toml", category + RULE)
    school = f"{SCHOOL}{folders}{tables}".replace("shipped = true", "shipped = false").replace(
        '["our-', '["ours", "our-'
    )
    (tmp_path / "school.toml").write_text(school, encoding="utf-8")
    texts = {
        "http://luckyseal.example/": True,
        "https://www.luckyseal.example/x": True,
        "https://notluckyseal.example/": False,
        "https://luckyseal.example.org/": False,
        "http://www.games.example/slots/1": True,
        "http://games.example/chess": False,
    }
    rows = [{"id": url, "kind": "url", "url": url} for url in texts]
    rows += [{"id": text, "kind": "search", "text": text} for text in ("walrus roulette", "walrus roulettes")]
    write(tmp_path / "rows.jsonl", *map(json.dumps, rows))
    flagged = CliRunner().invoke(main, ["flag", "rows.jsonl", "--config", "school.toml"])
    assert flagged.exit_code == 0, flagged.stderr
    answers = [json.loads(line) for line in flagged.stdout.splitlines()]
    found = {each["id"]: "gambling" in each["categories"] for each in answers}
    assert found == {**texts, "walrus roulette": True, "walrus roulettes": found["walrus roulettes"]}
    assert [hit["rule"] for hit in answers[0]["hits"]] == ["list.casino"]
    assert [hit["rule"] for hit in answers[6]["hits"] if hit["rule"].startswith("sea")] == ["sea-import-50"]
    assert not [hit for hit in answers[7]["hits"] if hit["rule"].startswith("sea")]


def test_the_exit_code_says_whether_to_look_and_the_report_has_every_line(tmp_path: Path) -> None:
    source = write(tmp_path / "list.txt", "||bad.example^", "bad.example##.advert", "||worse.example^$popup")
    output, report = str(tmp_path / "ours"), tmp_path / "report.jsonl"
    done = command(str(source), "--as", "gambling", "--output", output, "--report", str(report), "--json")
    assert done.exit_code == 2
    data = json.loads(done.stdout)
    assert (data["lines"], data["taken"], data["skipped"]) == (3, 1, 2)
    rows = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()]
    assert [(row["line"], row["reason"]) for row in rows] == [
        (2, "a rule that hides parts of pages"),
        (3, "a rule with conditions ($)"),
    ]
    assert command(str(source), "--as", "nothing", "--output", output).exit_code == 1
    assert command(str(tmp_path / "missing"), "--as", "gambling").exit_code == 1


def test_no_line_can_steer_a_terminal(tmp_path: Path) -> None:
    source = write(tmp_path / "list.txt", "good.example", "bad\x1b[31m example")
    done = command(str(source), "--as", "gambling", "--output", str(tmp_path / "ours"))
    assert "\x1b" not in done.stdout
