"""The little press: three invented papers on loopback that `news-etl demo` reads, twice.

>>> with serve(now) as press:
...     press.recipes_folder(folder)   # three recipes, with the ports in use
...     ...                            # first poll
...     press.turn_page()              # an edit, a withdrawal, a re-post, new stories
...     ...                            # second poll
...     press.gold.counts              # what is right to find
"""

from etl.run.press.gold import Counts, Gold, GoldArticle, GoldLink
from etl.run.press.server import Asked, Press, serve

__all__ = ["Asked", "Counts", "Gold", "GoldArticle", "GoldLink", "Press", "serve"]
