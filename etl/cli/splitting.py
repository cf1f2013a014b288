"""What `news-etl page split` does and prints."""

from __future__ import annotations

from dataclasses import asdict

from etl.flow.split import split

from . import console
from .session import now, session


def split_page(url: str, *, dry_run: bool, as_json: bool) -> None:
    """Make a page that was folded into another a page of its own again."""
    with session() as opened, opened.pool.connection() as conn:
        done = split(conn, url, now=now(), dry_run=dry_run)
    if as_json:
        console.answer({**asdict(done), "dry_run": dry_run})
        return
    verb = "Would take" if dry_run else "Took"
    came = "with its article" if done.article_moved else f"and {done.versions_taken_out} versions out of its article"
    console.out.print(
        f"{verb} {done.url} out of {done.out_of} (joined by {done.rule}), {came}. {done.captures_to_read} captures are "
        "read again, both pages are due, and no redirect or canonical URL joins them again.",
        markup=False,
    )
