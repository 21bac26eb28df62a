"""What mkdocs calls while it builds the site: it adds the written pages, and takes the tests' marks from fences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from documentation import (
    command_page,
    configuration_page,
    deviation_pages,
    fences,
    formula_pages,
    schema_page,
    shipped_page,
)

Entry = Any
"""An entry of the navigation: a path, or one title with a path or a list of entries."""
EVERYTHING = "/*"
"""Ends a folder's entry in the navigation, which stands for its list and all its pages."""


def written() -> Iterator[tuple[str, str]]:
    """Yield the path and the text of every page that is written from code and specs."""
    yield command_page.PATH, command_page.page()
    yield from schema_page.pages()
    yield from configuration_page.pages()
    yield from deviation_pages.pages()
    yield from formula_pages.pages()
    yield from shipped_page.pages()


PAGES: dict[str, str] = {}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Write the pages, and put those of a folder where the navigation has ``folder/*``."""
    if not PAGES:
        PAGES.update(written())
    config.nav = _unfolded(config.nav)
    return config


def _unfolded(entry: Entry) -> Entry:
    if isinstance(entry, list):
        return [_unfolded(item) for item in entry]
    if isinstance(entry, dict):
        return {title: _unfolded(item) for title, item in entry.items()}
    if not entry.endswith(EVERYTHING):
        return entry
    folder = entry.removesuffix(EVERYTHING)
    pages = [path for path in PAGES if path.startswith(f"{folder}/") and path.endswith(".md")]
    return sorted(pages, key=lambda path: (not path.endswith("/index.md"), path))


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the written pages to those of the folder."""
    for path, text in PAGES.items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Return a page without the marks that the tests read."""
    return fences.without_marks(markdown)
