"""docs/hooks/tables.py and pages.py: what is made from the code says what the code says."""

from dataclasses import replace
from typing import Literal

import pytest
from pydantic import Field

from tests.contracts.toys import TOY
from xsim_core.artifacts import ArraySpec
from xsim_core.config import FrozenModel
from xsim_core.sim.task import TaskSpec
from xsim_core.sim.vision.domain import Domain
from xsim_core.stages import SIDE_STAGES, STAGES

ALL = (*STAGES, *SIDE_STAGES)


class Inner(FrozenModel):
    """How it turns."""

    angle_rad: float = Field(default=0.1, gt=0, le=3)
    """Half range | about z."""


class Outer(FrozenModel):
    """All of it."""

    backend: Literal["fast", "slow"] = "fast"
    """``slow`` is the oracle."""
    sizes: tuple[int, ...] = (1, 2)
    limit: float | None = None
    count: int = Field(ge=1)
    """Without a default."""
    inner: Inner = Inner(angle_rad=0.5)
    """Nested."""
    shared: Inner = Inner()


def test_arrays_are_listed_with_type_shape_and_meaning():
    from tables import array_table

    specs = (
        ArraySpec("rgb", "uint8", "n h w 3", "RGB"),
        ArraySpec("w/*", "float", "...", "", True),
    )
    assert array_table(specs) == (
        "| array | type | shape | what |\n| --- | --- | --- | --- |\n"
        "| `rgb` | uint8 | (n, h, w, 3) | RGB |\n| `w/*` | float | any | (optional) |\n"
    )


def test_configurations_are_listed_with_bounds_and_the_defaults_that_hold_there():
    from tables import config_tables

    text = config_tables(Outer, links={}, level=3)
    rows = text.splitlines()
    assert "| `backend` | `fast` or `slow` | `fast` | `slow` is the oracle. |" in rows
    assert "| `sizes` | (int, …) | `(1, 2)` |  |" in rows
    assert "| `limit` | float or none | `None` |  |" in rows
    assert "| `count` | int, ≥ 1 | **required** | Without a default. |" in rows
    assert "| `inner` | table below |  | Nested. |" in rows
    assert "### `inner`\n\nHow it turns.\n" in text
    assert "| `angle_rad` | float, > 0, ≤ 3 | `0.5` | Half range \\| about z. |" in rows
    assert "| `angle_rad` | float, > 0, ≤ 3 | `0.1` | Half range \\| about z. |" in rows


def test_a_configuration_with_its_own_page_is_linked():
    from tables import config_tables

    text = config_tables(Outer, links={Inner: "../inner.md"}, level=3)
    assert "| `inner` | [Inner](../inner.md) |" in text
    assert "###" not in text


@pytest.mark.parametrize("stage", ALL, ids=lambda stage: stage.name)
def test_a_stage_is_shown_with_all_that_it_reads_writes_and_takes(stage):
    from pages import stage_section
    from site_hooks import stage_pages

    text = stage_section(stage, stage_pages())
    assert f"Version {stage.version} " in text
    for name, kind in stage.inputs.items():
        assert f"`{name}` ([{kind.__name__}](../artifacts.md#{kind.kind})" in text
    for spec in stage.output.arrays:
        assert f"| `{spec.name}` | {spec.dtype} |" in text
    for name in stage.config.model_fields:
        assert f"| `{name}` |" in text


@pytest.mark.parametrize("stage", ALL, ids=lambda stage: stage.name)
def test_every_field_of_a_stages_configuration_is_explained(stage):
    from pages import SHARED
    from tables import _nested, prose_of_fields

    for path, model, _ in _nested(stage.config, None, SHARED):
        silent = [name for name, text in prose_of_fields(model).items() if not text]
        assert not silent, f"{model.__name__} ({path}): no docstring under {silent}"


@pytest.mark.parametrize("model", [TaskSpec, Domain])
def test_every_field_of_a_task_and_of_a_domain_is_explained(model):
    from tables import _nested, prose_of_fields

    for path, inner, _ in _nested(model, None, {}):
        assert not [n for n, text in prose_of_fields(inner).items() if not text], path


@pytest.mark.parametrize("stage", ALL, ids=lambda stage: stage.name)
def test_every_array_of_an_artifact_is_explained(stage):
    assert not [spec.name for spec in stage.output.arrays if not spec.doc]


def test_a_stage_nobody_wrote_about_gets_a_page():
    from pages import stage_page
    from site_hooks import stage_pages

    stage = replace(TOY, name="toy")
    text = stage_page(stage, stage_pages())
    assert text.startswith("# toy\n")
    assert "## `toy` reads and writes" in text
