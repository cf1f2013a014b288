"""What we know about one site: rules (the types), form (the file), shelf (finding it by URL), draft (a first one)."""

from etl.recipe.draft import draft
from etl.recipe.form import read_recipe, read_recipe_file
from etl.recipe.rules import FetchRules, Layout, LinkRule, Recipe, Rules, SourceRule
from etl.recipe.shelf import Shelf

__all__ = [
    "FetchRules",
    "Layout",
    "LinkRule",
    "Recipe",
    "Rules",
    "Shelf",
    "SourceRule",
    "draft",
    "read_recipe",
    "read_recipe_file",
]
