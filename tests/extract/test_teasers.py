"""The blocks of teasers on a page: what they hold, what heads them, of which kind they are."""

from __future__ import annotations

import pytest

from etl.extract import document, teasers

TEXT = (
    "<p>The council met on Tuesday and decided, after three hours, that the bridge will be closed for good. The mayor "
    "had asked for a year more, but the engineers of the county would not put their names to it, and nobody else did.</p>"
)


def page(inner: str) -> document.Document:
    return document.parse(
        f"<html><body><main><article><h1>Bridge to close</h1>{inner}</article></main></body></html>".encode(),
        url="https://news.example/town/2024/05/02/bridge-to-close-for-good",
    )


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        pytest.param(
            TEXT
            + TEXT
            + '<section><h3>Related</h3><ul><li><a href="/2024/05/mayor-defends-plan">Mayor defends plan</a></li>'
            '<li><a href="/town/2024/04/30/engineers-warned-early">Engineers warned early</a></li></ul></section>',
            [("related", "Related", 2)],
            id="a headed list after the text",
        ),
        pytest.param(
            TEXT + '<p>Read also: <a href="/2024/05/mayor-defends-plan">Mayor defends plan</a></p>' + TEXT,
            [("related", "Read also:", 1)],
            id="a read-also line between two paragraphs",
        ),
        pytest.param(
            TEXT
            + TEXT
            + '<section><p>Read more: <a href="/2024/05/lamp-posts-get-paint">Lamp posts get paint</a></p></section>',
            [("related", "Read more:", 1)],
            id="a label with a colon before one link",
        ),
        pytest.param(
            TEXT + '<div class="x"><a href="/2024/05/mayor-defends-plan">Mayor defends plan</a></div>' + TEXT,
            [("related", None, 1)],
            id="a card between two paragraphs without a heading",
        ),
        pytest.param(
            TEXT + TEXT + '<footer><a href="/2024/05/terms-for-all">Terms for all readers</a></footer>',
            [],
            id="the footer is no block",
        ),
        pytest.param(
            TEXT + '<p>The mayor <a href="/2024/05/mayor-defends-plan">defended the plan</a> again in public.</p>',
            [],
            id="a link in a sentence is no teaser",
        ),
        pytest.param(
            TEXT
            + TEXT
            + "<section><h3>Related</h3>"
            + "".join(
                f'<div class="card"><a class="over" href="/2024/05/0{day}/{name}" aria-label="{title}"></a>'
                f'<div class="card-in"><div>Town</div><div>{title}</div></div></div>'
                for day, name, title in (
                    (1, "mayor-defends-her-old-plan", "Mayor defends her plan"),
                    (2, "engineers-warned-them-early-on", "Engineers warned early on"),
                )
            )
            + "</section>",
            [("related", "Related", 2)],
            id="links without text laid over cards",
        ),
        pytest.param(
            TEXT + '<figure><a href="/2024/05/02/photo-of-the-old-bridge" aria-label="The bridge in winter"><img></a>'
            "<figcaption>The bridge in winter</figcaption></figure>" + TEXT,
            [],
            id="a picture in the text with its caption",
        ),
    ],
)
def test_blocks_of_teasers_are_found_with_their_heading(
    inner: str, expected: list[tuple[str, str | None, int]]
) -> None:
    found = teasers.find(page(inner))
    assert [(block.kind, block.heading, len(block.items)) for block in found.blocks] == expected


@pytest.mark.parametrize(
    ("inner", "is_covered"),
    [
        pytest.param("<div id=box><b>Read also</b><ul>{}</ul></div>", True, id="the label stands alone in its box"),
        pytest.param(
            "<div id=box><b>Read also</b><ul>{}</ul>The council sits again in the first week of June.</div>",
            False,
            id="the box has words of its own",
        ),
    ],
)
def test_a_label_that_shares_its_box_with_its_list_is_no_body(inner: str, is_covered: bool) -> None:
    item = '<li><a href="/2024/05/mayor-defends-plan-again">Mayor defends the plan</a></li>'
    doc = page(TEXT + inner.format(item) + TEXT)
    found = teasers.find(doc)
    (box,) = (element for element, attrs in enumerate(doc.attrs) if attrs.get("id") == "box")
    assert [block.heading for block in found.blocks] == ["Read also"]
    assert found.covers(doc.by_tag["b"][0])
    assert found.covers(box) is is_covered


def test_a_linked_second_headline_is_related() -> None:
    headline = '<h2><a href="/2024/05/mayor-defends-plan">Mayor defends the plan</a></h2><div class="photo"></div>'
    found = teasers.find(page(f"{headline}<div>{TEXT}{TEXT}</div>"))
    assert [(block.kind, block.rule) for block in found.blocks] == [("related", "below the headline")]


def test_what_is_teaser_is_covered_and_the_text_is_not() -> None:
    doc = page(
        TEXT + '<aside><h3>Related</h3><a href="/2024/05/mayor-defends-plan">Mayor defends plan</a></aside>' + TEXT
    )
    found = teasers.find(doc)
    covered = [doc.tags[element] for element in range(len(doc.tags)) if found.covers(element)]
    assert "a" in covered
    assert "h3" in covered
    assert "p" not in covered
    assert "h1" not in covered
