"""Commands that the documents tell people to type exist, with their actions and options."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from flows.cli.arguments import FORM, parse_overrides
from flows.cli.commands import actions_of, find_command
from xsim_core.presets import pipeline_config

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("*/README.md"), *sorted(ROOT.glob("docs/**/*.md"))]
EVERYWHERE = {"help", "json", "version", "tyro-print-completion", "tyro-write-completion"}


def code_of(page):
    """Lines of the blocks, and what stands between backticks, which a line's end may part."""
    text = page.read_text()
    blocks = re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    yield from (line for block in blocks for line in block.splitlines())
    yield from (" ".join(code.split()) for code in re.findall(r"`([^`]+)`", prose))


def told(page):
    """(command, what follows) of every call of ``xsim`` on a page."""
    for code in code_of(page):
        for call in re.split(r"&&|;|#|\|", code):
            words = re.sub(r"^([A-Z_]+=\S+ )*(\S*/)?", "", call.strip()).split()
            if len(words) > 1 and words[0] == "xsim":
                yield words[1], words[2:]


def test_calls_are_found():
    assert ("server", ["start"]) in list(told(ROOT / "docs/orchestration.md"))
    assert ("bucket", ["check"]) in list(told(ROOT / "docs/storage.md"))


def options_of(command):
    """As they are typed: a field's name, or that which its type's annotation gives it."""
    names = {field.name.replace("_", "-") for field in fields(command)}
    marks = (m for field in fields(command) for m in getattr(field.type, "__metadata__", ()))
    return names | {mark.name for mark in marks if getattr(mark, "name", None)}


def action_of(command, name):
    """The class of a group's action."""
    hint = command.__annotations__.get("action") or command.__annotations__.get("command")
    return dict(zip(actions_of(command), hint.__args__, strict=True))[name].__origin__


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_page_says_to_type_is_there(page):
    for name, rest in told(page):
        if name.startswith("--"):
            assert name[2:] in EVERYWHERE, name
            continue
        if name.isupper():  # COMMAND, in a sentence about all of them.
            continue
        command = find_command(name)
        known = options_of(command) | EVERYWHERE
        if actions := actions_of(command):
            if not rest or rest[0].startswith("-"):
                continue  # The group itself.
            assert rest[0].strip(",") in actions, (name, rest)
            known |= options_of(action_of(command, rest[0].strip(",")))
        words = (word.strip("[],…") for word in rest)
        given = {w[2:].partition("=")[0].removeprefix("no-") for w in words if w.startswith("--")}
        assert given <= known, (name, rest, given - known)


FIELDS = r"(?:--set |such as |or |')((?:\w+\.)+\w+=(?:\[[^\]]*\]|[\w.]+))"


def test_fields_that_are_set_in_examples_can_be_set_so():
    files = ("docs/command-line.md", "flows/cli/runs/run.py")
    texts = [FORM, *((ROOT / name).read_text() for name in files)]
    examples = {example for text in texts for example in re.findall(FIELDS, text)}
    assert len(examples) >= 4
    for example in examples:
        pipeline_config(overrides=parse_overrides((example.rstrip("."),)))
