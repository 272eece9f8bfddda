"""Each syntax of block lists: what its lines mean, what is refused, and that no line is forgotten."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.listsyntax import FALLBACK, Entry, Passed, Skipped, recognised, registry
from tests.effort import tries


def read(form: str, *lines: str, name: str = "list") -> list[str]:
    """The outcomes, in the order of the lines: `kind value weight`, `- reason` or a dot."""
    outcomes = sorted(registry()[form].read(name, list(lines)), key=lambda each: each.line)
    told = []
    for each in outcomes:
        if isinstance(each, Entry):
            told.append(f"{each.kind} {each.value}" + ("" if each.weight is None else f" {each.weight:g}"))
        else:
            told.append(f"- {each.reason}" if isinstance(each, Skipped) else ".")
    return told


def kinds(form: str, *lines: str, name: str = "list") -> list[str]:
    """The same without reasons."""
    return ["-" if each.startswith("- ") else each for each in read(form, *lines, name=name)]


# ---------------------------------------------------------------- squidGuard


@pytest.mark.parametrize(
    ("name", "line", "wanted"),
    [
        ("domains", "Example.ORG", "host example.org"),
        ("domains", "www.example.org", "host www.example.org"),
        ("domains", "192.0.2.7", "host-exact 192.0.2.7"),
        ("domains", "bücher.example", "host xn--bcher-kva.example"),
        ("domains", "straße.example", "-"),
        ("domains", "not a host", "-"),
        ("domains", "-example.org", "-"),
        ("domains", "exa$mple.org", "-"),
        ("domains", "", "."),
        ("domains", "# comment", "."),
        ("urls", "example.org/~bad", "url example.org/~bad"),
        ("urls", "example.org/bad/", "url example.org/bad/"),
        ("urls", "example.org/bad/page.html", "url example.org/bad/page.html"),
        ("urls", "http://www3.example.org:8080/what/ever/index.html", "url example.org/what/ever"),
        ("urls", "https://web56.example.org/what/", "url example.org/what"),
        ("urls", "ftp://user:word@ftp.example.org/pub", "url example.org/pub"),
        ("urls", "192.0.2.7/page", "url 192.0.2.7/page"),
        ("urls", "example.org", "url example.org/"),
        ("urls", "example.org/a http://filter.example/instead", "url example.org/a"),
        ("urls", "/only/a/path", "-"),
        ("expressions", r"(^|\.)bad[0-9]+\.example", r"expression (^|\.)bad[0-9]+\.example"),
    ],
)  # fmt: skip
def test_squidguard(name: str, line: str, wanted: str) -> None:
    assert kinds("squidguard", line, name=name) == [wanted]


# ---------------------------------------------------------------- e2guardian


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("<lobster>", "phrase-inside lobster"),
        ("< lobster>", "phrase-start lobster"),
        ("<lobster >", "phrase-end lobster"),
        ("< lobster >", "phrase lobster"),
        ("< blue lobster ><25>", "phrase blue lobster 25"),
        ("<lobster><-30>", "phrase-inside lobster -30"),
        ("< lobster ><10%>", "phrase lobster 10"),
        ("< lobster > <40> #with words", "phrase lobster 40"),
        ("<blue>,< lobster>", "phrases-together <blue>,< lobster>"),
        ("<blue>,<red>,<lobster><50>", "phrases-together <blue>,<red>,<lobster> 50"),
        ("<25>", "phrase-inside 25"),
        ('#listcategory: "Sea"', "."),
        ("##time: 9 0 17 0 01234", "."),
        ("#time: 9 0 17 0 01234", "-"),
        ("", "."),
        (".Include</etc/lists/other>", "include /etc/lists/other"),
        ("#.Include</etc/lists/other>", "."),
        ("<lobster><30>3 #malformed", "-"),
        ("<lobster", "-"),
        ("lobster><30>", "-"),
        ("<><30>", "-"),
        ("lobster", "-"),
    ],
)
def test_e2guardian_phrases(line: str, wanted: str) -> None:
    assert kinds("e2guardian_phrases", line) == [wanted]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("example.org", "host example.org"),
        (".gov", "host gov"),
        ("example.org/part/of  # why", "url-parts example.org/part/of"),
        ("192.0.2.9", "host-exact 192.0.2.9"),
        ("**ip", "-"),
        ("192.0.2.0/24", "-"),
        ("#time: 9 0 17 0 01234", "-"),
        (".Include</lists/domains>", "include /lists/domains"),
    ],
)
def test_e2guardian_sites(line: str, wanted: str) -> None:
    assert kinds("e2guardian_sites", line) == [wanted]


def test_e2guardian_searches() -> None:
    lines = ["# words", "naughty+girl", "lobster", "two words", "a++b"]
    assert kinds("e2guardian_searches", *lines) == [".", "search girl+naughty", "search lobster", "-", "-"]


# ---------------------------------------------------------------- name servers, hosts files


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("0.0.0.0 bad.example", ["host-exact bad.example"]),
        ("127.0.0.1\tone.example two.example # both", ["host-exact one.example", "host-exact two.example"]),
        ("::1 bad.example", ["host-exact bad.example"]),
        ("127.0.0.1 localhost", ["."]),
        ("::1 ip6-localhost ip6-loopback", ["."]),
        ("255.255.255.255 broadcasthost", ["."]),
        ("fe80::1%lo0 localhost", ["."]),
        ("192.0.2.10 printer.example", ["-"]),
        ("127.0.0.1", ["-"]),
        ("0.0.0.0 good.example ba$d", ["host-exact good.example", "-"]),
        ("bad.example", ["-"]),
    ],
)
def test_hosts_files(line: str, wanted: list[str]) -> None:
    assert kinds("hosts", line) == wanted


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("||bad.example^", "host bad.example"),
        ("@@||good.bad.example^", "pardon good.bad.example"),
        ("||bad.example^|", "host bad.example"),
        ("||192.0.2.7^", "host-exact 192.0.2.7"),
        ("||zip^", "host zip"),
        ("! comment", "."),
        ("[Adblock Plus 2.0]", "."),
        ("||bad.example^$third-party", "-"),
        ("||bad.example/path^", "-"),
        ("||bad.*^", "-"),
        ("bad.example##.advert", "-"),
        ("##.advert", "-"),
        ("/adv[0-9]+/", "-"),
        ("&ad_box_", "-"),
        ("|https://bad.example/", "-"),
    ],
)
def test_adblock(line: str, wanted: str) -> None:
    assert kinds("adblock", line) == [wanted]


def test_adblock_says_of_each_rule_why_it_is_not_taken() -> None:
    lines = ["||bad.example^$popup", "bad.example##.advert", "/adv[0-9]/", "/banner/*/img^"]
    assert read("adblock", *lines) == [
        "- a rule with conditions ($)",
        "- a rule that hides parts of pages",
        "- a regular expression",
        "- a rule about parts of addresses, not about a site",
    ]


def test_a_response_policy_zone() -> None:
    lines = [
        "$TTL 3600",
        "@ SOA localhost. root.localhost. (",
        "  1 28800",
        "  3600 259200 3600 )",
        "  NS localhost.",
        "; comment",
        "bad.example CNAME .",
        "*.bad.example 60 IN CNAME . ; and below",
        "good.bad.example CNAME rpz-passthru.",
        "*.good.bad.example CNAME RPZ-PASSTHRU.",
        "nodata.example CNAME *.",
        "dropped.example IN CNAME rpz-drop.",
        "null.example A 0.0.0.0",
        "              AAAA ::",
        "search.example CNAME safe.search.example.",
        "walled.example A 192.0.2.1",
        "24.0.2.0.192.rpz-ip CNAME .",
        "tcp.example CNAME rpz-tcp-only.",
        "nonsense",
    ]
    assert kinds("rpz", *lines) == [
        ".", ".", ".", ".", ".", ".",
        "host-exact bad.example", "host-below bad.example", "allow-exact good.bad.example",
        "allow-below good.bad.example", "host-exact nodata.example", "host-exact dropped.example",
        "host-exact null.example", "host-exact null.example", "-", "-", "-", "-", "-",
    ]  # fmt: skip


def test_a_zone_with_an_origin_is_taken_off_its_names() -> None:
    lines = [
        "$ORIGIN rpz.example.",
        "bad.example.rpz.example. CNAME .",
        "bad.example. CNAME .",
        "worse.example CNAME .",
    ]
    assert kinds("rpz", *lines) == [".", "host-exact bad.example", "-", "host-exact worse.example"]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("address=/bad.example/", ["host bad.example"]),
        ("address=/bad.example/0.0.0.0", ["host bad.example"]),
        ("address=/bad.example/#", ["host bad.example"]),
        ("address=/bad.example/::", ["host bad.example"]),
        ("address=/one.example/two.example/", ["host one.example", "host two.example"]),
        ("server=/bad.example/", ["host bad.example"]),
        ("local=/bad.example/", ["host bad.example"]),
        ("server=/good.bad.example/#", ["allow good.bad.example"]),
        ("server=/school.example/192.0.2.53", ["-"]),
        ("address=/printer.example/192.0.2.9", ["-"]),
        ("address=/*.bad.example/", ["-"]),
        ("address=/#/", ["-"]),
        ("cache-size=1000", ["-"]),
        ("# comment", ["."]),
    ],
)
def test_dnsmasq(line: str, wanted: list[str]) -> None:
    assert kinds("dnsmasq", line) == wanted


def test_unbound() -> None:
    lines = [
        "server:",
        'local-zone: "bad.example." always_nxdomain',
        "local-zone: worse.example refuse",
        'local-zone: "good.bad.example" transparent',
        'local-zone: "null.example" redirect',
        'local-data: "null.example A 0.0.0.0"',
        'local-zone: "search.example" redirect',
        'local-data: "search.example CNAME safe.search.example"',
        'local-zone: "told.example" inform',
        "verbosity: 1",
        "# comment",
    ]
    assert kinds("unbound", *lines) == [
        ".", "host bad.example", "host worse.example", "allow good.bad.example", "host null.example",
        "host-exact null.example", "-", "-", "-", "-", ".",
    ]  # fmt: skip


# ---------------------------------------------------------------- plain, JSON


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("example.org", "host example.org"),
        ("*.example.org", "host example.org"),
        (".example.org", "host example.org"),
        ("EXAMPLE.org.", "host example.org"),
        ("https://www.example.org/path", "url-parts example.org/path"),
        ("https://example.org/", "host example.org"),
        ("example.org # why", "host example.org"),
        ("; comment", "."),
        ("lobster", "-"),
        ("blue lobster", "-"),
        ("192.0.2.7", "host-exact 192.0.2.7"),
        ("2001:db8::1", "host-exact 2001:db8::1"),
        ("*bad.example", "-"),
    ],
)
def test_plain_lists(line: str, wanted: str) -> None:
    assert kinds("plain", line) == [wanted]


def misp(kind: str, *entries: object) -> list[str]:
    return json.dumps({"description": "made", "list": entries, "name": "made", "type": kind}, indent=2).split("\n")


def test_misp_hostnames_hold_for_what_lies_below() -> None:
    lines = misp("hostname", ".one.example", "two.example", "0123456789abcdef")
    assert kinds("misp", *lines) == [".", ".", ".", "host one.example", "host two.example", "-", ".", ".", ".", "."]


def test_misp_strings_hold_exactly_and_other_types_not_at_all() -> None:
    assert "host-exact one.example" in kinds("misp", *misp("string", "one.example"))
    assert "expression ^one" in kinds("misp", *misp("regex", "^one"))
    assert not [each for each in kinds("misp", *misp("substring", "one.example")) if each.startswith("host")]
    assert kinds("misp", '{"list": ["one.example", "two.example"], "type": "hostname"}') == [
        "host one.example",
        "host two.example",
    ]


@pytest.mark.parametrize("text", ["{", '{"list": 3}', "[1]", '{"list": [1, null]}'])
def test_json_of_another_form_is_refused_line_by_line(text: str) -> None:
    assert set(kinds("misp", text, "")) <= {"-", "."}


# ---------------------------------------------------------------- all of them


@pytest.mark.parametrize(
    ("name", "lines", "wanted"),
    [
        ("domains", ["example.org"], "squidguard"),
        ("urls", ["example.org/a"], "squidguard"),
        ("weighted", ["# words", "< lobster ><30>"], "e2guardian_phrases"),
        ("bannedsitelist", ["example.org"], "e2guardian_sites"),
        ("bannedsearchlist", ["# nothing"], "e2guardian_searches"),
        ("words", ["blue+lobster", "girl+naughty"], "e2guardian_searches"),
        ("list.txt", ["# hosts", "0.0.0.0 bad.example"], "hosts"),
        ("list.txt", ["! Title", "||bad.example^"], "adblock"),
        ("list.rpz", ["$TTL 3600", "@ SOA localhost. root.localhost. 1 2 3 4 5"], "rpz"),
        ("list.rpz", ["bad.example CNAME ."], "rpz"),
        ("list.conf", ["address=/bad.example/"], "dnsmasq"),
        ("list.conf", ['local-zone: "bad.example" refuse'], "unbound"),
        ("list.json", misp("hostname", "one.example"), "misp"),
        ("list.txt", ["bad.example", "worse.example"], "plain"),
        ("list.txt", [], "plain"),
    ],
)
def test_a_list_is_recognised(name: str, lines: list[str], wanted: str) -> None:
    assert recognised(name, lines) == [wanted]


def test_every_syntax_is_a_module_of_its_name() -> None:
    assert {name: each.name for name, each in registry().items()} == {name: name for name in registry()}
    assert FALLBACK in registry()
    assert len(registry()) == 11


_LINE = st.one_of(
    st.binary(max_size=40).map(lambda each: each.decode("latin-1").replace("\n", " ")),
    st.text(alphabet="<>,|^@*./#= \t;()-ab1:\"'$%{}[]", max_size=30),
    st.sampled_from([
        "< lobster ><25>", "||bad.example^", "bad.example CNAME .", "address=/bad.example/", "0.0.0.0 bad.example",
        'local-zone: "bad.example" redirect', 'local-data: "bad.example A 0.0.0.0"', '{"list": ["bad.example"],',
        '"type": "hostname"}', "bad.example/a/b", "$ORIGIN a.", "@ SOA a. b. (", ".Include<x>",
    ]),
)  # fmt: skip


@pytest.mark.parametrize("form", sorted(registry()))
@settings(max_examples=tries(300))
@given(lines=st.lists(_LINE, max_size=12), name=st.sampled_from(["domains", "urls", "expressions", "list"]))
def test_whatever_a_file_holds_each_line_is_told_of(form: str, lines: list[str], name: str) -> None:
    outcomes = list(registry()[form].read(name, iter(lines)))
    assert {each.line for each in outcomes} == set(range(1, len(lines) + 1))
    passed = {each.line for each in outcomes if isinstance(each, Passed)}
    assert not passed & {each.line for each in outcomes if not isinstance(each, Passed)}
    for each in outcomes:
        if isinstance(each, Entry) and each.kind.startswith(("host", "allow", "pardon")):
            assert each.value == each.value.lower().strip(".")
            assert each.value.isascii()
            assert not set(each.value) & set(" /*!=>#")
    recognised(name, lines)
