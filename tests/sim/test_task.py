import pytest
from pydantic import ValidationError

from xsim_core.errors import BadInputError, UnknownNameError
from xsim_core.sim import load_task, task_names
from xsim_core.sim.task import TaskSpec


@pytest.mark.parametrize("name", task_names())
def test_shipped_tasks_load_and_round_trip(name):
    task = load_task(name)
    assert task.name == name
    assert TaskSpec.model_validate_json(task.model_dump_json()) == task


def test_action_layout_follows_gripper_and_degrees_of_freedom():
    assert load_task("push_block").action_names == ("dx", "dy", "dz")
    assert load_task("pick_place").action_names == ("dx", "dy", "dz", "dyaw", "gripper")


def test_unknown_task_lists_the_known_ones():
    with pytest.raises(UnknownNameError, match="push_block"):
        load_task("push_blok")


def test_misspelt_field_is_refused(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nhorizn: 9\n")
    with pytest.raises(UnknownNameError, match="Did you mean 'horizon'"):
        load_task(path)


def test_a_yaml_list_is_not_a_task(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("[1, 2]")
    with pytest.raises(BadInputError, match="list"):
        load_task(path)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("name: Tüte\n".encode("utf-16"), "not in UTF-8"),
        ("name: Tüte\n".encode("latin-1"), "not in UTF-8"),
        (b"name: 2020-13-45", "is not YAML: month"),
        (b"[" * 5000, "is not YAML"),
        (b"#" * (2 << 20), "2.1 MB"),
    ],
)
def test_a_file_that_holds_no_task_is_refused_in_one_line(tmp_path, data, why):
    (tmp_path / "mine.yaml").write_bytes(data)
    with pytest.raises(BadInputError, match=f"mine.yaml .*{why}") as caught:
        load_task(tmp_path / "mine.yaml")
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"sim_freq_hz": 55}, "multiple"),
        ({"start": {"demonstration_share": 0.5}}, "controlled"),
        ({"control_freq_hz": -10}, "greater than or equal to 1"),
        ({"workspace_z_m": [0.3, 0.1]}, "upside down"),
        ({"symmetric_axis": [0, 0, 0]}, "no direction"),
        ({"workspace_z_m": [-0.1, 0.1]}, "above the table"),
        ({"workspace_z_m": [18, 100]}, "above the table"),
        ({"workspace_z_m": [0.05, 0.1]}, r"start_height_m 0.03 is not within .*0.05, 0.1"),
        ({"start_height_m": 0.2, "start_side": "above"}, "0.2 is not within"),
        ({"horizon": 2, "physics": {"action_latency_steps": 2}}, "steps 2 leaves .* horizon 2"),
        ({"success_position_m": 30}, "less than or equal to 1"),
        ({"waypoint_rotation_rad": 23}, "less than or equal to 6.28"),
        ({"start": {"object_xy_m": 20}}, "less than or equal to 1"),
        ({"physics": {"density_kg_m3": 0.5}}, "greater than or equal to 10"),
    ],
)
def test_contradictions_are_refused_with_both_values(fields, message):
    with pytest.raises(ValidationError, match=message):
        TaskSpec.model_validate({"name": "mine"} | fields)
