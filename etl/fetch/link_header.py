"""What an answer's `Link` header says (RFC 8288): its hub, its canonical address, itself in other languages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urljoin

# No place is looked at twice, whatever stands there: a header may have 128 KB.
LINK = re.compile(r"<([^<>]*)>((?:\s*;\s*[\w*-]+(?:\s*=\s*(?:\"[^\"]*\"|[^\s;,\"]+))?)*)")
PARAMETER = re.compile(r";\s*([\w*-]+)\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))")
LINKS_MAX = 200
"""The largest sites have some 60 language versions."""


@dataclass(frozen=True, slots=True)
class LinkHeader:
    """What one header links to; relations in lower case, addresses absolute."""

    targets: tuple[tuple[str, str], ...] = ()
    """Relation and address, in the order of the header."""
    language_versions: tuple[tuple[str, str], ...] = ()
    """`hreflang` and address of each alternate that has one."""

    def first(self, relation: str) -> str | None:
        """Return the first address of that relation, or None."""
        return next((url for name, url in self.targets if name == relation), None)


def read_link_header(value: str, *, url: str) -> LinkHeader:
    """Return what the `Link` header of the answer for *url* says; nonsense in it is passed over."""
    targets: list[tuple[str, str]] = []
    versions: list[tuple[str, str]] = []
    for target, text in LINK.findall(value)[:LINKS_MAX]:
        parameters: dict[str, str] = {}
        for name, quoted, token in PARAMETER.findall(text):
            parameters.setdefault(name.lower(), quoted or token)  # The first of a name counts (section 3.3).
        if "anchor" in parameters:  # It speaks of something else than the answer.
            continue
        try:
            where = urljoin(url, target.strip())
        except ValueError:
            continue
        relations = parameters.get("rel", "").lower().split()
        targets += [(relation, where) for relation in relations]
        label = parameters.get("hreflang", "").strip()
        if label and "alternate" in relations and where.startswith(("http://", "https://")):
            versions.append((label, where))
    return LinkHeader(tuple(targets), tuple(versions))
