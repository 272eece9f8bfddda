"""Records of name servers, sensors, JSON and tables, with the places that are a client's; see `hostile`."""

from __future__ import annotations

import json
import re

from pipeline.formats import Declared
from tests.hostile import Product, doubled, without
from tests.samples import FOLDER, declared_of


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _zeek(text: str) -> str:
    return "".join(
        sign if " " <= sign < "\x7f" and sign != "\\" else "".join(f"\\x{byte:02x}" for byte in sign.encode())
        for sign in text
    )


def _method(text: str) -> str:
    """Never only a dash, which would be none."""
    return "G" + _zeek(text)


def _json_method(text: str) -> str:
    return "G" + _json(text)


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
        "meraki",
        "1794214800.038687615 MX-school urls src=10.20.1.16:63735 dst=192.0.2.10:80 mac=00:00:5E:00:53:01"
        " agent='«agent»' request: GET http://casino.example.com/«path»",
        writes={"path": without(r"\s")},
    ),
    Product(
        "ufdbguard",
        "2026-09-28 10:15:01 [2417] BLOCK bjones           10.20.1.16      pupils     gambling      "
        "http://casino.example.com/«path» GET ",
        writes={"path": without(r"\s")},
    ),
    Product(
        "ufdbguard",
        "2026-09-28 10:15:01 [2417] BLOCK bjones           10.20.1.16      pupils     gambling      "
        "«host».example.com:443 CONNECT «server»",
        writes=dict.fromkeys(("host", "server"), without(r"\s")),
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
        "bind",
        "<30>Mar 15 16:07:45 dns1 named[28468]: CEF:0|Infoblox|NIOS|8.6.2-49634|RPZ-QNAME|NXDOMAIN|7|app=DNS"
        ' dst=10.2.0.2 src=10.2.3.5 spt=51424 view=_default qtype=A msg="rpz QNAME NXDOMAIN rewrite'
        ' «host»w.example.net [A] via «host»w.example.net.rpz.example" CAT=RPZ',
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
    (
    "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\ttrans_depth\tmethod\thost\turi\treferrer\tversion"
    "\tuser_agent\trequest_body_len\tresponse_body_len\tstatus_code\tstatus_msg\ttags\tusername\tpassword\tproxied"
    "\tresp_fuids\tresp_mime_types"
    ),
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
        writes=dict.fromkeys(("path", "referrer", "agent", "user"), _zeek) | {"method": _method},
    ),
    Product("zeek", _ZEEK.replace("«user»", "-").replace("«method»", "GET"), head=_ZEEK_HEAD),
]
_OBJECTS = {
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
    "fortigate_json": '{"date":"2025-09-08","time":"09:06:11","eventtime":1757318771000000000,"tz":"+0100","vd":"root",'
    '"logid":"0316013056","type":"utm","subtype":"webfilter","user":"bjones","srcip":"10.20.1.16","service":"HTTP",'
    '"hostname":"casino.example.com","agent":"«agent»","action":"blocked","url":"http://casino.example.com/«path»",'
    '"rcvdbyte":0,"referralurl":"«referrer»"}',
    "umbrella_json": '{"type":"proxy","timestamp":1773651904123,"internalip":"10.20.1.16","externalip":"203.0.113.5",'
    '"verdict":"blocked","url":"https://casino.example.com/«path»","requestmethod":"«method»","statuscode":403,'
    '"responsesize":746,"contenttype":"text/html","useragent":"«agent»","referer":"«referrer»","identities":'
    '[{"label":"bjones","type":{"label":"AD Users"}}],"categories":[{"label":"Gambling","deprecated":false}]}',
    "sophos_central": '{"when":"2026-03-16T09:05:01.000Z","source_info":{"ip":"10.20.1.16"},"customer_id":"0",'
    '"source":"SCHOOL\\\\bjones","type":"Event::Endpoint::WebControlViolation","location":"LAB2-07","group":"WEB",'
    '"name":"\'https://casino.example.com/«path»\' blocked due to category \'Gambling\'"}',
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
}  # fmt: skip
_ZSCALER_DNS = (
    '{"sourcetype":"zscalernss-dns","event":{"datetime":"Mon Nov 09 09:05:02 2026","user":"a.khan@school.test",'
    '"reqaction":"REQ_BLOCK","resaction":"None","dns_req":"«host».example.net","clt_sip":"10.20.4.17"}}'
)
_ALL = ("path", "agent", "referrer", "user", "host")
NETWORK += [
    Product(
        name, record, writes=dict.fromkeys(_ALL, _json) | {"method": _json_method},
        declared=declared_of(FOLDER / name),
    )
    for name, record in _OBJECTS.items()
]  # fmt: skip
NETWORK.append(Product("zscaler_json", _ZSCALER_DNS, writes={"host": _json}))

_SKYHIGH_CLOUD_HEAD = (
    '"user_id","username","source_ip","http_action","server_to_client_bytes","client_to_server_bytes","requested_host",'
    '"requested_path","result","virus","request_timestamp_epoch","request_timestamp","uri_scheme","category",'
    '"media_type","http_status_code","client_ip","user_agent_comment","referer"'
)
_SKYHIGH_CLOUD = (
    '"17","bjones","203.0.113.5","GET","3001","604","casino.example.com","/«path»","DENIED","","1773651902",'
    '"2026-03-16 09:05:02","http","Gambling","","403","10.20.1.16","«agent»","«referrer»"'
)
_FORCEPOINT_CLOUD_HEAD = (
    '"Date & Time","Risk Class","Action","User","Policy Name","Category Name","Domain","URL - Full","Connection IP",'
    '"Source IP","Referrer URL - Full","User Agent","HTTP Status Code","Request Method"'
)
_FORCEPOINT_CLOUD = (
    '"16/03/2026 09:05:02","Productivity Loss","Blocked","bjones","Pupils","Gambling","casino.example.com",'
    '"http://casino.example.com/«path»","203.0.113.5","10.20.1.16","«referrer»","«agent»","403","GET"'
)
TABLES = [
    Product("forcepoint_cloud", _FORCEPOINT_CLOUD, head=[_FORCEPOINT_CLOUD_HEAD]),
    Product(
        "forcepoint_cloud", _FORCEPOINT_CLOUD, head=[_FORCEPOINT_CLOUD_HEAD],
        writes=dict.fromkeys(("path", "agent", "referrer"), doubled),
    ),
    Product("skyhigh_cloud", _SKYHIGH_CLOUD, head=[_SKYHIGH_CLOUD_HEAD]),
    Product(
        "skyhigh_cloud", _SKYHIGH_CLOUD, head=[_SKYHIGH_CLOUD_HEAD],
        writes=dict.fromkeys(("path", "agent", "referrer"), doubled),
    ),
    Product(
        "nextdns", "2026-03-16T09:00:02.000Z,«host»casino.example.com,HTTPS,false,DNS-over-HTTPS,203.0.113.5,blocked,"
        '"category:gambling,blocklist:oisd",,example.com,A1B2C,"Lab, left",Windows,10.20.1.16,,nextdns-windows',
        head=[
            (
            "timestamp,domain,query_type,dnssec,protocol,client_ip,status,reasons,destination_country,root_domain,"
            "device_id,device_name,device_model,device_local_ip,matched_name,client_name"
            )
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
