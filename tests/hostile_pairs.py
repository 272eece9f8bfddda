"""Records of key and value, with the places that are a client's; see `hostile`."""

from __future__ import annotations

from tests.hostile import Product, doubled, quoted, without

_SOLID = without(r"\s")
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
_SONIC_CEF = (
    "<134>Sep 28 10:15:03 192.0.2.1 CEF:0|SonicWall|NSa 2700|7.0.1-5030|14|Website Blocked|7|cat=4 gcat=3"
    ' src=10.20.1.16 spt=56502 deviceInboundInterface=X0 dst=192.0.2.11 dpt=80 susr="bjones" proto=tcp/http app=49177'
    ' request=casino.example.com«host»/«path» reason=11 Category-"Gambling" cnt=2'
)
_SONIC_VISITED = _SONIC_CEF.replace("|14|Website Blocked|", "|97|Syslog Website Accessed|")
_PANOS_LEEF = (
    "<14>Mar 16 09:00:02 PA-3220 LEEF:2.0|Palo Alto Networks|PAN-OS Syslog Integration|10.2.4|(9999)|x7C"
    "|ReceiveTime=2026/03/16 09:00:02|SerialNumber=000000000001|cat=THREAT|Subtype=url"
    "|devTime=Mar 16 2026 09:00:02 GMT|src=10.20.1.16|dst=192.0.2.10|RuleName=Pupils out|usrName=school\\bjones"
    "|SourceUser=school\\bjones|Application=web-browsing|dstPort=80|proto=tcp|action=block-url"
    '|Miscellaneous="casino.example.com/«path»"|ThreatID=(9999)|URLCategory=gambling|ContentType=|RequestMethod=get'
)
_STRATA_LEEF = (
    "<14>1 2026-03-16T09:01:01.328Z stream logforwarder - panwlogs - LEEF:2.0|Palo Alto Networks|Next Generation"
    " Firewall|10.1|gambling|\t|TimeReceived=2026-03-16T09:01:01.000000Z\tcat=threat\tSubType=url"
    "\tdevTime=2026-03-16T09:01:01.000000Z\tsrc=10.20.1.16\tusrName=school\\bjones\tApplication=web-browsing"
    "\tdstPort=80\tAction=block-url\tURL=casino.example.com/«path»\tContentType=\tUserAgent=«agent»"
    "\tReferer=«referrer»\tHTTPMethod=get"
)
_BOX = (
    '<142>Sep 28 10:15:02 fb1 80D6000000000 (2026-09-28T09:15:02) http-proxy[2345]: msg_id="1AFF-0024" Allow 1-Trusted'
    ' 0-External tcp 10.20.1.16 192.0.2.10 64425 80 msg="HTTP Request" proxy_act="HTTP-Client.1" op="GET"'
    ' dstname="news.example.org«host»" arg="/«path»" sent_bytes="339" rcvd_bytes="4428"'
    ' elapsed_time="5.037750 sec(s)" app_id="0" reputation="-1" src_user="bjones" geo_dst="GBR" (HTTP-proxy-00)'
)
_PROXYSG = (
    '<111>1 2026-03-16T09:05:01 proxy1 bluecoat - splunk_format - c-ip=10.20.1.16 rs-Content-Type="text/html"'
    ' cs-bytes=963 cs-categories="Gambling" cs-host=casino.example.com cs-ip=10.20.1.16 cs-method=GET'
    ' cs-uri-path=/«path» cs-uri-port=80 cs-uri-scheme=http cs-User-Agent="«agent»" cs-username=bjones'
    " s-action=TCP_DENIED sc-bytes=5120 sc-filter-result=DENIED sc-status=403 time-taken=382"
    ' x-exception-id=content_filter_denied c-url="http://casino.example.com/" cs-Referer="«referrer»" c-cpu=-'
)
_SKYHIGH_LEEF = (
    "<30>Mar 16 09:05:02 proxy1 mwg: LEEF:1.0|McAfee|Web Gateway|9.2.18|0|devTime=1773651902000|usrName=SCHOOL\\bjones"
    "|realm=school|src=10.20.1.16|srcPort=50783|blockReason=Blocked by URL filtering|dstBytes=3001|httpStatus=403"
    "|timeTaken=267|contentType=text/html|urlCategories=Gambling|policy=Default|proto=http|method=GET"
    "|url=http://casino.example.com/«path»|referer=«referrer»|userAgent=«agent»|virusName=false|application="
)
_BOX_LEEF = (
    "<142>Sep 28 10:15:02 fb1 LEEF:1.0|WatchGuard|XTM|12.8.2.B666661|1AFF0021|serial=80D6000000000"
    "\tpolicy=HTTP-proxy-00\tdisp=Deny\tin_if=Pupils\tout_if=External\tgeo_dst=GBR\tsrc=10.20.1.16\tsrcPort=52804\tdst=192.0.2.10\tdstPort=80"
    "\tproto=tcp\tproxy_act=HTTP-Client.1\tcats=Gambling\top=GET\tdstname=casino.example.com\targ=/«path»"
    "\taction=casino.example.com\tsrc_user=SCHOOL\\bjones\tmsg=ProxyDeny: HTTP Request categories"
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
    Product("panos_leef", _PANOS_LEEF),
    Product("panos_leef", _PANOS_LEEF).lacking("|usrName=school\\bjones|SourceUser=school\\bjones"),
    Product("panos_leef", _STRATA_LEEF),
    Product("skyhigh_leef", _SKYHIGH_LEEF),
    Product("skyhigh_leef", _SKYHIGH_LEEF, writes={"path": without(r"\s")}),
    Product("proxysg_pairs", _PROXYSG),
    Product("proxysg_pairs", _PROXYSG, writes={"path": without(r"\s")}),
    Product("proxysg_pairs", _PROXYSG).lacking(" x-exception-id=content_filter_denied"),
    Product("watchguard", _BOX),
    Product("watchguard", _BOX, writes={"path": quoted, "host": quoted}),
    Product("watchguard", _BOX).lacking(' src_user="bjones"'),
    Product("sonicwall", _SONIC).lacking(' usr="bjones"'),
    Product("sonicwall_cef", _SONIC_CEF),
    Product("sonicwall_cef", _SONIC_CEF).lacking(' susr="bjones"'),
    Product("sonicwall_cef", _SONIC_VISITED),
    Product("sonicwall_cef", _SONIC_VISITED + ' fw_action="NA" dpi=1'),
    Product("sophos_xg", _XG).lacking(' user_name="bjones"'),
    Product("sophos_utm", _UTM).lacking(' user="bjones"'),
    Product("watchguard", _BOX_DENIED),
    Product("watchguard_leef", _BOX_LEEF),
    Product("watchguard_leef", _BOX_LEEF, writes={"path": without("\t")}),
    # Nothing in LEEF tells a tab in a path from the end of the path: see the module.
    Product("watchguard_leef", _BOX_LEEF, writes={"path": without("\t")}).lacking("\tsrc_user=SCHOOL\\bjones"),
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
_ANALYZER = (
    '"itime=1757318771","date=2025-09-08","time=09:06:11","devid=FGT0000000000001","vd=root","type=""utm""",'
    '"subtype=""webfilter""","action=""blocked""","","catdesc=""Gambling""","devname=FGT A","hostname='
    '""casino.example.com""","logid=""0316013056""","rcvdbyte=0","","service=""HTTP""","srcip=10.20.1.16",'
    '"url=""/«path»""","user=""bjones"""'
)
_FORTIGATE_CEF = (
    "Sep  8 09:06:11 FGT-A CEF:0|Fortinet|Fortigate|v6.0.3|13056|utm:webfilter ftgd_blk blocked|4|"
    "deviceExternalId=FGT0000000000001 FTNTFGTlogid=0316013056 cat=utm:webfilter FTNTFGTsubtype=webfilter"
    " FTNTFGTeventtime=1757318771 externalId=764 duser=bjones src=10.20.1.16 spt=59194 dst=192.0.2.61 dpt=80 app=HTTP"
    " dhost=casino.example.com requestClientApplication=«agent» act=blocked request=/«path» out=96 in=0"
    " FTNTFGTreferralurl=«referrer» msg=URL belongs to a denied category FTNTFGTcat=11 requestContext=Gambling"
)
_ANALYZER_CEF = (
    "Sep  8 09:06:11 FGT-A CEF:0|Fortinet|FortiGate-100F|7.2.8,build1639 (GA)|0316013056|webfilter utm blocked|5|"
    "start=Sep 08 2025 09:06:11 logver=702081639 dvchost=FGT-A vd=root eventtime=1757318771000000000 tz=+0100"
    " logid=0316013056 cat=utm subtype=webfilter duser=bjones src=10.20.1.16 spt=59194 dst=192.0.2.61 dpt=80 app=HTTP"
    " dhost=casino.example.com agent=«agent» act=blocked request=/«path» referralurl=«referrer» out=96 in=0 cat=11"
    ' requestContext=Gambling tz="+0100"'
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
_SOPHOS_CENTRAL_CEF = (
    "CEF:0|sophos|sophos central|1.0|Event::Endpoint::WebControlViolation|'https://casino.example.com/«path»' blocked"
    " due to category 'Gambling'|1|source_info_ip=10.20.1.16 group=WEB suser=SCHOOL\\\\bjones"
    " rt=2026-03-16T09:05:06.823Z end=2026-03-16T09:05:01.000Z dhost=LAB2-07"
)


def _cef_header(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|")


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
    Product("fortigate", _ANALYZER, writes={"path": lambda text: doubled(quoted(text))}),
    Product("fortigate", _ANALYZER, writes={"path": doubled}),
    Product("fortigate", _ANALYZER),
    # Quotes that a device or the download does not escape end a value within its cell.
    Product("fortigate", _ANALYZER, writes={"path": doubled}, pieces=(' user="asmith', '" user="asmith')).lacking(
        ',"user=""bjones"""'
    ),
    Product("fortigate_cef", _FORTIGATE_CEF, writes=_CEF),
    Product("fortigate_cef", _FORTIGATE_CEF),
    Product("fortigate_cef", _ANALYZER_CEF, writes=_CEF),
    Product("fortigate_cef", _ANALYZER_CEF),
    Product("zscaler_cef", _ZSCALER_CEF, writes=_CEF),
    Product("zscaler_cef", _ZSCALER_CEF),
    Product("skyhigh_cef", _SKYHIGH_CEF, writes=_CEF),
    Product("skyhigh_cef", _SKYHIGH_CEF),
    Product("skyhigh_cef", _SKYHIGH_CEF).lacking(" suser=SCHOOL\\\\bjones"),
    Product("sophos_central_cef", _SOPHOS_CENTRAL_CEF, writes={"path": _cef_header}),
    Product("sophos_central_cef", _SOPHOS_CENTRAL_CEF, writes={"path": _cef_header}).lacking(" suser=SCHOOL\\\\bjones"),
    Product("fortigate_cef", _FORTIGATE_CEF).lacking(" duser=bjones"),
    Product("fortigate_cef", _ANALYZER_CEF).lacking(" duser=bjones"),
    Product("panos_cef", _PANOS_CEF).lacking(" suser=school\\\\bjones"),
]
