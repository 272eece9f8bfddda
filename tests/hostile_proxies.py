"""Records of proxies and of filters in the cloud, with the places that are a client's; see `hostile`."""

from __future__ import annotations

import tomllib

from pipeline.formats import Declared
from tests.hostile import Product, doubled, percent, without
from tests.samples import FOLDER

_SOLID = without(r"\s")
_PROXYSG = (
    "date time time-taken c-ip sc-status s-action sc-bytes cs-method cs-uri-scheme cs-host cs-uri-port cs-uri-path"
    " cs-uri-query cs-username rs(Content-Type) cs(Referer) cs(User-Agent) sc-filter-result cs-categories s-ip"
)
_MAIN = (
    "date time time-taken c-ip cs-username cs-auth-group x-exception-id sc-filter-result cs-categories cs(Referer)"
    " sc-status s-action cs-method rs(Content-Type) cs-uri-scheme cs-host cs-uri-port cs-uri-path cs-uri-query"
    " cs-uri-extension cs(User-Agent) s-ip sc-bytes cs-bytes x-virus-id"
)
_TMG = (
    "c-ip cs-username c-agent date time r-host time-taken sc-bytes s-operation cs-uri cs-mime-type sc-status rule"
    " UrlCategory action"
)
_IIS = (
    "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status"
    " sc-substatus sc-win32-status time-taken"
)
_LAYOUT = tomllib.loads((FOLDER / "squid_custom" / "declared.toml").read_text())["layout"]


def _plus(text: str) -> str:
    return _SOLID(text.replace(" ", "+"))


def _squid(text: str) -> str:
    """Squid takes the blanks before the version for the end of the URL, however many they are."""
    return text.rstrip(" \t\x0b\x0c\r")


W3C = [
    Product(
        "w3c", "2026-03-16 09:00:01 3 10.20.1.16 403 TCP_DENIED 820 GET http casino.example.com 80 /«path»"
        ' «query» bjones - «referrer» "«agent»" DENIED "Gambling" 192.0.2.10', head=[f"#Fields: {_PROXYSG}"],
        writes={"path": _SOLID, "query": _SOLID, "referrer": _SOLID},
    ),
    Product(
        "w3c", "2026-03-16 09:00:01 3 10.20.1.16 403 TCP_DENIED 820 GET http casino.example.com 80 /«path» - «user»"
        ' - "«referrer»" "«agent»" DENIED "Gambling" 192.0.2.10', head=[f"#Fields: {_PROXYSG}"],
        writes={"user": _SOLID}, login=_SOLID,
    ),
    Product(
        "w3c", '2026-03-16 09:00:01 3 10.20.1.16 bjones Pupils policy_denied DENIED "Gambling" «referrer» 403'
        ' TCP_DENIED GET - http casino.example.com 80 /«path» - - "«agent»" 192.0.2.10 820 10 -',
        head=[f"#Fields: {_MAIN}"],
    ),
    Product(
        "w3c",
        "10.20.1.31\tEXAMPLE\\jay\t«agent»\t2026-03-16\t08:00:03\t-\t1\t4100\tGET\thttp://casino.example.com/«path»"
        "\t-\t12202\tNo gambling\tGambling\tDenied", head=["#Fields: " + _TMG.replace(" ", "\t")],
    ),
    Product(
        "w3c", "«agent»\t10.20.1.31\tEXAMPLE\\jay\t2026-03-16\t08:00:03\thttp://casino.example.com/\t12202\tDenied",
        head=["#Fields: c-agent\tc-ip\tcs-username\tdate\ttime\tcs-uri\tsc-status\taction"],
        writes={"agent": without("\t")},
    ),
    Product(
        "w3c", "2026-03-16 09:00:01 192.0.2.20 GET /«path» «query» 443 EXAMPLE\\asmith 10.20.1.15 «agent»"
        " «referrer» 200 0 0 123", head=[f"#Fields: {_IIS}"],
        writes=dict.fromkeys(("path", "query", "agent", "referrer"), _plus),
    ),
]  # fmt: skip

SQUID = [
    Product(
        "squid", "1757318400.473     54 10.20.1.16 TCP_DENIED/403 504 GET http://casino.example.com/«path» bjones"
        " HIER_NONE/- text/html", writes={"path": _squid}, lost=("user_raw",),
    ),
    Product(
        "squid", "1757318400.473     54 10.20.1.16 TCP_DENIED/407 504 CONNECT casino.example.com:443 «user»"
        " HIER_NONE/- -",
    ),
    Product(
        "squid_combined", '10.20.1.16 - bjones [08/Sep/2025:09:00:12 +0100] "GET'
        ' http://casino.example.com/«path» HTTP/1.1" 403 3514 "«referrer»" "«agent»" TCP_DENIED:HIER_NONE',
        pieces=('" 4 4 "x" "x', '" 200 9 "-" "-', '" "') * 9,
    ),
    Product(
        "squid_combined", '10.20.1.16 - bjones [08/Sep/2025:09:00:12 +0100] "GET'
        ' http://casino.example.com/«path» HTTP/1.1" 403 3514 TCP_DENIED:HIER_NONE',
    ),
    Product(
        "squid_combined", '10.20.1.16 - bjones [08/Sep/2025:09:00:12 +0100] "GET http://casino.example.com/'
        ' HTTP/1.1" 403'
        ' 3514 "-" "-" TCP_DENIED:HIER_NONE [«headers»] [HTTP/1.1 403 Forbidden\\r\\n]',
        writes={"headers": percent(r"\[\]\\\s%\"")},
    ),
    Product(
        "squid_custom", "1757318400.473     54 10.20.1.16 10.20.1.16 TCP_DENIED/403 - 5120 GET"
        " http://casino.example.com/"
        '«path» bjones HIER_NONE/- text/html "«agent»" "«referrer»" -', declared=Declared(layout=_LAYOUT),
        writes={"path": _squid},
    ),
    Product(
        "cisco_wsa", "1757318400.473 382 10.20.1.16 TCP_DENIED/403 5120 GET http://casino.example.com/«path»"
        ' "SCHOOL\\bjones@realm1" NONE/- text/html BLOCK_WEBCAT_12-Pupils-Students-NONE-NONE-NONE-DefaultGroup-NONE'
        ' <"IW_gamb",5.0,1,"-",-,-,-,-,"-",-,-,-,"-",-,-,"-","-",-,-,"IW_gamb",-,"-","-","-","Unknown","Unknown","-",'
        '"-",21.20,0,-,"-","-",-,"-",-,-,"-","-",-,-,"-",-> - "«agent»" -',
    ),
    Product(
        "cisco_wsa", '10.20.1.16 "SCHOOL\\bjones@realm1" - [08/Sep/2025:09:00:00 +0100] "GET http://casino.example.com/'
        '«path»" 403 5120 TCP_DENIED:NONE 382 BLOCK_WEBCAT_12-Pupils-Students-NONE-NONE-NONE-DefaultGroup-NONE'
        ' <"IW_gamb",5.0,1,"-",-,-,-,-,"-",-,-,-,"-",-,-,"-","-",-,-,"IW_gamb",-,"-","-","-","Unknown","Unknown","-",'
        '"-",21.20,0,-,"-","-",-,"-",-,-,"-","-",-,-,"-",-> - "«agent»" -',
    ),
]  # fmt: skip

_UMBRELLA_DNS = (
    '"2026-03-16 09:00:02","PC-104","PC-104,bjones","10.20.1.16","203.0.113.5","Blocked","28 (AAAA)","NOERROR",'
    '"«host»casino.example.com.","Gambling","AD Computers","AD Computers,AD Users","Gambling","101","","2204063"'
)
_UMBRELLA_WEB = (
    '"2026-03-16 09:00:02","bjones (bjones@example.org)","10.20.1.16","203.0.113.5","192.0.2.1","text/html","BLOCKED",'
    '"http://casino.example.com/«path»","«referrer»","«agent»","403","","0","","","Gambling","","","","","",'
    '"AD Users","","bjones (bjones@example.org)","AD Users","GET"'
)
_ZSCALER = (
    "2026-03-16 09:00:02\treason=Not allowed to browse this category\tevent_id=1\tprotocol=HTTP\taction=Blocked"
    "\ttransactionsize=623\tresponsesize=512\trequestsize=111\turlcategory=Gambling\tserverip=192.0.2.80"
    "\trequestmethod=GET\trefererURL=«referrer»\tuseragent=«agent»\tproduct=NSS\tlocation=Main Site"
    "\tClientIP=10.20.1.16\tstatus=403\tuser=bjones@example.org\turl=casino.example.com/«path»\tvendor=Zscaler"
    "\thostname=casino.example.com\tappname=generalbrowsing\tcontenttype=text/html"
)
_ZSCALER_LEEF = (
    "Mon Sep 08 08:05:02 UTC 2025 zscaler-nss: LEEF:1.0|Zscaler|NSS|4.1|Not allowed to browse this category|cat=Blocked"
    "\tdevTime=Mon Sep 08 08:05:02 UTC 2025\tsrc=198.51.100.7\tsrcPostNAT=10.50.1.16\trealm=Main site"
    "\tusrName=bjones@example.org\tsrcBytes=96\tdstBytes=13000\turl=casino.example.com/«path»\tuseragent=«agent»"
    "\treferer=«referrer»\tappproto=HTTP\turlcategory=Gambling\treqmethod=GET\trespcode=403"
)
_MWG = (
    '[28/Sep/2026:10:15:03 +0100] "SCHOOL\\bjones" 10.20.1.16 403 "GET http://casino.example.com/«path» HTTP/1.1"'
    ' "Gambling, Games" "Unverified" "" 3001 512 "«agent»" "" "10" "-"'
)
_MWG_SYSLOG = (
    '<134>Sep 28 10:15:03 proxy1 mwg: status="403/10" srcip="10.20.1.16" user="SCHOOL\\bjones"'
    ' dhost="casino.example.com" urlp="80" proto="HTTP/http" mtd="GET" urlc="Gambling, Games" rep="60" mt="-" mlwr="-"'
    ' app="-" bytes="458/0/0/3001" ua="«agent»" http_referrer="«referrer»" lat="0/0/0/12" rule="Block"'
    ' url="http://casino.example.com/«path»" file_name="-" destip="192.0.2.11"'
)
CLOUD = [
    Product("umbrella", _UMBRELLA_DNS, writes={"host": doubled}),
    Product("umbrella", _UMBRELLA_WEB, writes=dict.fromkeys(("path", "agent", "referrer"), doubled)),
    Product("zscaler", _ZSCALER, writes=dict.fromkeys(("path", "agent", "referrer"), without("\t"))),
    Product("zscaler", _ZSCALER),
    Product("zscaler", _ZSCALER, writes=dict.fromkeys(("path", "agent", "referrer"), without("\t"))).lacking(
        "\tlocation=Main Site", "\tstatus=403"
    ),
    Product("zscaler_leef", _ZSCALER_LEEF),
    Product("zscaler_leef", _ZSCALER_LEEF).lacking("\tsrcPostNAT=10.50.1.16"),
    Product("skyhigh", _MWG),
    Product("skyhigh", _MWG.replace('"" "10" "-"', '"" "10"').replace(" 3001 512 ", " 3001 ")),
    Product("skyhigh_syslog", _MWG_SYSLOG),
]
