"""Takes the pictures of the documents anew: what `esafety demo` shows in a browser.

In: the checkout, and Chromium. Out: PNG files in docs/pictures, each under 300 kB. Refuses to go on without a browser,
with a page that does not look as expected, or with a picture that has grown too large. The same checkout, browser and
fonts give the same pictures; nothing in them is real.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
LARGEST = 300_000
WIDTH = 1_100


@dataclass(frozen=True)
class Picture:
    """The top of a page, so many pixels high, or one article of it alone, chosen by the words in its heading."""

    name: str
    page: str
    height: int
    only: str = ""


WANTED = (
    Picture("digest", "digest.html", 1_180),
    Picture("draft", "digest.html", 1_000, only="Getting round the filter"),
    Picture("class", "digest.html", 850, only="10D</bdi> <bdi>searched for this"),
    Picture("governors", "governors.html", 1_240),
)


def browser() -> str:
    """The first of the known browsers that is installed. Raises SystemExit where there is none."""
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    sys.exit(f"No browser to take pictures with; install one of: {', '.join(BROWSERS)}.")


def night(folder: Path) -> Path:
    """Run the demo, and give the folder of its pages."""
    into = folder / "demo"
    subprocess.run([sys.executable, ROOT / "cli.py", "demo", "--into", into], check=True, capture_output=True)
    return next((into / "reports").glob("*/digest.html")).parent


def alone(html: str, words: str) -> str:
    """The page with nothing in it but the first article whose heading holds some words."""
    head = html.split("<body>", maxsplit=1)[0]
    for article in re.findall(r"<article .*?</article>", html, flags=re.DOTALL):
        if words in article.split("</h3>", maxsplit=1)[0]:
            return f'{head}<body><div class="sheet">{article}</div></body></html>'
    sys.exit(f"No draft about {words!r} in the demo; name another one in {Path(__file__).name}.")


def take(picture: Picture, pages: Path, folder: Path) -> None:
    """Write one picture to docs/pictures."""
    html = (pages / picture.page).read_text(encoding="utf-8")
    copy = folder / f"{picture.name}.html"
    copy.write_text(alone(html, picture.only) if picture.only else html, encoding="utf-8")
    target = PICTURES / f"{picture.name}.png"
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1"]
    options += [f"--user-data-dir={folder / 'profile'}", f"--window-size={WIDTH},{picture.height}"]
    subprocess.run(
        [browser(), *options, f"--screenshot={target}", copy.as_uri()], check=True, capture_output=True, timeout=120
    )
    size = target.stat().st_size
    print(f"{target.relative_to(ROOT)}: {size // 1000} kB")
    if size > LARGEST:
        sys.exit(f"{target.name} is larger than {LARGEST // 1000} kB: make it less high.")


def main() -> None:
    """Take all of them; the temporary folder goes away in any case."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="esafety-pictures-") as name:
        pages = night(Path(name))
        for picture in WANTED:
            take(picture, pages, Path(name))


if __name__ == "__main__":
    main()
