"""Which misspellings of our words are words themselves, and must not be put right.

In: a dictionary, one word a line (Debian's `wbritish` installs /usr/share/dict/british-english), and the shipped
watchlists. Out: pipeline/spelling/ordinary_words.txt, to be made anew when terms have been added. Nothing of the
dictionary is kept but the few words that a misspelling could be taken for. Refuses a dictionary that is not there.

    python tools/ordinary_words.py /usr/share/dict/british-english
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pipeline.matching import watchfolders
from pipeline.matching.matcher import compile_watchlists
from pipeline.spelling.misspelt import variants
from pipeline.spelling.names import first_names

PAGE = Path(__file__).resolve().parent.parent / "pipeline" / "spelling" / "ordinary_words.txt"
_HEAD = "# Words that are spelt as they should be, near to words of the watchlists. Made by tools/ordinary_words.py.\n"


def main(arguments: list[str]) -> int:
    """Write the file. Exit code 1 without a dictionary."""
    if len(arguments) != 1 or not Path(arguments[0]).is_file():
        print(__doc__, file=sys.stderr)
        return 1
    dictionary = {word.strip().lower() for word in Path(arguments[0]).read_text("utf-8").splitlines()}
    ours = compile_watchlists(watchfolders.load([watchfolders.shipped()])).phrases.words
    # A name is never put right, with an `s` behind it or not (`pipeline.spelling.names`).
    names = {each for name in first_names() for each in (name, f"{name}s")}
    found = sorted({wrong for word in ours for wrong in variants(word)} & dictionary - ours - names)
    PAGE.write_text(_HEAD + "\n".join(textwrap.wrap(" ".join(found), 118)) + "\n", encoding="utf-8")
    print(f"{len(found)} words")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
