"""How many chances a test takes where it tries things at random.

`make test` takes a few of each, so that it is over in minutes and is run often; ESAFETY_TESTS=wide, as in `.ci/run`,
takes a third of them, and the same ones each time; ESAFETY_TESTS=thorough takes all. What is found once is written
down as a case of its own, and runs every time.
"""

from __future__ import annotations

import os

_SHARES = {"thorough": 1, "wide": 3}
_ASKED = os.environ.get("ESAFETY_TESTS", "")
_SHARE = _SHARES.get(_ASKED, 10)
#: Whether this is the run of `.ci/run`, which decides whether a change may be handed on.
GATED = _ASKED == "wide"
#: Whether what takes a minute may take it.
THOROUGH = _SHARE < 10
_FEWEST = 2


def tries(most: int) -> int:
    """So many when thorough, a third of them when wide, a tenth otherwise."""
    return max(min(most, _FEWEST), most // _SHARE)
