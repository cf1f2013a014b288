"""What went wrong is said in words for people, with host and port; never in the form of an object."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from newsroom import Reply

from etl.errors import Transient
from etl.fetch.http import Fetcher, Limits

LOOPBACK = "127.0.0.1:0-65535"


def names(_host: str, _port: int) -> list[tuple[int, str]]:
    return [(socket.AF_INET, "127.0.0.1")]


def words_of(fetcher: Fetcher, url: str, now) -> str:
    with pytest.raises(Transient) as caught:
        fetcher.get(url, now=now)
    return str(caught.value)


@pytest.fixture
def closed_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        yield one.getsockname()[1]  # Bound but not listening: nobody else takes it, and it refuses.


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_refused_connection_names_host_port_and_cause(archive, now, closed_port, scheme):
    fetcher = Fetcher(archive=archive, open_addresses=[LOOPBACK], resolve=names)
    url = f"{scheme}://news.example:{closed_port}/feed"
    assert words_of(fetcher, url, now) == f"no connection: {url} (news.example, port {closed_port}: Connection refused)"


def test_a_name_without_an_address_names_the_usual_port(archive, now):
    def nobody(_host: str, _port: int) -> list[tuple[int, str]]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    words = words_of(Fetcher(archive=archive, resolve=nobody), "https://news.example/feed", now)
    assert words == (
        "the name has no address: https://news.example/feed (news.example, port 443: Name or service not known)"
    )


@pytest.mark.parametrize(
    ("issued_for", "age_days", "cause"),
    [
        ("news.example", 1, "certificate has expired"),
        (
            "other.example",
            -9,
            "Hostname mismatch, certificate is not valid for 'news.example'",
        ),
    ],
    ids=["expired", "another name"],
)
def test_a_certificate_that_does_not_verify_says_why(room, archive, now, tmp_path, issued_for, age_days, cause):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    expiry = datetime.now(UTC) - timedelta(days=age_days)
    authority.issue_cert(issued_for, not_after=expiry).configure_cert(context)
    site = room.site("secure", tls=context)
    fetcher = Fetcher(
        archive=archive, open_addresses=[LOOPBACK], ca_file=str(tmp_path / "ca.pem"), resolve=names, limits=Limits()
    )
    url = f"https://news.example:{site.port}/a"
    assert words_of(fetcher, url, now) == (
        f"no trusted connection: {url} (news.example, port {site.port}: its certificate was refused, {cause})"
    )


def test_a_host_that_speaks_no_tls_says_so(archive, now):
    fetcher = Fetcher(archive=archive, open_addresses=[LOOPBACK], resolve=names)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            with server.accept()[0] as one:
                one.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")
                one.recv(65536)

        port = server.getsockname()[1]
        threading.Thread(target=greet, daemon=True).start()
        url = f"https://news.example:{port}/a"
        words = words_of(fetcher, url, now)
    assert words.startswith(f"no trusted connection: {url} (news.example, port {port}: TLS failed, ")
    assert "_ssl" not in words


def test_a_silent_host_is_told_without_the_library_s_names(room, archive, now):
    site = room.site("silent")
    site.put("/a", Reply(b"late", delay_s=4))
    fetcher = Fetcher(archive=archive, open_addresses=[LOOPBACK], limits=Limits(first_byte_s=0.3))
    url = site.url("/a")
    assert words_of(fetcher, url, now) == f"no answer in time: {url} (127.0.0.1, port {site.port}: timed out)"
