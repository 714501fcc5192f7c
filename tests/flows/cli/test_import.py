"""``xsim import`` and ``xsim policy train``."""

import json

from tests.importers.lerobot_files import TOP, WRIST, write_lerobot


def test_it_says_what_was_picked_and_a_student_learns_from_it(xsim, tmp_path):
    home, folder = tmp_path / "home", str(tmp_path / "d")
    write_lerobot(tmp_path / "d", films=False, cameras=(TOP, WRIST))
    left = xsim(home, "import", folder)
    assert left.returncode == 1
    assert f"2 cameras: {TOP}, {WRIST}. Pick one with --camera." in left.stderr
    left = xsim(home, "import", folder, "--camera", "top", "--size", "24")
    assert "--size 24 is no HEIGHTxWIDTH" in left.stderr
    left = xsim(home, "import", folder, "--camera", "top", "--action", "action:pan.pos")
    assert left.returncode == 0, left.stderr
    ref = left.stdout.splitlines()[0]
    assert "3 episodes of pick_the_cube, 18 rows at 10 a second, pictures 64x48" in left.stdout
    assert "action: pan.pos (of action)" in left.stdout
    assert f"xsim policy train {ref}" in left.stdout
    small = "diffusion.optim={num_steps: 3, batch_size: 2, warmup_steps: 1}"
    made = xsim(home, "policy", "train", ref, "--set", small, "--json")
    assert made.returncode == 0, made.stderr
    told = json.loads(made.stdout)
    assert (told["num_train_steps"], told["task"]) == (3, "pick_the_cube")
    assert told["architecture"]["action_dim"] == 1
    folder = tmp_path / "policy"
    assert xsim(home, "export", told["artifact"], "--to", "safetensors", "--out", str(folder))
    config = json.loads((folder / "config.json").read_text())
    assert config["demonstrations"] == "brought"
    assert config["output_features"]["action"]["names"] == ["pan.pos"]
    names = config["input_features"]["observation.state"]["names"]
    assert names == ["pan.pos", "lift.pos", "gripper.pos"]
    assert "were brought from elsewhere" in (folder / "README.md").read_text()
