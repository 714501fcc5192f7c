"""The site: links, files that pages name, and the strict build."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("*/README.md"), *sorted(ROOT.glob("docs/**/*.md"))]
CODE = ("xsim_core", "tasks", "flows", "tests", "deployments", "docker", "docs", "findings")


@pytest.mark.parametrize(
    ("source", "page", "link", "expected"),
    [
        ("README.md", "index.md", "[a](docs/install.md)", "[a](install.md)"),
        ("README.md", "index.md", "![b](docs/images/demo.jpg)", "![b](images/demo.jpg)"),
        ("README.md", "index.md", "[c](docs/decisions/)", "[c](decisions/index.md)"),
        ("README.md", "index.md", "[d](CONVENTIONS.md)", "[d](conventions.md)"),
        ("docs/extending.md", "extending.md", "[e](../CONVENTIONS.md#x)", "[e](conventions.md#x)"),
        ("docs/stages/scan.md", "stages/scan.md", "[f](../python.md)", "[f](../python.md)"),
        ("findings/README.md", "findings.md", "[g](../flows/pipeline.py)", "g"),
        ("README.md", "index.md", "[h](https://a.example/b)", "[h](https://a.example/b)"),
        ("README.md", "index.md", "[i](#start)", "[i](#start)"),
        ("README.md", "index.md", "[j](docs/nothing.md)", "[j](nothing.md)"),
        (
            "README.md",
            "index.md",
            "```\n[k](docs/install.md)\n```",
            "```\n[k](docs/install.md)\n```",
        ),
    ],
)
def test_links_between_files_become_links_between_pages(source, page, link, expected):
    from site_hooks import relink

    assert relink(link, source=source, page=page) == expected


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_that_a_page_names_are_there(path):
    """From a top-level folder on, also within commands; and modules as ``tests.docs.test_site``."""
    text = path.read_text()
    top = f"(?<![\\w/.-])(?:{'|'.join(CODE)})"
    named = set(re.findall(rf"{top}/[\w./-]*[\w/]", text)) - {"findings/NAME.sh"}
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
    modules = (name.split(".") for name in re.findall(rf"-m ({top}(?:\.\w+)+)", text))
    assert [m for m in modules if not ROOT.joinpath(*m).with_suffix(".py").exists()] == []


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_site_builds_strictly_and_has_what_is_made_from_the_code(site):
    assert "Photos looked at, one an iteration." in (site / "stages/splat.html").read_text()
    assert 'id="splat_scene"' in (site / "artifacts.html").read_text()
    door = (site / "api/door.html").read_text()
    assert "xsim_core.load_policy" in door
    assert "proprioception: TCP position" in door
    assert "takes NaN for a number" in (site / "findings.html").read_text()
    assert "SimEnv" in (site / "api/simulation.html").read_text()


def test_pages_fetch_nothing_from_elsewhere(site):
    """Links may lead out; scripts, styles, fonts and pictures may not."""
    outside = re.compile(
        r"""<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=["']?(https?:)?//[^>]*>"""
    )
    fetched = [
        tag
        for page in site.rglob("*.html")
        for tag in (m[0] for m in outside.finditer(page.read_text()))
        if "canonical" not in tag
    ]
    assert fetched == []
    assert not [p.name for p in site.rglob("*.css") if re.search(r"url\(.?https?:", p.read_text())]
