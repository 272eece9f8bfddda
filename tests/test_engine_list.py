"""matomo's list of search engines becomes tables of ours; what is not understood is said, and never guessed."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tools.search_engines import ListError, entries, main, tables, written

LIST = """\
# a comment
'Finder: of all':
  -
    urls:
      - www.finder.example
      - '{}.finder.example'
      - 'finder-{}.example'
      - 'finder.{}'
      - finder.example/images
      - de.finder.example
    params:
      - q
      - 'search-for'
    backlink: 'find?q={k}'
    charsets:
      - windows-1250
Folders:
  - urls:
      - folders.example
    params:
      - '/\\/ws\\/(.*)/'
      - '/search\\/([^\\/]+)/'
      - '/\\/[^\\/]+\\/(.*)/'
Known:
  -
    urls:
      - 'google.{}'
      - android-app//x/y
    params:
      - q
Hidden:
  -
    urls:
      - hidden.example
    params: []
    hiddenkeyword:
      - '/.*/'
"""


def test_the_list_becomes_tables() -> None:
    made, left = tables(entries(LIST))
    read = tomllib.loads("\n".join(map(written, made)))["engine"]
    assert [each.get("hosts") for each in read] == [
        ["finder.example", "finder.*"],
        ["finder.example"],
        ["folders.example"],
    ]
    assert [each.get("path") for each in read] == [None, ["/images"], ["/ws/", "/search/"]]
    assert [each.get("parameter") for each in read] == [["q", "search-for"], ["q", "search-for"], None]
    assert [each.get("in_path") for each in read] == [None, None, True]
    assert read[1]["example"] == "https://finder.example/images?q=red+squirrel"
    told = "\n".join(left)
    assert "Finder: of all (line 3): finder-{}.example is no host." in told
    assert "de.finder.example lies below another" in told
    assert "Finder: of all (line 3): 'encoding windows-1250' is not understood." in told
    assert "Known (line 25): google.* is known already." in told
    assert "android-app//x/y is no host" in told
    assert "Hidden (line 32): it keeps its words out of the address." in told
    assert r"'/\\/[^\\/]+\\/(.*)/' is not understood" in told


@pytest.mark.parametrize(
    "text",
    ["  -\n", "A:\n  -\n      - x\n", "A:\n    urls:\n", "A:\n  -\n    other:\n", "A:\n  -\n    urls:\n    urls:\n",
     "A:\n  - [urls]\n", "A: {urls: [x]}\n", "A:\n\t-\n"],
)  # fmt: skip
def test_another_shape_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(ListError, match=r"^line \d"):
        entries(text)


def test_the_tables_are_printed_and_what_was_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "list.yml"
    path.write_text(LIST, "utf-8")
    assert main(path) == 0
    out, told = capsys.readouterr()
    assert len(tomllib.loads(out)["engine"]) == 3
    assert "3 tables taken, 7 things left out." in told
    path.write_text("{}", "utf-8")
    assert main(path) == 1
    assert "line 1" in capsys.readouterr().err
