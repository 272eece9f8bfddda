"""The version of the program, as it was installed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def _installed() -> str:
    try:
        return version("esafety")
    except PackageNotFoundError:
        # A checkout that was never installed still runs.
        return "0 (not installed)"


VERSION = _installed()
