"""A built site, served and read: its links, and what a browser sees of each page on a narrow and dark screen."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

READER = Path(__file__).with_name("reader.html")
RESULT = "/result"
SECONDS = 300
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--window-size=1280,900",
]


class Page(HTMLParser):
    """The names that can be linked to in a page, and what it links to and loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names, self.links, self.loads = {""}, list[str](), list[str]()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.names |= {given[key] for key in ("id", "name") if key in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        self.loads += [given[key] for key in ("src", "href") if key in given and tag in {"script", "img", "link"}]


def pages(site: Path) -> dict[str, Page]:
    """Return every page of a site by its path, but for the one that is shown where there is none."""
    found = {str(path.relative_to(site)): Page(path.read_text()) for path in sorted(site.rglob("*.html"))}
    found.pop("404.html", None)
    return found


def broken(site: Path) -> list[tuple[str, str]]:
    """Return each link, with its page, that leads to no file of the site, to no name in one, or out of the site."""
    read = pages(site)
    return [
        (path, target)
        for path, page in read.items()
        for target in (*page.links, *page.loads)
        if not _leads_somewhere(site, read, path, target)
    ]


def _leads_somewhere(site: Path, read: dict[str, Page], path: str, target: str) -> bool:
    whole, name = urldefrag(urljoin(f"/{path}", target))
    place = unquote(whole).lstrip("/") or "index.html"
    if place in read:
        return unquote(name) in read[place].names
    return not whole.startswith(("http:", "https:", "//")) and (site / place).is_file()


class Handler(SimpleHTTPRequestHandler):
    """Serves a site, the page that reads it, and takes what that found."""

    def do_GET(self) -> None:
        if self.path != "/reader.html":
            return super().do_GET()
        body = READER.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(body)
        return None

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.server.found = json.loads(self.rfile.read(length))  # type: ignore[attr-defined]
        self.send_response(204)
        self.end_headers()
        self.server.done.set()  # type: ignore[attr-defined]

    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""


@contextlib.contextmanager
def served(site: Path) -> Iterator[ThreadingHTTPServer]:
    """Serve a site on a port of its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(site)))
    server.done, server.found = threading.Event(), None  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def seen(browser: str, site: Path, profile: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Return what a browser measured of each page, and the errors that it told on its console."""
    paths = list(pages(site))
    with served(site) as server:
        address = f"http://127.0.0.1:{server.server_port}/reader.html#{json.dumps(paths)}"
        log = profile / "console.txt"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [browser, *FLAGS, f"--user-data-dir={profile}", address], stdout=stream, stderr=stream
            )
            try:
                assert server.done.wait(SECONDS), "the browser read no page to its end"  # type: ignore[attr-defined]
            finally:
                process.terminate()
                process.wait(30)
        told = [line for line in log.read_text(errors="replace").splitlines() if ":CONSOLE" in line]
        return server.found, told  # type: ignore[attr-defined]
