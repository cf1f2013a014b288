import pytest

from etl.dedupe.canonical import canonical


@pytest.mark.parametrize(
    ("url", "name"),
    [
        pytest.param(
            "HTTP://www.Example.com:80/a/?utm_source=x", "https://example.com/a", id="tracking and default port"
        )
    ],
)
def test_canonical_url_drops_only_what_never_changes_the_page(url: str, name: str) -> None:
    assert canonical(url) == name
