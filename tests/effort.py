"""How many chances a test takes where it tries things at random.

`make test` takes a few of each, so that it is over in minutes and is run often; with ESAFETY_TESTS=thorough, as in
`.ci/run`, it takes them all. What is found once is written down as a case of its own, and runs every time.
"""

from __future__ import annotations

import os

THOROUGH = os.environ.get("ESAFETY_TESTS") == "thorough"
_SHARE = 10
_FEWEST = 2


def tries(most: int) -> int:
    """So many when thorough, a tenth of them otherwise."""
    return most if THOROUGH else max(min(most, _FEWEST), most // _SHARE)
