"""The site as it is built: no warning, no link that leads nowhere, and pages that can be read."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.built_site import broken, pages, seen

ROOT = Path(__file__).parents[2]
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
READABLE = 4.5
"""The contrast that text of this size has at least, by WCAG 2."""
pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the site, built with every warning an error."""
    pytest.importorskip("mkdocs", reason="the site needs mkdocs")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_every_link_leads_somewhere(site: Path) -> None:
    """To a page and a name in it, or to a file; nothing is loaded from elsewhere."""
    assert len(pages(site)) > 60
    assert broken(site) == []


@pytest.mark.skipif(BROWSER is None, reason="no browser is installed")
def test_a_browser_reads_every_page(site: Path, tmp_path: Path) -> None:
    """At 390 pixels nothing is wider than the screen; light and dark text stands out; the console is silent."""
    found, told = seen(str(BROWSER), site, tmp_path)
    assert told == []
    assert len(found) == 2 * len(pages(site))
    assert {page["scheme_in_force"] for page in found} == {"default", "slate"}
    assert [page for page in found if page["scheme"] != page["scheme_in_force"]] == []
    assert [page for page in found if page["width"] > 390 or page["loaded"] or not page["heading"]] == []
    assert [page for page in found if page["least_contrast"] < READABLE] == []
