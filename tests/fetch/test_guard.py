from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.errors import Misconfigured
from etl.fetch.guard import embedded, objection, opening


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("127.0.0.1", id="loopback"),
        pytest.param("127.8.9.10", id="all of 127/8"),
        pytest.param("0.0.0.0", id="this host"),
        pytest.param("10.1.2.3", id="private 10/8"),
        pytest.param("172.16.0.1", id="private 172.16/12, first"),
        pytest.param("172.31.255.255", id="private 172.16/12, last"),
        pytest.param("192.168.1.1", id="private 192.168/16"),
        pytest.param("169.254.169.254", id="metadata of most clouds"),
        pytest.param("100.64.0.1", id="carrier-grade NAT"),
        pytest.param("100.100.100.200", id="metadata of Alibaba"),
        pytest.param("192.0.0.192", id="metadata of Oracle"),
        pytest.param("168.63.129.16", id="platform service of Azure"),
        pytest.param("198.18.0.1", id="benchmarking"),
        pytest.param("203.0.113.7", id="documentation"),
        pytest.param("224.0.0.1", id="multicast, local"),
        pytest.param("239.1.1.1", id="multicast, scoped"),
        pytest.param("233.252.0.1", id="multicast, global"),
        pytest.param("240.0.0.1", id="reserved"),
        pytest.param("255.255.255.255", id="broadcast"),
        pytest.param("::", id="v6 unspecified"),
        pytest.param("::1", id="v6 loopback"),
        pytest.param("fe80::1", id="v6 link-local"),
        pytest.param("fe80::1%eth0", id="v6 link-local with a scope"),
        pytest.param("fc00::1", id="v6 unique-local"),
        pytest.param("fd00:ec2::254", id="v6 metadata of Amazon"),
        pytest.param("fec0::1", id="v6 site-local"),
        pytest.param("ff02::1", id="v6 multicast"),
        pytest.param("2001:db8::1", id="v6 documentation"),
        pytest.param("3fff::1", id="v6 documentation, newer"),
        pytest.param("5f00::1", id="v6 segment routing"),
        pytest.param("::ffff:127.0.0.1", id="v4-mapped loopback"),
        pytest.param("::ffff:169.254.169.254", id="v4-mapped metadata"),
        pytest.param("::127.0.0.1", id="v4-compatible loopback"),
        pytest.param("2002:7f00:1::", id="6to4 loopback"),
        pytest.param("2002:c0a8:101::1", id="6to4 private"),
        pytest.param("64:ff9b::7f00:1", id="NAT64 loopback"),
        pytest.param("64:ff9b::a9fe:a9fe", id="NAT64 metadata"),
        pytest.param("64:ff9b:1::808:808", id="NAT64 local prefix"),
        pytest.param("2001:0:4136:e378:8000:63bf:80ff:fffe", id="Teredo with loopback inside"),
    ],
)
def test_addresses_that_are_not_of_the_public_web_are_objected_to(address):
    assert objection(address, 443) is not None


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("93.184.215.14", id="v4"),
        pytest.param("172.32.0.1", id="just behind a private range"),
        pytest.param("100.128.0.1", id="just behind carrier-grade NAT"),
        pytest.param("2606:2800:21f:cb07:6820:80da:af6b:8b2c", id="v6"),
        pytest.param("::ffff:93.184.215.14", id="v4-mapped"),
        pytest.param("64:ff9b::5db8:d70e", id="NAT64"),
    ],
)
def test_public_addresses_are_fine_on_the_ports_of_the_web_only(address):
    assert objection(address, 80) is None
    assert objection(address, 443) is None
    assert "port 8080" in (objection(address, 8080) or "")
    assert "port 25" in (objection(address, 25) or "")


@pytest.mark.parametrize(
    ("exception", "address", "port", "is_open"),
    [
        pytest.param("127.0.0.1:8000-9000", "127.0.0.1", 8500, True, id="named address and port"),
        pytest.param("127.0.0.1:8000-9000", "127.0.0.1", 9001, False, id="other port"),
        pytest.param("127.0.0.1:8000-9000", "127.0.0.2", 8500, False, id="other address"),
        pytest.param("10.1.0.0/16:80", "10.1.200.3", 80, True, id="a network"),
        pytest.param("10.1.0.0/16:80", "10.2.0.1", 80, False, id="outside the network"),
        pytest.param("[::1]:8080", "::1", 8080, True, id="v6"),
        pytest.param("127.0.0.1:8080", "::ffff:127.0.0.1", 8080, True, id="v4-mapped form of an opened address"),
        pytest.param("*:8080", "93.184.215.14", 8080, True, id="a port on public addresses"),
        pytest.param("*:8080", "127.0.0.1", 8080, False, id="a port does not open private addresses"),
        pytest.param("127.0.0.1:8080", "93.184.215.14", 8080, False, id="an address does not open its port elsewhere"),
    ],
)
def test_exceptions_open_exactly_what_they_name(exception, address, port, is_open):
    assert (objection(address, port, openings=[opening(exception)]) is None) is is_open


@pytest.mark.parametrize(
    "text", ["", "127.0.0.1", "127.0.0.1:", "localhost:80", "127.0.0.1:x", "127.0.0.1:9-8", "*:70000"]
)
def test_an_exception_that_cannot_be_read_stops_the_start(text):
    with pytest.raises(Misconfigured):
        opening(text)


@given(st.ip_addresses(v=4))
def test_no_v6_form_of_a_v4_address_is_judged_otherwise(address):
    bare = objection(str(address), 443) is None
    number = int(address)
    forms = [
        ipaddress.IPv6Address(0xFFFF << 32 | number),
        ipaddress.IPv6Address(0x2002 << 112 | number << 80),
        ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) | number),
        ipaddress.IPv6Address(0x2001 << 112 | (number ^ 0xFFFF_FFFF)),
    ]
    for form in forms:
        assert embedded(form) == address
        assert (objection(str(form), 443) is None) == bare


@given(st.ip_addresses())
def test_whatever_the_standard_library_calls_private_is_refused(address):
    if (
        address.is_private
        or address.is_loopback
        or address.is_multicast
        or address.is_reserved
        or address.is_link_local
    ):
        inner = embedded(address)
        if inner == address or not inner.is_global:
            assert objection(str(address), 443) is not None
