"""Where things are: the address of every page of the three papers."""

from __future__ import annotations

from dataclasses import dataclass

from etl.run.press.content import Key, Paper, Story

PRIVATE = "/prive/"


@dataclass(frozen=True, slots=True)
class Places:
    """The addresses of the press on the ports it was given."""

    bases: dict[Key, str]
    """Paper → `http://127.0.0.1:port`, without a closing slash."""

    def path(self, story: Story) -> str:
        if story.paper == "aube":
            return f"/{story.section}/{story.slug}-{story.number}.html"
        if story.paper == "littoral":
            return f"/{story.section}/{story.slug}"
        return f"/story.php?id={story.number}"

    def url(self, story: Story) -> str:
        """Return the address that the story's own page calls canonical."""
        return self.bases[story.paper] + self.path(story)

    def amp_path(self, story: Story) -> str | None:
        """Return where the story's AMP page is; only the Courrier has them."""
        return f"/amp{self.path(story)}" if story.paper == "aube" else None

    def section_path(self, paper: Paper, section: str) -> str:
        return f"/section.php?name={section}" if paper.key == "ledger" else f"/{section}/"

    def feed_path(self, paper: Paper) -> str:
        return {"aube": "/rss.xml", "littoral": "/atom.xml", "ledger": "/news-sitemap.xml"}[paper.key]

    def named_in_feed(self, story: Story) -> tuple[str, ...]:
        """Return the addresses under which the paper's feed names the story: one for most, variants for a few."""
        url = self.url(story)
        match story.paper, story.number % 4:
            case "aube", 0:
                amp = self.amp_path(story)
                return url + "?utm_source=rss&utm_medium=feed", self.bases["aube"] + (amp or "")
            case "aube", _:
                return (url + "?utm_source=rss&utm_medium=feed",)
            case "littoral", 1:
                return url + "?xtor=RSS-3208", url + "?fbclid=IwAR2x" + str(story.number)
            case _:
                return (url,)

    def named_in_section(self, story: Story) -> str:
        """Return the address under which a section page names the story."""
        return self.url(story) + ("&utm_campaign=section" if story.paper == "ledger" else "")
