"""Connections: judged addresses, deadlines that hold, and the pools that keep them alive.

Three things that urllib3 leaves open are closed here, all at the socket, so that every phase is covered:

- It resolves and connects in one step. `Dialer` resolves, asks the guard about each address, and connects to that address.
- Its timeouts count from byte to byte, so a server that drips one byte a second holds a worker for days, in the
  headers too. The sockets here ask a `Clock` before each read: what is left of the total, or of the silence allowed.
- A proxy resolves names by itself, behind the guard's back. We resolve and judge here, then ask the proxy for a tunnel
  (CONNECT) to the judged address, for http as well: what it connects to is what was judged. It must allow CONNECT to
  ports 80 and 443.
"""

from __future__ import annotations

import base64
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from math import inf
from queue import Empty, SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

import certifi
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NameResolutionError, NewConnectionError
from urllib3.util import parse_url

from etl.errors import Misconfigured, Refused
from etl.fetch.guard import Opening, objection

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Resolve = Callable[[str, int], Sequence[tuple[int, str]]]
"""Host and port → (address family, address), in the order of preference."""

# With several addresses, one that swallows packets (a dead IPv6 route, mostly) must not eat the whole connect deadline.
NEXT_ADDRESS_AFTER_S = 4.0
HEADERS_MAX_BYTES = 128 * 1024
PROXY_ANSWER_MAX_BYTES = 16 * 1024


class Clock(threading.local):
    """The deadlines of the exchange that the current thread is having; one exchange lives in one thread."""

    total_at = inf
    silence_s = inf
    header_bytes_left = 0
    in_headers = False
    address = ""

    def start(self, *, total_s: float) -> None:
        self.total_at = monotonic() + total_s

    def left_s(self) -> float:
        """Return how long the next step may wait; raise TimeoutError when the total is used up."""
        left = self.total_at - monotonic()
        if left <= 0:
            raise TimeoutError("the total deadline has passed")
        return min(left, self.silence_s)

    def count(self, received: int) -> None:
        """Raise Refused when the headers alone are larger than any honest server's."""
        if self.in_headers:
            self.header_bytes_left -= received
            if self.header_bytes_left < 0:
                raise Refused(f"more than {HEADERS_MAX_BYTES} bytes of headers", code="too_large")


class DeadlineSocket(socket.socket):
    """A socket that looks at the clock before each read."""

    clock: Clock

    def recv_into(self, buffer: WriteableBuffer, nbytes: int = 0, flags: int = 0) -> int:
        self.settimeout(self.clock.left_s())
        received = super().recv_into(buffer, nbytes, flags)
        self.clock.count(received)
        return received


class DeadlineTlsSocket(ssl.SSLSocket):
    """The same over TLS; `SSLContext.sslsocket_class` makes urllib3 build these."""

    clock: Clock | None = None

    def recv_into(self, buffer: WriteableBuffer, nbytes: int | None = None, flags: int = 0) -> int:
        if self.clock is None:
            return super().recv_into(buffer, nbytes, flags)
        self.settimeout(self.clock.left_s())
        received = super().recv_into(buffer, nbytes, flags)
        self.clock.count(received)
        return received


@lru_cache(maxsize=8)
def tls_context(ca_file: str | None = None) -> ssl.SSLContext:
    """Return a context that always verifies; *ca_file* adds an authority (a company's, a test's) to the known ones.

    The known ones are the system's and certifi's: small images and some builds of Python come without the system's. Reading
    them takes 45 ms of CPU, so it is done once in a process, and where none is added not before TLS is spoken.
    """
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    context.sslsocket_class = DeadlineTlsSocket
    return context


def system_addresses(host: str, port: int) -> list[tuple[int, str]]:
    """Resolve as the machine does (files, DNS); raise `socket.gaierror` when there is no answer."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys((int(family), str(address[0])) for family, _, _, _, address in found))


class Dialer:
    """Opens connections to judged addresses, directly or through the operator's proxy."""

    def __init__(
        self,
        *,
        openings: Sequence[Opening] = (),
        proxy: str | None = None,
        connect_s: float = 10.0,
        resolve: Resolve = system_addresses,
    ) -> None:
        self.clock = Clock()
        self._openings = tuple(openings)
        self._connect_s = connect_s
        self._resolve = resolve
        self._proxy = None if proxy is None else _proxy_of(proxy)

    def dial(self, host: str, port: int) -> DeadlineSocket:
        """Return a connected socket; raise Refused (`address_refused`) when no address of *host* is one we may use."""
        clock = self.clock
        silence_s, clock.silence_s = clock.silence_s, self._connect_s
        try:
            return self._dial(host, port)
        finally:
            clock.silence_s = silence_s

    def _dial(self, host: str, port: int) -> DeadlineSocket:
        judged = self._judged(host, port)
        if self._proxy is None:
            return self._connect(judged, port)
        proxy_host, proxy_port, credentials = self._proxy
        tunnel = self._connect(self._looked_up(proxy_host, proxy_port), proxy_port)
        try:
            _ask_for_tunnel(tunnel, judged[0], port=port, credentials=credentials)
        except BaseException:
            tunnel.close()
            raise
        self.clock.address = judged[0][1]
        return tunnel

    def _judged(self, host: str, port: int) -> list[tuple[int, str]]:
        objections: list[str] = []
        judged: list[tuple[int, str]] = []
        for family, address in self._looked_up(host, port):
            why = objection(address, port, openings=self._openings)
            if why is None:
                judged.append((family, address))
            else:
                objections.append(why)
        if not judged:
            raise Refused(f"{host}: {'; '.join(objections) or 'no address'}", code="address_refused")
        return judged

    def _looked_up(self, host: str, port: int) -> Sequence[tuple[int, str]]:
        """Resolve under the deadline. `getaddrinfo` cannot be interrupted, so it runs in a thread that may outlive us."""
        bare = host.strip("[]")
        try:
            literal = ipaddress.ip_address(bare)
        except ValueError:
            pass
        else:
            return [(socket.AF_INET if literal.version == 4 else socket.AF_INET6, bare)]
        answer: SimpleQueue[Sequence[tuple[int, str]] | OSError] = SimpleQueue()

        def look() -> None:
            try:
                answer.put(self._resolve(bare, port))
            except OSError as error:
                answer.put(error)
            except UnicodeError:  # A label that is empty or too long.
                answer.put(socket.gaierror(socket.EAI_NONAME, "not a host name"))

        threading.Thread(target=look, name=f"resolve {bare}", daemon=True).start()
        try:
            found = answer.get(timeout=self.clock.left_s())
        except Empty:
            raise TimeoutError(f"no address for {bare} in time") from None
        if isinstance(found, OSError):
            raise found
        return found

    def _connect(self, addresses: Sequence[tuple[int, str]], port: int) -> DeadlineSocket:
        failure: OSError = OSError("no address")
        for number, (family, address) in enumerate(addresses, start=1):
            patience = self.clock.left_s()
            if number < len(addresses):
                patience = min(patience, NEXT_ADDRESS_AFTER_S)
            connection = DeadlineSocket(family, socket.SOCK_STREAM)
            connection.clock = self.clock
            try:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.settimeout(patience)
                connection.connect((address, port))
            except OSError as error:
                connection.close()
                failure = error
            else:
                self.clock.address = address
                return connection
        raise failure


class FinalResponse(http.client.HTTPResponse):
    """The answer behind any 102 or 103 (RFC 9110, section 15.2): the standard library passes over 100 only."""

    def _read_status(self) -> tuple[str, int, str]:
        while True:
            line = cast("tuple[str, int, str]", super()._read_status())  # pyright: ignore
            if not 102 <= line[1] < 200:
                return line
            http.client.parse_headers(self.fp)


class GuardedConnection(HTTPConnection):
    """urllib3's connection, dialed by us."""

    response_class = FinalResponse

    def __init__(self, *args: Any, dialer: Dialer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._dialer = dialer
        self._address = ""

    def _new_conn(self) -> socket.socket:
        dialed = _dialed(self, self._dialer)
        self._address = self._dialer.clock.address
        return dialed

    def request(self, *args: Any, **kwargs: Any) -> None:
        self._dialer.clock.address = self._address  # Of a connection kept alive; a new one is dialed after this.
        super().request(*args, **kwargs)


class GuardedTlsConnection(GuardedConnection, HTTPSConnection):
    """The same over TLS; urllib3 verifies certificate and name."""

    def connect(self) -> None:
        super().connect()
        if isinstance(self.sock, DeadlineTlsSocket):
            self.sock.clock = self._dialer.clock


# urllib3 declares ConnectionCls by a protocol that its own HTTPConnection does not fulfil to the letter either.
class GuardedPool(HTTPConnectionPool):
    ConnectionCls = GuardedConnection  # pyright: ignore[reportAssignmentType]


class GuardedTlsPool(HTTPSConnectionPool):
    ConnectionCls = GuardedTlsConnection  # pyright: ignore[reportAssignmentType]

    def __init__(self, host: str, port: int | None = None, *, ca_file: str | None, **kwargs: Any) -> None:
        super().__init__(host, port, ssl_context=tls_context(ca_file), **kwargs)


def pool_classes(dialer: Dialer, ca_file: str | None) -> dict[str, Callable[..., HTTPConnectionPool]]:
    """Return what `urllib3.PoolManager` makes its pools with, by scheme; a *ca_file* that cannot be read is said here."""
    if ca_file is not None:
        tls_context(ca_file)
    return {
        "http": partial(GuardedPool, dialer=dialer),
        "https": partial(GuardedTlsPool, dialer=dialer, ca_file=ca_file),
    }


def _dialed(connection: HTTPConnection, dialer: Dialer) -> socket.socket:
    # The name as given, with its trailing dot if there was one, is what must be looked up (urllib3 keeps it here).
    host = connection._dns_host  # pyright: ignore[reportPrivateUsage]
    try:
        return dialer.dial(host, connection.port)
    except socket.gaierror as error:
        raise NameResolutionError(host, connection, error) from error
    except TimeoutError:
        raise
    except OSError as error:
        raise NewConnectionError(connection, f"cannot connect to {host}: {error}") from error


def _proxy_of(url: str) -> tuple[str, int, str | None]:
    parts = parse_url(url)
    if parts.scheme != "http" or not parts.host:
        raise Misconfigured(f"the proxy must be http://[user:password@]host:port, not {url!r}")
    credentials = None if parts.auth is None else base64.b64encode(parts.auth.encode()).decode()
    return parts.host, parts.port or 3128, credentials


def _ask_for_tunnel(tunnel: DeadlineSocket, judged: tuple[int, str], *, port: int, credentials: str | None) -> None:
    family, address = judged
    target = f"[{address}]:{port}" if family == socket.AF_INET6 else f"{address}:{port}"
    login = "" if credentials is None else f"Proxy-Authorization: Basic {credentials}\r\n"
    tunnel.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{login}\r\n".encode())
    answer = bytearray()
    one = bytearray(1)  # Byte by byte: what follows the blank line already belongs to the other side.
    while not answer.endswith(b"\r\n\r\n"):
        if len(answer) > PROXY_ANSWER_MAX_BYTES or not tunnel.recv_into(one):
            raise OSError("the proxy broke off its answer to CONNECT")
        answer += one
    status = bytes(answer).split(b"\r\n", 1)[0].decode("latin-1")
    if status.split(" ", 2)[1:2] != ["200"]:
        raise OSError(f"the proxy refused the tunnel to {target}: {status}")
