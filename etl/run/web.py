"""The web server of the service: a status page for people, health checks for machines, metrics for Prometheus.

It reads and writes nothing but what hubs say (`etl.run.websub`), keeps no state, and answers whatever state the database is in.
There is no log-in: it listens where NEWS_ETL_WEB_ADDRESS says, on this machine only unless that is changed.
"""

from __future__ import annotations

import socket

import psycopg
import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from etl.errors import Misconfigured
from etl.run import metrics, status_page, websub
from etl.run.watch import SOURCES_MEASURED, Watch

log = structlog.get_logger()
STOP_S = 5
"""A request takes milliseconds; one that takes longer is cut off when the process is told to stop."""
PLAIN = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def application(dsn: str) -> Starlette:
    """Return the web application on the database at *dsn*, which need not answer yet."""
    watch = Watch(dsn)

    def livez(_request: Request) -> Response:
        return PlainTextResponse("alive\n", headers=PLAIN)

    def readyz(_request: Request) -> Response:
        ready = watch.readiness()
        return PlainTextResponse(f"{ready.words}\n", status_code=200 if ready.is_ready else 503, headers=PLAIN)

    def measured(_request: Request) -> Response:
        ready = watch.readiness()
        facts = watch.facts(sources=SOURCES_MEASURED) if ready.is_ready else None
        body = metrics.exposed(facts, is_ready=ready.is_ready)
        return Response(body, headers={**PLAIN, "Content-Type": metrics.CONTENT_TYPE})

    def status(_request: Request) -> Response:
        ready = watch.readiness()
        if not ready.is_ready:
            return HTMLResponse(status_page.not_ready(ready.words), status_code=503, headers=status_page.HEADERS)
        return HTMLResponse(status_page.page(watch.facts(), words=ready.words), headers=status_page.HEADERS)

    def database_error(_request: Request, error: Exception) -> Response:
        words = str(error).strip().partition("\n")[0]
        log.warning("status_not_read", detail=words)
        return PlainTextResponse(f"the database does not answer: {words}\n", status_code=503, headers=PLAIN)

    routes = [
        Route("/livez", livez),
        Route("/readyz", readyz),
        Route("/metrics", measured),
        Route("/", status),
        *websub.routes(dsn),
    ]
    return Starlette(routes=routes, exception_handlers={psycopg.Error: database_error})


def listening(address: str) -> socket.socket:
    """Return a socket that listens at `host:port`, `[host]:port` or `:port`. Raises Misconfigured with the reason."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65_535:
        raise Misconfigured(f"NEWS_ETL_WEB_ADDRESS: {address!r} is not address:port, such as 127.0.0.1:8080")
    host = host.removeprefix("[").removesuffix("]")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host or "0.0.0.0", int(port)), family=family, backlog=128)
    except OSError as error:
        raise Misconfigured(f"NEWS_ETL_WEB_ADDRESS: cannot listen at {address}: {error.strerror or error}") from error


def server(dsn: str) -> uvicorn.Server:
    """Return the server, to be run on sockets."""
    return uvicorn.Server(
        uvicorn.Config(
            application(dsn),
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=STOP_S,
        )
    )


def serve(dsn: str, *, address: str) -> None:
    """Serve at *address* until SIGTERM or SIGINT."""
    with listening(address) as opened:
        host, port = opened.getsockname()[:2]
        log.info("web_listens", address=f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        server(dsn).run(sockets=[opened])
        log.info("web_stopped")
