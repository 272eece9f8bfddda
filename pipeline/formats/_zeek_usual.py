r"""The columns of Zeek's `http`, `ssl` and `dns` logs where no header says them: rows cut out, or sent on one by one.

In: a row as Zeek's ASCII writer puts it. Out: the layout that it fits, of those that Zeek and Bro write unless a script
adds columns. The layouts differ in their number of columns, and every column of numbers, flags or addresses must hold
such: a row fits one layout or none. Refuses nothing.
Source: `base/protocols/{http,ssl,dns}/main.zeek` from Bro 2.1 to Zeek 8.1; `logging/writers/ascii/Ascii.cc`.
"""

from __future__ import annotations

from typing import Final

_BEGINNING: Final = ("ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p")
_REQUEST: Final = ("trans_depth", "method", "host", "uri", "referrer")
_ANSWER: Final = ("request_body_len", "response_body_len", "status_code", "status_msg", "info_code", "info_msg")
_LOGIN: Final = ("tags", "username", "password", "proxied")
_FILES: Final = (
    "orig_fuids", "orig_filenames", "orig_mime_types", "resp_fuids", "resp_filenames", "resp_mime_types",
)  # fmt: skip
_QUESTION: Final = ("query", "qclass", "qclass_name", "qtype", "qtype_name", "rcode", "rcode_name")
_FLAGS: Final = ("AA", "TC", "RD", "RA", "Z", "answers", "TTLs")
_TLS: Final = (
    "version", "cipher", "curve", "server_name", "resumed", "last_alert", "next_protocol", "established",
)  # fmt: skip
_OLD_TLS: Final = (
    "version", "cipher", "server_name", "session_id", "subject", "issuer_subject", "not_valid_before",
    "not_valid_after", "last_alert", "client_subject", "client_issuer_subject", "cert_hash",
)  # fmt: skip
#: Behind those of TLS stand certificates, of which each version writes others; nothing of them is read.
_CERTIFICATES: Final = range(4, 8)

LAYOUTS: Final = (
    (*_BEGINNING, *_REQUEST, "version", "user_agent", "origin", *_ANSWER, *_LOGIN, *_FILES),
    (*_BEGINNING, *_REQUEST, "version", "user_agent", *_ANSWER, *_LOGIN, *_FILES),
    (*_BEGINNING, *_REQUEST, "user_agent", *_ANSWER, "filename", *_LOGIN, *(_FILES[at] for at in (0, 2, 3, 5))),
    (*_BEGINNING, "proto", "trans_id", "rtt", *_QUESTION, *_FLAGS, "rejected", "opcode", "opcode_name"),
    (*_BEGINNING, "proto", "trans_id", "rtt", *_QUESTION, *_FLAGS, "rejected"),
    (*_BEGINNING, "proto", "trans_id", *_QUESTION, *_FLAGS, "rejected"),
    (*_BEGINNING, "proto", "trans_id", *_QUESTION, *_FLAGS),
    (*_BEGINNING, *_OLD_TLS),
    (*_BEGINNING, *_OLD_TLS, "validation_status"),
    *((*_BEGINNING, *_TLS, *(f"certificate_{at}" for at in range(count))) for count in _CERTIFICATES),
)

_NUMBER: Final = "(?:[0-9]+|-)"
_ADDRESS: Final = r"(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)"
#: What a column must hold; any other holds anything.
_SHAPES: Final = {
    "ts": r"[0-9]{9,10}\.[0-9]{1,6}", "uid": "[0-9A-Za-z]{8,24}", "id.orig_h": _ADDRESS, "id.orig_p": "[0-9]{1,5}",
    "id.resp_h": _ADDRESS, "id.resp_p": "[0-9]{1,5}", "trans_depth": "[0-9]+", "method": "(?:[A-Z][A-Za-z_-]*|-)",
    "request_body_len": _NUMBER, "response_body_len": _NUMBER, "status_code": "(?:[0-9]{3}|-)", "info_code": _NUMBER,
    "proto": "(?:udp|tcp|icmp|unknown_transport)", "trans_id": _NUMBER, "rtt": r"(?:[0-9]+\.[0-9]+|-)",
    "qclass": _NUMBER, "qtype": _NUMBER, "rcode": _NUMBER, "AA": "[TF]", "TC": "[TF]", "RD": "[TF]", "RA": "[TF]",
    "Z": _NUMBER, "rejected": "[TF-]", "opcode": "(?:[0-9]{1,2}|-)", "resumed": "[TF]", "established": "[TF]",
    "not_valid_before": r"(?:[0-9]+\.[0-9]+|-)", "not_valid_after": r"(?:[0-9]+\.[0-9]+|-)",
}  # fmt: skip
#: HTTP's and TLS's `version` are of one name.
_VERSIONS: Final = {True: r"(?:D?TLSv[0-9]+|SSLv[0-9]+|unknown-[0-9]+|-)", False: r"(?:[0-9]+\.[0-9]+|-)"}


def _pattern(layout: tuple[str, ...]) -> str:
    """What a row of this layout looks like, from its beginning to its end."""
    shapes = {**_SHAPES, "version": _VERSIONS["cipher" in layout]}
    return "^" + r"\t".join(shapes.get(name, r"[^\t]*") for name in layout) + "$"


#: The look of a row -> its columns.
USUAL: Final = {_pattern(layout): layout for layout in LAYOUTS}
