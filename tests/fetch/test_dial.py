from __future__ import annotations

import base64
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from fetch.conftest import LIMITS, LOOPBACK
from newsroom import Newsroom, Reply

from etl.errors import Misconfigured, Refused, Transient
from etl.fetch.http import Fetcher

TEXT = b"<p>A paragraph of text.</p>" * 100
V4, V6 = int(socket.AF_INET), int(socket.AF_INET6)


class Names:
    """A name server for one test: each look-up takes the next answer, the last one stays."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self.answers = {name.replace("_", "."): list(given) for name, given in answers.items()}
        self.asked: list[str] = []

    def __call__(self, host: str, _port: int) -> list[tuple[int, str]]:
        self.asked.append(host)
        if host not in self.answers:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        queue = self.answers[host]
        addresses = queue.pop(0) if len(queue) > 1 else queue[0]
        return [(V6 if ":" in address else V4, address) for address in addresses]


class Proxy:
    """A proxy that knows CONNECT; notes what it was asked for."""

    def __init__(self, *, status: str = "200 Connection established") -> None:
        self.status = status
        self.heads: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                inward, _ = self._listener.accept()
                threading.Thread(target=self._tunnel, args=(inward,), daemon=True).start()

    def _tunnel(self, inward: socket.socket) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += inward.recv(1)
        self.heads.append(head.decode())
        inward.sendall(f"HTTP/1.1 {self.status}\r\nVia: test\r\n\r\n".encode())
        if not self.status.startswith("200"):
            inward.close()
            return
        address, _, port = head.split()[1].decode().rpartition(":")
        outward = socket.create_connection((address.strip("[]"), int(port)))
        for pair in ((inward, outward), (outward, inward)):
            threading.Thread(target=_pump, args=pair, daemon=True).start()

    def close(self) -> None:
        self._listener.close()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    opened = Proxy()
    yield opened
    opened.close()


def test_a_name_is_judged_by_the_address_it_has_when_we_connect(room, archive, now):
    """Rebinding: the name is harmless when looked up first, and points inside when it matters."""
    names = Names(rebound_example=[["127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"]])
    site = room.site("a")
    site.put("/a", Reply(TEXT, headers={"Connection": "close"}, content_length=""))
    fetcher = Fetcher(archive=archive, open_addresses=[f"127.0.0.1:{site.port}"], resolve=names, limits=LIMITS)
    url = f"http://rebound.example:{site.port}/a"
    assert fetcher.get(url, now=now).body == TEXT
    for _ in range(2):
        with pytest.raises(Refused) as caught:
            fetcher.get(url, now=now)
        assert caught.value.code == "address_refused"
    assert len(site.requests) == 1


def test_only_the_judged_addresses_of_a_name_are_tried(room, archive, now):
    names = Names(mixed_example=[["10.0.0.1", "::1", "127.0.0.1"]])
    site = room.site("a")
    site.put("/a", Reply(TEXT))
    fetcher = Fetcher(archive=archive, open_addresses=["127.0.0.1:0-65535"], resolve=names, limits=LIMITS)
    assert fetcher.get(f"http://mixed.example:{site.port}/a", now=now).body == TEXT


def test_the_next_address_is_tried_when_one_does_not_answer(room, archive, now):
    names = Names(two_example=[["127.0.0.9", "127.0.0.1"]])
    site = room.site("a")
    site.put("/a", Reply(TEXT))
    fetcher = Fetcher(archive=archive, open_addresses=[LOOPBACK], resolve=names, limits=LIMITS)
    assert fetcher.get(f"http://two.example:{site.port}/a", now=now).body == TEXT


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://0/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[64:ff9b::127.0.0.1]/",
        "http://[2002:7f00:1::]/",
        "http://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
        "http://93.184.215.14:22/",
        "http://93.184.215.14:8080/",
    ],
)
def test_no_spelling_of_an_address_gets_past_the_guard(archive, now, url):
    fetcher = Fetcher(archive=archive, limits=LIMITS)
    with pytest.raises(Refused) as caught:
        fetcher.get(url, now=now)
    assert caught.value.code == "address_refused"


@pytest.mark.parametrize("host", ["no.such.example", "a..example", "x" * 64 + ".example", "-"])
def test_a_name_without_an_address_is_dns(archive, now, host):
    fetcher = Fetcher(archive=archive, resolve=Names(), limits=LIMITS)
    with pytest.raises((Transient, Refused)) as caught:
        fetcher.get(f"http://{host}/", now=now)
    assert caught.value.code in ("dns", "bad_url")


def test_a_name_server_that_does_not_answer_ends_at_the_connect_deadline(archive, now):
    def silent(host: str, port: int) -> list[tuple[int, str]]:
        time.sleep(5)
        return []

    fetcher = Fetcher(archive=archive, resolve=silent, limits=replace(LIMITS, connect_s=0.3))
    started = time.monotonic()
    with pytest.raises(Transient) as caught:
        fetcher.get("http://slow.example/", now=now)
    assert caught.value.code == "timeout"
    assert time.monotonic() - started < 1.5


def test_names_of_other_alphabets_are_looked_up_in_their_ascii_form(room, archive, now):
    names = Names()
    names.answers["xn--bcher-kva.example"] = [["127.0.0.1"]]
    site = room.site("a")
    site.put("/a", Reply(TEXT))
    fetcher = Fetcher(archive=archive, open_addresses=[LOOPBACK], resolve=names, limits=LIMITS)
    assert fetcher.get(f"http://bücher.example:{site.port}/a", now=now).body == TEXT
    assert site.requests[0].headers["host"] == f"xn--bcher-kva.example:{site.port}"


def test_a_proxy_is_asked_for_the_judged_address_never_for_the_name(room, archive, now, proxy):
    names = Names(news_example=[["127.0.0.1"]], inside_example=[["10.0.0.1"]])
    site = room.site("a")
    site.put("/a", Reply(TEXT))
    names.answers["localhost"] = [["127.0.0.1"]]
    fetcher = Fetcher(
        archive=archive,
        open_addresses=[f"127.0.0.1:{site.port}"],
        proxy=f"http://me:secret@localhost:{proxy.port}",
        resolve=names,
        limits=LIMITS,
    )
    assert fetcher.get(f"http://news.example:{site.port}/a", now=now).body == TEXT
    assert site.requests[0].headers["host"] == f"news.example:{site.port}"
    assert "proxy-authorization" not in site.requests[0].headers
    (head,) = proxy.heads
    assert head.startswith(f"CONNECT 127.0.0.1:{site.port} HTTP/1.1\r\n")
    assert f"Proxy-Authorization: Basic {base64.b64encode(b'me:secret').decode()}\r\n" in head
    with pytest.raises(Refused) as caught:
        fetcher.get("http://inside.example/", now=now)
    assert caught.value.code == "address_refused"
    assert len(proxy.heads) == 1


def test_a_proxy_that_says_no_is_no_connection(archive, now):
    proxy = Proxy(status="403 Forbidden")
    names = Names(news_example=[["93.184.215.14"]])
    fetcher = Fetcher(archive=archive, proxy=f"http://127.0.0.1:{proxy.port}", resolve=names, limits=LIMITS)
    with pytest.raises(Transient) as caught:
        fetcher.get("http://news.example/", now=now)
    proxy.close()
    assert caught.value.code == "connect"
    assert "403 Forbidden" in str(caught.value)


@pytest.mark.parametrize("proxy", ["https://proxy.example:3128", "socks5://proxy.example", "proxy.example", "http://"])
def test_a_proxy_we_cannot_use_stops_the_start(archive, proxy):
    with pytest.raises(Misconfigured):
        Fetcher(archive=archive, proxy=proxy)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority, tmp_path: Path) -> str:
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def secure_site(room: Newsroom, certificate: object):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    site = room.site("secure", tls=context)
    site.put("/a", Reply(TEXT))
    return site


def test_tls_with_a_certificate_that_verifies(room, archive, now, authority, ca_file, proxy):
    names = Names(news_example=[["127.0.0.1"]])
    site = secure_site(room, authority.issue_cert("news.example"))
    for through in (None, f"http://127.0.0.1:{proxy.port}"):
        fetcher = Fetcher(
            archive=archive, open_addresses=[LOOPBACK], ca_file=ca_file, resolve=names, limits=LIMITS, proxy=through
        )
        for _ in range(2):
            assert fetcher.get(f"https://news.example:{site.port}/a", now=now).body == TEXT
    assert {request.connection for request in site.requests} == {1, 2}
    assert len(proxy.heads) == 1


@pytest.mark.parametrize("case", ["unknown authority", "another name", "expired"])
def test_tls_is_verified_always(room, archive, now, authority, ca_file, case):
    names = Names(news_example=[["127.0.0.1"]])
    issuer = type(authority)() if case == "unknown authority" else authority
    name = "other.example" if case == "another name" else "news.example"
    expiry = datetime.now(UTC) - timedelta(days=1) if case == "expired" else None
    site = secure_site(room, issuer.issue_cert(name, not_after=expiry))
    fetcher = Fetcher(archive=archive, open_addresses=[LOOPBACK], ca_file=ca_file, resolve=names, limits=LIMITS)
    with pytest.raises(Transient) as caught:
        fetcher.get(f"https://news.example:{site.port}/a", now=now)
    assert caught.value.code == "tls"
    assert site.requests == []


def test_deadlines_hold_over_tls(room, archive, now, authority, ca_file):
    names = Names(news_example=[["127.0.0.1"]])
    site = secure_site(room, authority.issue_cert("news.example"))
    site.put("/drip", Reply(TEXT, drip_s=0.05))
    site.put("/drip-head", Reply(TEXT, drip_s=0.05, drips_head=True))
    site.put("/late", Reply(TEXT, delay_s=5))
    fetcher = Fetcher(archive=archive, open_addresses=[LOOPBACK], ca_file=ca_file, resolve=names, limits=LIMITS)
    for path in ("/drip", "/drip-head", "/late"):
        started = time.monotonic()
        with pytest.raises(Transient) as caught:
            fetcher.get(f"https://news.example:{site.port}{path}", now=now)
        assert caught.value.code == "timeout"
        assert time.monotonic() - started < 3.0
