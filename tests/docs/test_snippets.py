"""Every command and every piece of code in the pages does what the page says."""

from __future__ import annotations

from pathlib import Path

import pytest

from documentation.fences import FenceError, blocks, without_marks
from tests.docs.named_commands import unknown
from tests.docs.snippets import ROOT, Reader, SnippetError, alike, consoles, pages, unmarked

WRITTEN = {str(page.relative_to(ROOT)): page.read_text() for page in pages()}


def cheap(text: str) -> bool:
    """Tell whether a page has a block that is not left to the thorough run."""
    dear = {"thorough", "elsewhere", "library"}
    return any(block.language not in {"text", "markdown"} and not dear & block.marks.keys() for block in blocks(text))


@pytest.mark.parametrize("name", [name for name, text in WRITTEN.items() if cheap(text)])
def test_the_snippets_of_a_page_do_as_they_say(name: str, tmp_path: Path) -> None:
    """All blocks but the dear ones, in their order: at least one of them is run."""
    reader = Reader(tmp_path)
    reader.follow(WRITTEN[name])
    assert reader.ran


@pytest.mark.thorough
@pytest.mark.parametrize("name", list(WRITTEN))
def test_all_snippets_of_a_page_do_as_they_say(name: str, tmp_path: Path) -> None:
    """The dear blocks too, as far as their libraries are installed."""
    reader = Reader(tmp_path, thorough=True)
    reader.follow(WRITTEN[name])
    assert reader.ran >= 0


@pytest.mark.parametrize("name", list(WRITTEN))
def test_no_block_escapes(name: str) -> None:
    """Every block has a language that is run, or says why it is not; none is indented only."""
    assert unmarked(WRITTEN[name]) == []


@pytest.mark.parametrize("name", list(WRITTEN))
def test_every_command_that_a_page_names_is_there(name: str) -> None:
    """With each of its options: in sentences, and in blocks that are left out here, too."""
    assert unknown(WRITTEN[name]) == []


def test_a_command_that_is_not_there_is_told() -> None:
    """In code within a sentence and in a block; what is no code may say what it likes."""
    assert unknown("Say `stepproof chekc x:Y`.") == ["stepproof chekc"]
    assert unknown("```yaml\nrun: stepproof gate --budgte 1 --dtype float32\n```\n") == ["stepproof gate --budgte"]
    assert unknown("Of all that stepproof does `stepproof plot cosine --T 3` draws.") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("```\nx\n```\n", "`` is none of"),
        ("```bash\n$ ls\n```\n", "`bash` is none of"),
        ("```console slow\n$ ls\n```\n", "`slow` is no mark of console"),
        ("```console\nls\n```\n", "a console begins with"),
        ("```console elsewhere=later\n$ ls\n```\n", "gives no reason"),
        ("```text\nx\n  pip install y\n```\n", "a command in a block of text"),
        ("Said:\n\n    $ ls\n", "an indented block"),
    ],
)
def test_a_block_that_nothing_runs_is_told(text: str, said: str) -> None:
    """Without a language, with an unknown mark, without a prompt or a reason, in text or indented."""
    (wrong,) = unmarked(text)
    assert said in wrong


def test_a_block_that_is_not_closed_is_an_error() -> None:
    """What stands behind it would be taken for its text."""
    with pytest.raises(FenceError, match="begins in line 1"):
        list(blocks("```console\n$ ls\n"))


@pytest.mark.parametrize(
    "text",
    [
        "```console\n$ stepproof show sgdd\n```\n",
        "```console\n$ stepproof clauses\nnothing\n```\n",
        "```console status=1\n$ true\n```\n",
        "```python\nassert 1 == 2\n```\n",
        "```python\nprint(1)\n# > 2\n```\n",
        "```python\nprint(1)\nprint(2)\n# > 1\n```\n",
        "```python\nundefined\n```\n",
        "```toml\nkey = \n```\n",
        "```diff\n--- a/absent.py\n+++ b/absent.py\n@@ -1 +1 @@\n-key = 1\n+key = 2\n```\n",
    ],
)
def test_a_snippet_that_does_otherwise_fails(text: str, tmp_path: Path) -> None:
    """Another status, another output, an exception, a file that cannot be read."""
    with pytest.raises((SnippetError, ValueError)):
        Reader(tmp_path).follow(text)


def test_a_page_is_followed_in_its_order(tmp_path: Path) -> None:
    """A file is written where a later command reads it; names last where a block is continued, and no longer."""
    reader = Reader(tmp_path)
    reader.follow("```toml file=a/b.toml\nkey = 1\n```\n```console\n$ cat a/b.toml\nkey = 1\n```\n")
    reader.follow("```diff\n--- a/a/b.toml\n+++ b/a/b.toml\n@@ -1 +1 @@\n-key = 1\n+key = 2\n```\n")
    assert (tmp_path / "a" / "b.toml").read_text() == "key = 2\n"
    reader.follow("```python\nx = 1\n```\n```python continued\nx += 1\n```\n")
    assert reader.names["x"] == 2
    with pytest.raises(SnippetError, match="NameError"):
        reader.follow("```python\nx = 1\n```\n```python\nx += 1\n```\n")


def test_an_exception_that_is_told_is_no_failure(tmp_path: Path) -> None:
    """A comment that names it promises it."""
    Reader(tmp_path).follow("```python\n[][1]  # IndexError: list index out of range\n```\n")
    with pytest.raises(SnippetError, match="KeyError"):
        Reader(tmp_path).follow("```python\n{}[1]  # IndexError\n```\n")


def test_what_is_left_out_of_a_screen_may_be_anything() -> None:
    """Three dots stand for any lines, and for none; an ellipsis for any words within a line."""
    assert alike(["a", "...", "c"], ["a", "b", "b", "c"])
    assert alike(["a", "...", "c"], ["a", "c"])
    assert not alike(["a", "c"], ["a", "b", "c"])
    assert alike(["7 … dead"], ["7 of 7 dead"])
    assert not alike(["7 … dead"], ["7 of 7 alive"])
    assert list(consoles("$ one\n1\n$ two\n> more\n")) == [("one", ["1"]), ("two\nmore", [])]


def test_readers_see_no_marks() -> None:
    """Of the marks the name of a file is left, as its title."""
    assert without_marks('```console elsewhere="a GPU is needed"\n$ ls\n```\n') == "```console\n$ ls\n```\n"
    assert without_marks("```toml file=a.toml\n# ```\n```\n") == '```toml title="a.toml"\n# ```\n```\n'
