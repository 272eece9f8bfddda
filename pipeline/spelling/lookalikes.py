"""Letters of other scripts that are read as Latin ones.

In: a word, and the text that it stands in. Out: whether it is meant to be read as Latin, and the Latin letter for each.
A word in which Latin and others are mixed is; one wholly of another script is only where its text has no letter of that
script which looks like none of ours: whoever writes Russian or Greek is never read as English. Refuses nothing.
Source: Unicode TR39 (confusables), and letters that children use as the shape of others (`г` as r, `п` as n).
"""

from __future__ import annotations

from typing import Final

_ALIKE: Final = {
    # Cyrillic.
    "а": "a", "в": "b", "с": "c", "ԁ": "d", "е": "e", "ё": "e", "һ": "h", "н": "h", "і": "i", "ї": "i", "ј": "j",
    "к": "k", "ӏ": "l", "м": "m", "п": "n", "о": "o", "р": "p", "ԛ": "q", "г": "r", "ѕ": "s", "т": "t", "у": "y",
    "ү": "y", "ѵ": "v", "ԝ": "w", "ѡ": "w", "х": "x", "ь": "b", "ҽ": "e", "ҝ": "k", "ҵ": "u", "ц": "u", "и": "u",
    # Greek.
    "α": "a", "β": "b", "ϲ": "c", "ε": "e", "η": "n", "ι": "i", "κ": "k", "ν": "v", "ο": "o", "ρ": "p", "σ": "o",
    "τ": "t", "υ": "u", "χ": "x", "γ": "y", "ω": "w", "μ": "u", "ϳ": "j",
    # Armenian.
    "օ": "o", "ո": "n", "ս": "u", "հ": "h", "ց": "g", "ք": "p", "զ": "q",
    # Latin letters of their own, which are no accented ones.
    "ɑ": "a", "ɡ": "g", "ɩ": "i", "ħ": "h", "ŧ": "t", "ƅ": "b", "ɛ": "e",
    "ʀ": "r", "ʏ": "y", "ɪ": "i", "ɴ": "n", "ʟ": "l", "ʜ": "h", "ɢ": "g", "ʙ": "b", "ᴀ": "a", "ᴄ": "c", "ᴅ": "d",
    "ᴇ": "e", "ꜰ": "f", "ᴊ": "j", "ᴋ": "k", "ᴍ": "m", "ᴏ": "o", "ᴘ": "p", "ꜱ": "s", "ᴛ": "t", "ᴜ": "u", "ᴠ": "v",
    "ᴡ": "w", "ᴢ": "z", "ǝ": "e", "ɐ": "a", "ɥ": "h", "ɯ": "m", "ɹ": "r", "ʇ": "t", "ʌ": "v", "ʍ": "w", "ʎ": "y",
    "ƨ": "s", "ʋ": "u", "ƙ": "k", "ɓ": "b", "ɗ": "d", "ƒ": "f", "ɠ": "g", "ɦ": "h", "ɱ": "m", "ƥ": "p", "ʂ": "s",
    "ƭ": "t", "ⱳ": "w", "ƴ": "y", "ȥ": "z",
}  # fmt: skip
#: Letters that are drawn as signs, each with its Latin one.
_SIGNS: Final = {
    chr(first + at): chr(ord("a") + at) for first in (0x1F1E6, 0x1F150, 0x1F170, 0x1F130) for at in range(26)
}
#: For `str.translate`; every letter stands for one.
LOOK_ALIKES: Final = {
    **{ord(letter): latin for letter, latin in _ALIKE.items()},
    **{ord(letter.upper()): latin for letter, latin in _ALIKE.items() if len(letter.upper()) == 1},
    **{ord(sign): latin for sign, latin in _SIGNS.items()},
}


def is_all_alike(text: str) -> bool:
    """Whether a text has no letter but ours and such as look like ours."""
    return all(letter.isascii() or not letter.isalpha() or ord(letter) in LOOK_ALIKES for letter in text)


def looks_latin(word: str, *, all_alike: bool) -> bool:
    """Whether a word is to be read as Latin; `all_alike` is `is_all_alike` of its text."""
    if word.isascii():
        return False
    if any(letter.isascii() and letter.isalpha() for letter in word) or any(letter in _SIGNS for letter in word):
        return True
    return all_alike
