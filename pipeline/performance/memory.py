"""Memory that large pieces took goes back to the system when they are let go.

In: nothing. Out: nothing. Refuses nothing: where the C library has no such setting (Windows, macOS, musl), nothing is
done. The allocator of glibc would by and by keep larger and larger pieces for itself, between which smaller ones stay:
a night over ten million lines then held 300 MiB more than one over two million, without using any of it.
"""

from __future__ import annotations

import ctypes
import sys

#: `M_MMAP_THRESHOLD` of mallopt(3): from this many bytes on, a piece is the system's and not the allocator's.
_MMAP_THRESHOLD, _LARGE = -3, 1 << 20


def return_large_pieces() -> None:
    """Set it for this process, from now on. It costs a little time, so that one unit by itself does without it."""
    option = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if option is not None:
        option(_MMAP_THRESHOLD, _LARGE)
