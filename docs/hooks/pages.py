"""Pages and sections about stages, artifacts and tasks, made from the code."""

import importlib
from collections.abc import Iterable

from tables import array_table, config_tables, summary_of, summary_table

from xsim_core.artifacts import KINDS, Artifact
from xsim_core.sim.task import TaskSpec
from xsim_core.sim.vision.domain import Domain
from xsim_core.stage import Stage
from xsim_core.stages import SIDE_STAGES, STAGES

ALL_STAGES = {stage.name: stage for stage in (*STAGES, *SIDE_STAGES)}
MADE_BY: dict[str, list[Stage]] = {
    kind: [s for s in ALL_STAGES.values() if s.output.kind == kind] for kind in KINDS
}
SHARED = {TaskSpec: "task.md", Domain: "task.md#domain"}
"""Configurations that several stages hold, on a page of their own."""


def stage_section(stage: Stage, pages: dict[str, str], *, level: int = 2) -> str:
    """What a stage reads, writes and is configured by.

    Args:
        stage: which.
        pages: stage → page, relative to ``stages/``.
        level: of the section's headings.
    """
    head = "#" * level
    links = {model: f"../{page}" for model, page in SHARED.items()}
    parts = [
        f"{head} `{stage.name}` reads and writes",
        f"Version {stage.version} of the stage. Reads {_inputs(stage, pages)}.",
        f"Writes {_kind_link(stage.output, '../')}: {summary_of(stage.output)}",
        array_table(stage.output.arrays),
        summary_table(stage.output),
        f"{head} `{stage.name}` configuration",
        f"`{stage.config.__name__}`: {summary_of(stage.config)}",
        config_tables(stage.config, links=links, level=level + 1),
    ]
    return "\n\n".join(parts)


def stage_page(stage: Stage, pages: dict[str, str]) -> str:
    """The page of a stage that nobody has written one for."""
    package = importlib.import_module(stage.config.__module__.rpartition(".")[0])
    return f"# {stage.name}\n\n{summary_of(package)}\n\n{stage_section(stage, pages)}\n"


def stages_page(pages: dict[str, str]) -> str:
    """All stages with what they exchange."""
    rows = [
        f"| [`{s.name}`]({pages[s.name]}) | {_inputs(s, pages)} | {_kind_link(s.output, '../')} |"
        for s in ALL_STAGES.values()
    ]
    text = (
        "# Stages\n\nIn order. What a stage reads and writes is checked when it is called and "
        "before its artifact is committed; its configuration is part of the artifact's identity."
        "\n\n"
        "| stage | reads | writes |\n| --- | --- | --- |\n"
    )
    return text + "\n".join(rows) + "\n"


def artifacts_page(pages: dict[str, str]) -> str:
    """Every kind of artifact: its arrays and its summary."""
    intro = (
        "A payload is a Zarr v3 group of the arrays below, beside a manifest with the summary, the"
        " recipe and the checksum of every object. Letters are sizes that agree within a payload."
        " A name that ends in `/*` stands for a family of arrays."
    )
    parts = ["# Artifacts", intro]
    for kind in KINDS.values():
        makers = ", ".join(f"[`{s.name}`](stages/{pages[s.name]})" for s in MADE_BY[kind.kind])
        made = f"Made by {makers}." if makers else "Made by no stage yet."
        parts += [f"## {kind.__name__} {{ #{kind.kind} }}", f"`{kind.kind}`. {summary_of(kind)}"]
        parts += [made, array_table(kind.arrays), summary_table(kind)]
    return "\n\n".join(parts) + "\n"


def task_page() -> str:
    """What a task's YAML file may say, and the domain that episodes are drawn from."""
    intro = (
        "A task is one YAML file: no Python. `xsim_core/sim/tasks/` holds two to imitate; "
        "`xsim run my_capture --task my_task.yaml` uses yours. What is left out has its default. "
        "Below `stages:` a task may ask for sizes and budgets of single stages (stage, field, "
        "value), which hold where the preset says nothing."
    )
    parts = [
        "# Tasks",
        intro,
        config_tables(TaskSpec, links={}, level=2),
        "## Domain",
        f"{summary_of(Domain)} Stages that render or simulate have a field `domain`.",
        config_tables(Domain, links={}, level=3),
    ]
    return "\n\n".join(parts) + "\n"


def _inputs(stage: Stage, pages: dict[str, str]) -> str:
    return ", ".join(_input(stage, name, kind, pages) for name, kind in stage.inputs.items()) or (
        "files from outside"
    )


def _input(stage: Stage, name: str, kind: type[Artifact], pages: dict[str, str]) -> str:
    makers = ", ".join(f"[{s.name}]({pages[s.name]})" for s in MADE_BY[kind.kind])
    where = f" from {makers}" if makers else ""
    optional = ", optional" if name in stage.optional else ""
    return f"`{name}` ({_kind_link(kind, '../')}{where}{optional})"


def _kind_link(kind: type[Artifact], root: str) -> str:
    return f"[{kind.__name__}]({root}artifacts.md#{kind.kind})"


def stages_named(text: str, marker: str) -> Iterable[Stage]:
    """The stages whose marker a page holds."""
    return [s for name, s in ALL_STAGES.items() if marker.format(name=name) in text]
