"""MkDocs events: pages made from the code, pages whose source lies at the root, and their links.

A page in ``docs/stages`` holds prose and, for each stage it is about, the line
``<!-- stage: NAME -->``, in whose place the stage's contract and configuration appear. A stage that
no page mentions gets a page by itself. ``<!-- package: NAME -->`` documents what a package offers.
"""

import importlib
import re
from itertools import takewhile
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from pages import (
    ALL_STAGES,
    artifacts_page,
    stage_page,
    stage_section,
    stages_named,
    stages_page,
    task_page,
)

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
MARKER = "<!-- stage: {name} -->"
_PACKAGE = re.compile(r"^<!-- package: (\S+) -->$", re.MULTILINE)
FROM_ROOT = {
    "README.md": "index.md",
    "CONVENTIONS.md": "conventions.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "NOTICE": "notice.md",
    "findings/README.md": "findings.md",
}
"""File of the repository → page of the site."""
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s#]*)(#[^()\s]*)?\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Spell out ``folder/*`` in the navigation: stages in their order, others by name."""
    config.nav = _spelt_out(config.nav)
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that have no file below ``docs``."""
    pages = stage_pages()
    made = {target: (ROOT / source).read_text() for source, target in FROM_ROOT.items()}
    made["index.md"] = "---\nhide: [navigation]\n---\n" + made["index.md"]
    made["notice.md"] = f"# Notice\n\n```text\n{made['notice.md']}```\n"
    made["findings.md"] += findings_section()
    made |= {"artifacts.md": artifacts_page(pages), "task.md": task_page()}
    made |= {"stages/index.md": stages_page(pages), "decisions/index.md": decisions_page()}
    for name in _unwritten(pages):
        made[f"stages/{pages[name]}"] = stage_page(ALL_STAGES[name], pages)
    for uri, content in made.items():
        files.append(File.generated(config, uri, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Contracts in the places marked for them, and links between files as links between pages."""
    uri = page.file.src_uri
    for stage in stages_named(markdown, MARKER):
        section = stage_section(stage, stage_pages())
        markdown = markdown.replace(MARKER.format(name=stage.name), section)
    markdown = _PACKAGE.sub(_offered, markdown)
    source = next((s for s, target in FROM_ROOT.items() if target == uri), f"docs/{uri}")
    return relink(markdown, source=source, page=uri)


def _offered(match: re.Match[str]) -> str:
    """A package and every name that it offers, for mkdocstrings, which sees no lazy ones."""
    names = ", ".join(importlib.import_module(match[1]).__all__)
    return f"::: {match[1]}\n    options:\n      members: [{names}]"


def stage_pages() -> dict[str, str]:
    """Stage → its page below ``docs/stages``."""
    pages = {name: f"{name}.md" for name in ALL_STAGES}
    for path in sorted((DOCS / "stages").glob("*.md")):
        pages |= {s.name: path.name for s in stages_named(path.read_text(), MARKER)}
    return pages


def _unwritten(pages: dict[str, str]) -> list[str]:
    return [name for name, page in pages.items() if not (DOCS / "stages" / page).exists()]


def findings_section() -> str:
    """The first paragraph of each finding's comment."""
    lines = ["", "## What was found", ""]
    for path in sorted((ROOT / "findings").glob("*.sh")):
        comment = (line.lstrip("# ") for line in path.read_text().splitlines()[1:])
        lines.append(f"- `{path.stem}`: {' '.join(takewhile(bool, comment))}")
    return "\n".join(lines) + "\n"


def decisions_page() -> str:
    """The decisions and, of each, what was decided."""
    lines = ["# Decisions", "", "Why it is built this way, a page each."]
    for path in sorted((DOCS / "decisions").glob("*.md")):
        title = path.read_text().partition("\n")[0].removeprefix("# ")
        lines.append(f"\n- [{title}]({path.name})")
    return "\n".join(lines) + "\n"


def relink(markdown: str, *, source: str, page: str) -> str:
    """Links written for the repository, as they must be on the site.

    Args:
        markdown: of the page; code blocks are left alone.
        source: the file it comes from, relative to the repository.
        page: where it lies on the site, relative to ``docs``.
    """
    parts = re.split(r"(^```.*?^```$)", markdown, flags=re.MULTILINE | re.DOTALL)
    parts[::2] = [_LINK.sub(lambda m: _moved(m, source, page), part) for part in parts[::2]]
    return "".join(parts)


def _moved(match: re.Match[str], source: str, page: str) -> str:
    bang, text, target, anchor = match.groups(default="")
    if not target or ":" in target:
        return match[0]
    aimed = normpath(str(PurePosixPath(source).parent / target))
    uri = FROM_ROOT.get(aimed) or (
        aimed.removeprefix("docs/") if aimed.startswith("docs/") else None
    )
    if uri is None:  # A file of the repository: named, not linked.
        return match[0] if not (ROOT / aimed).exists() else text
    if (DOCS / uri).is_dir():
        uri += "/index.md"
    return f"{bang}[{text}]({relpath(uri, PurePosixPath(page).parent)}{anchor})"


def _spelt_out(nav: Any) -> Any:
    if isinstance(nav, list):
        return [_spelt_out(entry) for entry in nav]
    if isinstance(nav, dict):
        return {title: _spelt_out(entry) for title, entry in nav.items()}
    folder, star, _ = str(nav).partition("/*")
    if not star:
        return nav
    names = {path.name for path in (DOCS / folder).glob("*.md")} - {"index.md"}
    order = sorted(names)
    if folder == "stages":
        order = list(dict.fromkeys(stage_pages().values()))
    return [f"{folder}/index.md", *(f"{folder}/{name}" for name in order)]
