"""NextDNS: the names of the columns that its API has, beside those of the download."""

from __future__ import annotations

import polars as pl
import pytest

from pipeline.formats import LINES, Declared, registry


@pytest.mark.parametrize("between", [".", "_", ""])
def test_columns_named_as_the_api_names_them_lose_no_client(between: str) -> None:
    part = f"device{between}"
    local, name = (f"{part}localIp", f"{part}name") if between else ("deviceLocalIp", "deviceName")
    texts = [
        f"timestamp,domain,root,encrypted,protocol,clientIp,client,{part}id,{name},{local},status,reasons",
        "2026-03-16T09:00:01.123Z,www.example.com,example.com,true,DNS-over-HTTPS,203.0.113.7,,A1,PC-1,192.0.2.7,,",
        "2026-03-16T09:00:02.123Z,www.example.net,example.net,true,DNS-over-HTTPS,203.0.113.7,,,,,blocked,x",
    ]
    found = registry()["nextdns"]
    assert found.claims(texts)
    table = pl.DataFrame({"line": range(1, 4), "text": texts}, schema=LINES)
    events = found.parse(table, Declared(), "").events
    assert events.select("client_ip", "device", "host", "verdict").rows() == [
        ("192.0.2.7", "PC-1", "www.example.com", "allowed"),
        ("203.0.113.7", None, "www.example.net", "blocked"),
    ]
