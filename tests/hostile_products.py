"""The records of every product whose clients have a say in its log, with the places that are theirs.

To add one: a record as the product writes it, the places marked, and how it writes what it puts there. A place where
nothing is escaped needs no more than its mark.
"""

from __future__ import annotations

import json
import re
import tomllib
from datetime import UTC, datetime

from pipeline.formats import Declared
from tests.hostile import Product, doubled, percent, quoted, without
from tests.samples import FOLDER, declared_of

_LAST = datetime(2026, 12, 1, tzinfo=UTC)
_UK = Declared(last_change=_LAST)
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


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _zeek(text: str) -> str:
    return "".join(
        sign if " " <= sign < "\x7f" and sign != "\\" else "".join(f"\\x{byte:02x}" for byte in sign.encode())
        for sign in text
    )


W3C = [
    Product(
        "w3c", "2026-03-16 09:00:01 3 10.20.1.16 403 TCP_DENIED 820 GET http casino.example.com 80 /«path» «query» bjones"
        ' - «referrer» "«agent»" DENIED "Gambling" 192.0.2.10', head=[f"#Fields: {_PROXYSG}"],
        writes={"path": _SOLID, "query": _SOLID, "referrer": _SOLID},
    ),
    Product(
        "w3c", "2026-03-16 09:00:01 3 10.20.1.16 403 TCP_DENIED 820 GET http casino.example.com 80 /«path» - «user»"
        ' - "«referrer»" "«agent»" DENIED "Gambling" 192.0.2.10', head=[f"#Fields: {_PROXYSG}"], writes={"user": _SOLID}, login=_SOLID,
    ),
    Product(
        "w3c", '2026-03-16 09:00:01 3 10.20.1.16 bjones Pupils policy_denied DENIED "Gambling" «referrer» 403 TCP_DENIED'
        ' GET - http casino.example.com 80 /«path» - - "«agent»" 192.0.2.10 820 10 -', head=[f"#Fields: {_MAIN}"],
    ),
    Product(
        "w3c", "10.20.1.31\tEXAMPLE\\jay\t«agent»\t2026-03-16\t08:00:03\t-\t1\t4100\tGET\thttp://casino.example.com/«path»"
        "\t-\t12202\tNo gambling\tGambling\tDenied", head=["#Fields: " + _TMG.replace(" ", "\t")],
    ),
    Product(
        "w3c", "«agent»\t10.20.1.31\tEXAMPLE\\jay\t2026-03-16\t08:00:03\thttp://casino.example.com/\t12202\tDenied",
        head=["#Fields: c-agent\tc-ip\tcs-username\tdate\ttime\tcs-uri\tsc-status\taction"], writes={"agent": without("\t")},
    ),
    Product(
        "w3c", "2026-03-16 09:00:01 192.0.2.20 GET /«path» «query» 443 EXAMPLE\\asmith 10.20.1.15 «agent» «referrer» 200 0"
        " 0 123", head=[f"#Fields: {_IIS}"], writes=dict.fromkeys(("path", "query", "agent", "referrer"), _plus),
    ),
]  # fmt: skip

SQUID = [
    Product(
        "squid", "1757318400.473     54 10.20.1.16 TCP_DENIED/403 504 GET http://casino.example.com/«path» bjones"
        " HIER_NONE/- text/html", writes={"path": _squid}, lost=("user_raw",),
    ),
    Product(
        "squid", "1757318400.473     54 10.20.1.16 TCP_DENIED/407 504 CONNECT casino.example.com:443 «user» HIER_NONE/- -",
    ),
    Product(
        "squid_combined", '10.20.1.16 - bjones [08/Sep/2025:09:00:12 +0100] "GET http://casino.example.com/«path> HTTP/1.1"'
        ' 403 3514 "«referrer»" "«agent»" TCP_DENIED:HIER_NONE'.replace("«path>", "«path»"),
    ),
    Product(
        "squid_combined", '10.20.1.16 - bjones [08/Sep/2025:09:00:12 +0100] "GET http://casino.example.com/«path» HTTP/1.1"'
        " 403 3514 TCP_DENIED:HIER_NONE",
    ),
    Product(
        "squid_combined", '10.20.1.16 - bjones [08/Sep/2025:09:00:12 +0100] "GET http://casino.example.com/ HTTP/1.1" 403'
        ' 3514 "-" "-" TCP_DENIED:HIER_NONE [«headers»] [HTTP/1.1 403 Forbidden\\r\\n]',
        writes={"headers": percent(r"\[\]\\\s%\"")},
    ),
    Product(
        "squid_custom", "1757318400.473     54 10.20.1.16 10.20.1.16 TCP_DENIED/403 - 5120 GET http://casino.example.com/"
        '«path» bjones HIER_NONE/- text/html "«agent»" "«referrer»" -', declared=Declared(layout=_LAYOUT),
        writes={"path": _squid},
    ),
    Product(
        "cisco_wsa", "1757318400.473 382 10.20.1.16 TCP_DENIED/403 5120 GET http://casino.example.com/«path»"
        ' "SCHOOL\\bjones@realm1" NONE/- text/html BLOCK_WEBCAT_12-Pupils-Students-NONE-NONE-NONE-DefaultGroup-NONE'
        ' <"IW_gamb",5.0,1,"-",-,-,-,-,"-",-,-,-,"-",-,-,"-","-",-,-,"IW_gamb",-,"-","-","-","Unknown","Unknown","-","-"'
        ',21.20,0,-,"-","-",-,"-",-,-,"-","-",-,-,"-",-> - "«agent»" -',
    ),
]  # fmt: skip

_XG = (
    '<30>device="SFW" date=2026-11-02 time=09:00:05 timezone="GMT" device_name="XG230" device_id=C0000000000000A'
    ' log_id=050902616002 log_type="Content Filtering" log_component="HTTP" log_subtype="Denied" status=""'
    ' priority=Information fw_rule_id=2 user_name="bjones" user_gp="Pupils" iap=13 category="Gambling"'
    ' category_type="Objectionable" url="http://casino.example.com/«path»" contenttype="" override_token=""'
    ' httpresponsecode="" src_ip=10.20.1.16 dst_ip=192.0.2.11 protocol="TCP" src_port=467 dst_port=80 sent_bytes=0'
    ' recv_bytes=0 domain=casino.example.com exceptions= activityname="" reason="" user_agent="«agent»"'
    ' status_code="403" transactionid= referer="«referrer»" download_file_name="" con_id=2491244032'
)
_XG_NEW = (
    '<30>device_name="SFW" timestamp="2026-09-28T10:15:02+0100" device_model="XGS2100" device_serial_id="X"'
    ' log_id="050902616002" log_type="Content Filtering" log_component="HTTP" log_subtype="Denied" log_version=1'
    ' severity="Information" fw_rule_id="2" user_name="bjones" http_category="Gambling"'
    ' url="http://casino.example.com/«path»" src_ip="10.20.1.16" bytes_received="0" domain="casino.example.com"'
    ' http_user_agent="«agent»" http_status="403" referer="«referrer»"'
)
_UTM = (
    '2026:09:28-10:15:02 utm-1 httpproxy[6267]: id="0060" severity="info" sys="SecureWeb" sub="http" name="web request'
    ' blocked" action="block" method="GET" srcip="10.20.1.16" dstip="" user="bjones" group="Pupils" ad_domain=""'
    ' statuscode="403" cached="0" size="4764" request="0x7f" url="http://casino.example.com/«path»"'
    ' referer="«referrer»" error="" authtime="0" fullreqtime="1499" device="0" auth="2" ua="«agent»" exceptions=""'
    ' category="105" reputation="neutral" categoryname="Gambling"'
)
_SWA = (
    'h=10.20.1.16 u="SCHOOL\\\\bjones" s=403 X=+ t=1790586905 T=1453 Ts=0 act=-1 cat="0x2f0000000b" app="-" rsn=-'
    ' threat="-" type="-" ctype="-" in=455 out=3001 meth=GET ref="«referrer»" ua="«agent»"'
    ' req="GET http://casino.example.com/«path» HTTP/1.1" dom="casino.example.com" filetype="-" rule="12"'
)
_SONIC = (
    '<134> id=firewall sn=000000000001 time="2026-09-28 09:15:02 UTC" fw=192.0.2.1 pri=6 c=1024 gcat=2 m=14 msg="Web'
    ' site access denied" src=10.20.1.16:56502:X0 dst=192.0.2.11:80:X1 usr="bjones" proto=tcp/http'
    ' dstname=casino.example.com«host» arg=/«path» code=11 Category="Gambling" n=367895985'
)
_BOX = (
    '<142>Sep 28 10:15:02 fb1 80D6000000000 (2026-09-28T09:15:02) http-proxy[2345]: msg_id="1AFF-0024" Allow 1-Trusted'
    ' 0-External tcp 10.20.1.16 192.0.2.10 64425 80 msg="HTTP Request" proxy_act="HTTP-Client.1" op="GET"'
    ' dstname="news.example.org«host»" arg="/«path»" sent_bytes="339" rcvd_bytes="4428"'
    ' elapsed_time="5.037750 sec(s)" app_id="0" reputation="-1" src_user="bjones" geo_dst="GBR" (HTTP-proxy-00)'
)
_BOX_DENIED = (
    '<142>Sep 28 10:15:02 fb1 80D6000000000 (2026-09-28T09:15:02) http-proxy[2345]: msg_id="1AFF-0021" Deny 1-Trusted'
    ' 0-External tcp 10.20.1.16 192.0.2.10 64425 80 msg="ProxyDeny: HTTP Request categories"'
    ' proxy_act="HTTP-Client.1" cats="Gambling" op="GET" dstname="casino.example.com" arg="/«path»" (HTTP-proxy-00)'
)
FIREWALLS = [
    Product("sophos_xg", _XG),
    Product("sophos_xg", _XG, writes=dict.fromkeys(("path", "agent", "referrer"), quoted)),
    Product("sophos_xg", _XG_NEW),
    Product("sophos_utm", _UTM),
    Product("sophos_utm", _UTM, writes=dict.fromkeys(("path", "agent", "referrer"), quoted)),
    Product("sophos_swa", _SWA),
    Product("sophos_swa", _SWA, writes=dict.fromkeys(("path", "agent", "referrer"), quoted)),
    Product("sonicwall", _SONIC),
    Product("watchguard", _BOX),
    Product("watchguard", _BOX, writes={"path": quoted, "host": quoted}),
    Product("watchguard", _BOX).lacking(' src_user="bjones"'),
    Product("sonicwall", _SONIC).lacking(' usr="bjones"'),
    Product("sophos_xg", _XG).lacking(' user_name="bjones"'),
    Product("sophos_utm", _UTM).lacking(' user="bjones"'),
    Product("watchguard", _BOX_DENIED),
]

_FORCEPOINT = (
    "<159>Sep  8 09:05:02 10.40.0.9 vendor=Forcepoint product=Security product_version=8.5.3 action=blocked severity=7"
    " category=1504 user=LDAP://10.40.0.4 OU=Users,DC=example,DC=org/Ben Jones loginID=bjones src_host=10.40.1.16"
    " src_port=61436 dst_host=casino.example.com dst_ip=192.0.2.61 dst_port=80 bytes_out=0 bytes_in=0 http_response=0"
    " http_method=GET http_content_type=- http_user_agent=«agent» http_proxy_status_code=403"
    " reason=0-17336-Generic.Content.Web.RTSS disposition=1064 policy=role-8**Pupils role=8 duration=66"
    " url=http://casino.example.com/«path» logRecordSource=OnPrem"
)
_FORCEPOINT_CEF = (
    "<13>Sep  8 09:05:02 10.40.0.9 CEF:0|Forcepoint|Security|8.5.0|1504|Transaction blocked|7| act=blocked app=http"
    " dvc=10.40.0.9 dst=192.0.2.61 dhost=casino.example.com dpt=80 src=10.40.1.16 spt=2209 suser=LDAP://10.40.0.4"
    " OU\\=Year 9,DC\\=example/Ben Jones loginID=bjones destinationTranslatedPort=51101 rt=1757318702000 in=0 out=554"
    " requestMethod=GET requestClientApplication=«agent» reason=- cs1Label=Policy cs1=role-8**Pupils"
    " cs2Label=DynCat cs2=0 cs3Label=ContentType cs3=- cn1Label=DispositionCode cn1=1025 cn2Label=ScanDuration cn2=1"
    " request=http://casino.example.com/«path»"
)
_FORCEPOINT_LEEF = (
    "<159>Sep  8 09:05:02 10.40.0.9 LEEF:1.0|Forcepoint|Security|8.5.3|transaction:blocked|sev=7\tcat=1504"
    "\tusrName=bjones\tloginID=bjones\tsrc=10.40.1.16\tsrcPort=34312\tsrcBytes=0\tdstBytes=0\tdst=192.0.2.61"
    "\tproxyStatus-code=403\tserverStatus-code=0\tduration=66\tmethod=POST\tcontentType=-\treason=-\tpolicy=Pupils"
    "\trole=8\tuserAgent=«agent»\turl=https://casino.example.com/«path»"
)
FORCEPOINT = [
    Product("forcepoint", _FORCEPOINT).lacking(" loginID=bjones"),
    Product("forcepoint", _FORCEPOINT).lacking(
        " user=LDAP://10.40.0.4 OU=Users,DC=example,DC=org/Ben Jones", " loginID=bjones"
    ),
    Product("forcepoint_cef", _FORCEPOINT_CEF).lacking(" loginID=bjones"),
    Product("forcepoint_leef", _FORCEPOINT_LEEF).lacking("\tloginID=bjones"),
    Product("forcepoint", _FORCEPOINT),
    Product("forcepoint", _FORCEPOINT, writes={"path": _SOLID}),
    Product("forcepoint_cef", _FORCEPOINT_CEF),
    Product("forcepoint_cef", _FORCEPOINT_CEF, writes={"path": _SOLID}),
    Product("forcepoint_leef", _FORCEPOINT_LEEF),
    Product("forcepoint_leef", _FORCEPOINT_LEEF, writes=dict.fromkeys(("path", "agent"), without("\t"))),
]

_PANOS = (
    "<14>Mar 16 09:00:02 PA-220 1,2026/03/16 09:00:02,012801000001,THREAT,url,2561,2026/03/16 09:00:02,10.20.1.16,"
    "192.0.2.80,203.0.113.5,192.0.2.80,Pupils web,example\\bjones,,web-browsing,vsys1,trust,untrust,ethernet1/2,"
    "ethernet1/1,to-syslog,2026/03/16 09:00:02,28191,1,52984,80,37679,80,0x403000,tcp,block-url,"
    '"casino.example.com/«path»",(9999),gambling,informational,client-to-server,7726,0x2000000000000000,'
    '10.0.0.0-10.255.255.255,United Kingdom,0,,0,,,1,"«agent»",,,"«referrer»",,,,0,0,0,0,,,PA-220,,,,,0,,,,,,,,,,'
)
_PANOS_CEF = (
    "<14>Sep  8 09:05:03 PA-3220 CEF:0|Palo Alto Networks|PAN-OS|10.2.4|url|THREAT|1|rt=Sep 08 2025 08:05:02 GMT"
    " src=10.30.1.16 dst=192.0.2.11 suser=school\\\\bjones duser= app=web-browsing spt=57652 dpt=80 proto=tcp"
    ' act=block-url request="casino.example.com/«path»" cs2Label=URL Category cs2=gambling requestContext= cat=(9999)'
    " requestMethod=get requestClientApplication=«agent»"
)
_FORTIGATE_CEF = (
    "Sep  8 09:06:11 FGT-A CEF:0|Fortinet|Fortigate|v6.0.3|13056|utm:webfilter ftgd_blk blocked|4|"
    "deviceExternalId=FGT0000000000001 FTNTFGTlogid=0316013056 cat=utm:webfilter FTNTFGTsubtype=webfilter"
    " FTNTFGTeventtime=1757318771 externalId=764 duser=bjones src=10.20.1.16 spt=59194 dst=192.0.2.61 dpt=80 app=HTTP"
    " dhost=casino.example.com requestClientApplication=«agent» act=blocked request=/«path» out=96 in=0"
    " FTNTFGTreferralurl=«referrer» msg=URL belongs to a denied category FTNTFGTcat=11 requestContext=Gambling"
)
_ZSCALER_CEF = (
    "Sep 08 09:05:02 zscaler-nss CEF:0|Zscaler|NSSWeblog|6.2|Blocked|Not allowed to browse this category|3|act=Blocked"
    " reason=Not allowed to browse this category app=HTTP dhost=casino.example.com dst=192.0.2.61 src=10.50.1.16"
    " sourceTranslatedAddress=198.51.100.7 in=13000 out=560 request=casino.example.com/«path» requestContext=«referrer»"
    " outcome=403 requestClientApplication=«agent» requestMethod=GET suser=bjones@example.org spriv=Main site"
    " externalId=2 cat=Gambling cs2=Gambling cs2Label=urlcat rulelabel=Pupils devicemodel=None"
)
_SKYHIGH_CEF = (
    "<30>Sep  8 09:05:02 mwg01 mwg: CEF:0|McAfee|Web Gateway|7.8.2.8.0|403|Proxy-Block If URL Category|6|"
    "rt=Sep 08 2025 09:05:02 cat=Access Log dst=192.0.2.61 dhost=casino.example.com suser=SCHOOL\\\\bjones"
    " src=10.60.1.16 requestMethod=GET request=http://casino.example.com/«path» app=HTTP cs4=Gambling"
    " cs4Label=URL Categories fileType= out=3001 requestClientApplication=«agent» cs1= cs1Label=Virus Name cn1=10"
    " cn1Label=Block Reason cs5=Pupils cs5Label=Policy"
)


def _cef(text: str) -> str:
    return text.replace("\\", "\\\\").replace("=", "\\=")


_CEF = dict.fromkeys(("path", "agent", "referrer"), _cef)
_NO_BLANKS_IN_PATH = {"path": _SOLID}
EVENTS = [
    Product(
        "panos", _PANOS, pieces=tuple(f'x"{"," * count}2026-03-16T09:00:02.000+14:00,,"' for count in range(74, 78)) * 9
    ),
    Product("panos", _PANOS, writes=dict.fromkeys(("path", "agent", "referrer"), doubled)),
    Product("panos", _PANOS),
    Product("panos_cef", _PANOS_CEF, writes=_CEF),
    Product("panos_cef", _PANOS_CEF),
    Product("fortigate_cef", _FORTIGATE_CEF, writes=_CEF),
    Product("fortigate_cef", _FORTIGATE_CEF),
    Product("zscaler_cef", _ZSCALER_CEF, writes=_CEF),
    Product("zscaler_cef", _ZSCALER_CEF),
    Product("skyhigh_cef", _SKYHIGH_CEF, writes=_CEF),
    Product("skyhigh_cef", _SKYHIGH_CEF),
    Product("skyhigh_cef", _SKYHIGH_CEF).lacking(" suser=SCHOOL\\\\bjones"),
    Product("fortigate_cef", _FORTIGATE_CEF).lacking(" duser=bjones"),
    Product("panos_cef", _PANOS_CEF).lacking(" suser=school\\\\bjones"),
]

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
    Product("umbrella", _UMBRELLA_WEB),
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

_DNS = without(r"\x00-\x20\x7f-\U0010ffff")


def _bind(text: str) -> str:
    escaped = "".join(f"\\{sign}" if sign in '".;\\()@$' else sign for sign in text)
    return "".join(
        sign if "\x20" < sign < "\x7f" else "".join(f"\\{byte:03}" for byte in sign.encode()) for sign in escaped
    )


def _unbound(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_*-]", "?", text)


def _dnsmasq(text: str) -> str:
    return text if re.fullmatch(r"[\x20-\x7e]*", text) else ""


def _windows(text: str) -> str:
    label = re.sub(r"[^\x20-\x7e]", "?", text)[:63]
    return f"({len(label)})" + label if label else ""


NAMES = [
    Product(
        "squidguard",
        "2025-09-08 09:05:01 [26] Request(pupils/gambling/-) http://casino.example.com/«path»"
        " 10.20.1.16/pc-102.school.example bjones GET REDIRECT",
        writes={"path": without(r"\s")},
    ),
    Product(
        "squidguard",
        "2025-09-08 09:05:01 [26] Request(pupils/gambling/-) http://casino.example.com/"
        " 10.20.1.16/«host» bjones «method» REDIRECT",
        writes=dict.fromkeys(("host", "method"), without(r"\s")),
    ),
    Product(
        "dnsmasq", "Dec 30 09:00:01 dnsmasq[812]: query[A] «host»w.example.com from 10.2.3.4", writes={"host": _dnsmasq}
    ),
    Product(
        "dnsmasq",
        "Dec 30 09:00:01 dnsmasq[812]: 7 10.2.3.4/53211 query[A] «host»w.example.com from 10.2.3.4",
        writes={"host": _dnsmasq},
    ),
    Product(
        "unbound", "[1773590852] unbound[123:0] info: 10.2.3.4 «host»w.example.com. A IN", writes={"host": _unbound}
    ),
    Product(
        "unbound",
        "Mar 15 16:07:45 unbound[123:0] info: example.net. refuse 10.2.3.7@60320 «host»x.example.net. A IN",
        writes={"host": _unbound},
    ),
    Product(
        "bind",
        "28-Aug-2026 08:04:30.123 queries: info: client @0x7f5cd4000b98 10.2.3.4#53211 («host»w.example.com):"
        " query: «host»w.example.com IN A +E(0)K (192.0.2.53)",
        writes={"host": _bind},
    ),
    Product(
        "bind",
        "28-Aug-2026 08:04:31.001 rpz: info: client @0x7f5cd4000b98 10.2.3.5#40712 («host»w.example.net): rpz"
        " QNAME NXDOMAIN rewrite «host»w.example.net/A/IN via «host»w.example.net.rpz.example",
        writes={"host": _bind},
    ),
    Product(
        "windows_dns",
        "05/06/2026 10:00:32 0E70 PACKET  00000000033397A0 UDP Rcv 10.2.3.4        5b47   Q [0001   D  "
        " NOERROR] A      (3)www«host»(7)example(3)com(0)",
        writes={"host": _windows},
        declared=Declared(date_order="dmy"),
    ),
]

_ZEEK_HEAD = [
    "#separator \\x09", "#set_separator\t,", "#empty_field\t(empty)", "#unset_field\t-", "#path\thttp",
    "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\ttrans_depth\tmethod\thost\turi\treferrer\tversion"
    "\tuser_agent\trequest_body_len\tresponse_body_len\tstatus_code\tstatus_msg\ttags\tusername\tpassword\tproxied"
    "\tresp_fuids\tresp_mime_types",
]  # fmt: skip
_ZEEK = (
    "1794214800.668082\tCyIaMO7IheOh38Zsi\t10.20.4.17\t51031\t192.0.2.25\t80\t1\t«method»\twww.example.com\t/«path»"
    "\t«referrer»\t1.1\t«agent»\t0\t18244\t407\tOK\t(empty)\t«user»\t-\t-\t-\ttext/html"
)
NETWORK = [
    Product(
        "zeek",
        _ZEEK,
        head=_ZEEK_HEAD,
        writes=dict.fromkeys(("path", "referrer", "agent", "user"), _zeek) | {"method": lambda text: "G" + _zeek(text)},
    ),
    Product("zeek", _ZEEK.replace("«user»", "-").replace("«method»", "GET"), head=_ZEEK_HEAD),
]
for _name, _record in {
    "zeek_json": '{"ts":1794214800.668082,"uid":"Ct","id.orig_h":"10.20.4.17","id.orig_p":1,"id.resp_h":"192.0.2.25",'
    '"id.resp_p":80,"trans_depth":1,"method":"«method»","host":"www.example.com","uri":"/«path»","referrer":"«referrer»",'
    '"version":"1.1","user_agent":"«agent»","response_body_len":18244,"status_code":407,"username":"«user»","tags":[]}',
    "suricata": '{"timestamp":"2026-11-09T09:05:01.123456+0000","flow_id":1,"event_type":"http","src_ip":"10.20.4.17",'
    '"src_port":5,"dest_ip":"192.0.2.25","dest_port":80,"proto":"TCP","tx_id":0,"http":{"hostname":"www.example.com",'
    '"url":"/«path»","http_user_agent":"«agent»","http_content_type":"text/html","http_refer":"«referrer»",'
    '"http_method":"«method»","protocol":"HTTP/1.1","status":200,"length":18244}}',
    "panos_json": '{"TimeReceived":"2026-11-09T09:05:03.000000Z","DeviceSN":"0","LogType":"THREAT","Subtype":"url",'
    '"TimeGenerated":"2026-11-09T09:05:01.000000Z","SourceAddress":"10.20.4.17","SourceUser":"school\\\\a.khan",'
    '"Application":"web-browsing","Action":"block-url","URL":"games.example.net/«path»","URLCategory":"games",'
    '"UserAgent":"«agent»","Referer":"«referrer»","HTTPMethod":"get"}',
    "zscaler_json": '{ "sourcetype" : "zscalernss-web", "event" : {"time":"Mon Nov 09 09:05:02 2026",'
    '"login":"a.khan@school.test","proto":"HTTP","eurl":"games.example.net/«path»","action":"Blocked","urlcat":"Games",'
    '"location":"Main Site","cip":"10.20.4.17","reqmethod":"GET","respcode":"403","ua":"«agent»",'
    '"ereferer":"«referrer»","contenttype":"text/html"}}',
    "netskope": '{"_id":"1","access_method":"Client","domain":"games.example.net","srcip":"203.0.113.5",'
    '"timestamp":1794214802,"traffic_type":"Web","type":"nspolicy","url":"games.example.net/«path»",'
    '"user":"a.khan@school.test","useragent":"«agent»","userip":"10.20.4.17","alert":"yes","alert_type":"policy",'
    '"action":"block"}',
    "adguard_home": '{"IP":"10.20.4.17","T":"2026-11-09T09:05:02.9Z","QH":"«host»ads.example.net","QT":"A","QC":"IN",'
    '"CP":"","Result":{"Rules":[{"Text":"||ads.example.net^","FilterListID":1}],"Reason":3,"IsFiltered":true}}',
    "json": '{"time":"2025-09-08T09:05:02+01:00","user":{"name":"«user»"},"client":[{"ip":"10.20.1.16"}],"http":'
    '{"method":"GET","url":"http://casino.example.com/«path»","status":403},"action":"Block"}',
}.items():  # fmt: skip
    _declared = declared_of(FOLDER / _name)
    _spots = ("path", "agent", "referrer", "user", "host")
    NETWORK.append(
        Product(
            _name,
            _record,
            writes=dict.fromkeys(_spots, _json) | {"method": lambda text: "G" + _json(text)},
            declared=_declared,
        )
    )

TABLES = [
    Product(
        "nextdns", "2026-03-16T09:00:02.000Z,«host»casino.example.com,HTTPS,false,DNS-over-HTTPS,203.0.113.5,blocked,"
        '"category:gambling,blocklist:oisd",,example.com,A1B2C,"Lab, left",Windows,10.20.1.16,,nextdns-windows',
        head=[
            "timestamp,domain,query_type,dnssec,protocol,client_ip,status,reasons,destination_country,root_domain,"
            "device_id,device_name,device_model,device_local_ip,matched_name,client_name"
        ], writes={"host": _unbound},
    ),
    Product(
        "csv", '"08/09/2025 09:05:02","bjones","10.20.1.16","","403","http://casino.example.com/«path»","«agent»",""',
        head=["Time,Username,Source IP,Group,Code,URL,Categories,Domain"],
        declared=declared_of(FOLDER / "csv" / "smoothwall_webfilter.csv"),
        writes=dict.fromkeys(("path", "agent"), doubled),
    ),
    Product(
        "csv", '"08/09/2025 09:05:02","bjones","10.20.1.16","","403","http://casino.example.com/«path»","«agent»",""',
        head=["Time,Username,Source IP,Group,Code,URL,Categories,Domain"],
        declared=declared_of(FOLDER / "csv" / "smoothwall_webfilter.csv"),
    ),
]  # fmt: skip

EVERY = [*W3C, *SQUID, *FIREWALLS, *FORCEPOINT, *EVENTS, *CLOUD, *NAMES, *NETWORK, *TABLES]
