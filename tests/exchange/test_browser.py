"""In a real browser nothing that code under test says is run, loaded or a link, in any view of a report."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from cmarkgfm import github_flavored_markdown_to_html
from cmarkgfm.cmark import Options

from conformance.report import write_report
from tests.exchange.example_reports import hostile, written

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ACT = "document.title='acted'"
ATTACKS = (
    f"<script>{ACT}</script>",
    f"</script><script>{ACT}</script>",
    f'"><img src=x onerror="{ACT}">',
    f"'><svg onload={ACT}>",
    f"</title></style></textarea></pre><script>{ACT}</script>",
    f"<iframe srcdoc='<script>parent.{ACT}</script>'></iframe>",
    f"javascript:{ACT}",
    f"[x](javascript:{ACT})",
    f"![x](y) <a href='javascript:{ACT}' autofocus onfocus={ACT}>x</a>",
    f"]]><script xmlns='http://www.w3.org/1999/xhtml'>{ACT}</script><![CDATA[",
    f"<math><mtext><img src=x onerror={ACT}></mtext></math>",
    f"{{{{ {ACT} }}}} {{% raw %}} ${{{ACT}}}",
    f"`<img src=x onerror={ACT}>`",
    f"<!--><script>{ACT}</script>-->",
    "<base href='http://e.x/'><meta http-equiv=refresh content='0;url=http://e.x/'>",
)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no browser")


class Found(HTMLParser):
    """What of a page acts: handlers, addresses, and the elements that load or run something."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.handlers: list[str] = []
        self.addresses: list[str] = []
        self.elements: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href", "xlink:href", "srcdoc"}]


def shown(path: Path) -> str:
    """Return a page as a browser has it a second after it was opened."""
    assert BROWSER is not None
    profile = path.parent / "profile"
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=1000", f"--user-data-dir={profile}"]
    done = subprocess.run(
        [BROWSER, *flags, "--dump-dom", path.as_uri()], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


def test_an_attack_is_seen_where_nothing_is_escaped(tmp_path: Path) -> None:
    """The browser runs scripts, and the test can fail."""
    path = tmp_path / "page.html"
    path.write_text(f"<title>quiet</title>{ATTACKS[2]}")
    assert "<title>acted</title>" in shown(path)


@pytest.mark.parametrize("view", ["page", "summary", "badge", "trend"])
def test_nothing_that_code_under_test_says_acts(view: str, tmp_path: Path) -> None:
    """No script ran, no handler is there, and every address is ours: a place in the page or a file beside it."""
    whole = hostile(" ".join(ATTACKS))
    paths = {**write_report(whole, tmp_path)}
    badge, _, _, trend = written(whole, tmp_path, "badge", "history").paths
    markdown = github_flavored_markdown_to_html(paths["markdown"].read_text(), options=Options.CMARK_OPT_UNSAFE)
    summary = tmp_path / "summary.html"
    summary.write_text(f"<!doctype html><meta charset=utf-8><title>quiet</title>{markdown}")
    dom = shown({"page": paths["html"], "summary": summary, "badge": badge, "trend": trend}[view])
    found = Found(dom)
    assert len(dom) > 300
    assert "<title>acted</title>" not in dom
    assert found.handlers == []
    assert {"script", "iframe", "base", "object", "embed"} & found.elements == set()
    assert [a for a in found.addresses if not re.fullmatch(r"#[\w.-]*|failures/[\w.-]+|report\.json", a)] == []
