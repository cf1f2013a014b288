"""What `news-etl run` and `news-etl web` do."""

from __future__ import annotations

from etl import boot
from etl.errors import Misconfigured
from etl.run.service import Service
from etl.run.web import listening
from etl.settings import Settings

from . import console
from .session import session, settings


def run_service(*, has_web: bool) -> None:
    """Run everything on this machine until it is told to stop."""
    chosen = settings()
    if not boot.shelf(chosen).recipes:
        raise Misconfigured(
            f"there is no recipe in {chosen.recipes_folder}: "
            "`news-etl source add https://www.example.org/` finds the feeds of a site and writes one"
        )
    with session(chosen, migrates=True) as opened:
        console.err.print(f"Running with {chosen.worker_count} workers; Ctrl-C ends it, nothing is lost.")
        address = _web_address(chosen) if has_web else None
        Service(opened.dsn, chosen.worker_count, web_address=address).run()


def _web_address(chosen: Settings) -> str:
    """Return where the status page can be served: where it should be, or at a free port when somebody else is there."""
    address = chosen.web_address
    try:
        listening(address).close()
    except Misconfigured as error:
        with listening(f"{address.rpartition(':')[0]}:0") as probe:
            free = probe.getsockname()[1]
        address = f"{address.rpartition(':')[0]}:{free}"
        console.err.print(f"{error}; another port is taken")
    host = address.replace("0.0.0.0", "127.0.0.1") if not address.startswith(":") else f"127.0.0.1{address}"
    console.err.print(f"Status page: http://{host}/")
    return address
