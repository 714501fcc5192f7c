"""Every table that is made from kept figures, by the name under which pages ask for it."""

import json

from tests.benchmarks.orchestration.night_table import night_table
from tests.benchmarks.results import demo
from tests.benchmarks.results.demo import FIGURES
from tests.benchmarks.results.trainings import (
    calibrated_minus_plain,
    other_minus_plain,
    over_trainings,
)
from tests.benchmarks.sim.bench_ppo import ppo_table
from tests.benchmarks.sim.bench_steps import steps_table
from tests.benchmarks.students.bench_threads import table as threads
from tests.benchmarks.students.calibration_table import calibration_table, miss_table
from tests.benchmarks.students.dagger_table import dagger_table
from tests.benchmarks.students.gap_table import ladder_table
from tests.benchmarks.students.students_table import students_table
from tests.benchmarks.tracking.bench_desk import table as desk
from tests.benchmarks.tracking.bench_first_pose import markdown as first_poses
from tests.benchmarks.tracking.bench_hand_objects import table as recorded_hands
from tests.fuzz.campaign import table as fuzzed
from xsim_core.gap import Gap

ROOMS = ("patterned", "kitchen", "study")


def _kept(name):
    return json.loads((FIGURES / f"{name}.json").read_text())


def _ladders(name):
    ladders = _kept(name)["ladders"].values()
    for gap in ladders:
        Gap.model_validate(gap)
    return "\n".join(f"{ladder_table(gap)}\n{gap['said']}\n" for gap in ladders)


def rooms(rows):
    """What each room's reconstruction is off by."""
    head = (
        "room", "seed", "photos registered", "PSNR on photos never trained on",
        "photo poses, median", "table height, tilt", "frames ok", "path", "tracking ADD-S AUC",
    )  # fmt: skip
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for r in rows:
        cells = [r["room"], str(r["seed"]), str(r["photos_registered"]), f"{r['psnr_db']:.1f} dB"]
        cells.append(f"{r['alignment_mm']:.2f} mm, {r['alignment_deg']:.2f}°")
        cells.append(f"{r['table_height_mm']:.2f} mm, {r['table_tilt_deg']:.2f}°")
        cells += [str(r["frames_ok"]), f"{r['path_mm']:.2f} mm", f"{r['adds_auc']:.1f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


TABLES = {
    "demo, targets": lambda: demo.targets(demo.runs()),
    "demo as it is, targets": lambda: demo.targets(demo.runs(room="kitchen")),
    "demo, runs": lambda: demo.where(demo.runs()),
    "demo, errors": lambda: demo.errors(demo.runs()),
    "demo, costs": lambda: demo.costs(demo.runs()),
    "demo, trainings": lambda: over_trainings(demo.trainings("pw")),
    "demo, calibrated minus plain": lambda: calibrated_minus_plain(demo.trainings("pw")),
    "demo, worlds that differ in more": lambda: other_minus_plain(
        demo.trainings("p"), demo.trainings("pw")
    ),
    "demo, worlds that differ in more, calibrated": lambda: other_minus_plain(
        demo.trainings("p"), demo.trainings("pw"), "calibrated"
    ),
    "demo, other tables in training": lambda: other_minus_plain(
        demo.trainings("pw")[:1], demo.trainings("pb")
    ),
    "demo, other tables in training, calibrated": lambda: other_minus_plain(
        demo.trainings("pw")[:1], demo.trainings("pb"), "calibrated"
    ),
    "demo, trainings not sent out": lambda: over_trainings(demo.trainings("m")),
    "demo, calibrated minus plain, not sent out": lambda: calibrated_minus_plain(
        demo.trainings("m")
    ),
    "demo, sent out minus not": lambda: other_minus_plain(demo.trainings("m"), demo.trainings("p")),
    "demo, sent out minus not, calibrated": lambda: other_minus_plain(
        demo.trainings("m"), demo.trainings("p"), "calibrated"
    ),
    "demo, calibration sends out minus not": lambda: other_minus_plain(
        demo.trainings("n"), demo.trainings("p"), "calibrated"
    ),
    "demo, only calibration sends out": lambda: other_minus_plain(
        demo.trainings("m"), demo.trainings("ms"), "calibrated"
    ),
    "demo, calibrated minus further steps": lambda: other_minus_plain(
        demo.trainings("pc"), demo.trainings("p"), "calibrated"
    ),
    "demo, calibrated twice minus once": lambda: other_minus_plain(
        demo.trainings("p"), demo.trainings("pt"), "calibrated"
    ),
    "pick and place, targets": lambda: demo.targets(demo.pick_and_place()),
    "pick and place, trainings": lambda: over_trainings(demo.trainings("bw", "pick_place")),
    "pick and place, calibrated minus plain": lambda: calibrated_minus_plain(
        demo.trainings("bw", "pick_place")
    ),
    "pick and place, worlds that differ in more": lambda: other_minus_plain(
        demo.trainings("b", "pick_place"), demo.trainings("bw", "pick_place")
    ),
    "pick and place, worlds that differ in more, calibrated": lambda: other_minus_plain(
        demo.trainings("b", "pick_place"), demo.trainings("bw", "pick_place"), "calibrated"
    ),
    "pick and place, errors": lambda: demo.errors(demo.pick_and_place()),
    "pick and place, costs": lambda: demo.costs(demo.pick_and_place()),
    "calibration": lambda: calibration_table(_kept("calibration")["results"]) + "\n",
    "calibration, misses": lambda: miss_table(_kept("calibration")["misses"]) + "\n",
    "dagger": lambda: dagger_table(_kept("dagger")["results"]) + "\n",
    "gap": lambda: _ladders("gap"),
    "gap over worlds": lambda: _ladders("gap_worlds"),
    "desk": lambda: desk(_kept("desk")),
    "recorded hands": lambda: recorded_hands(_kept("hand_objects")),
    "first poses": lambda: first_poses(_kept("first_pose")) + "\n",
    "threads": lambda: threads(_kept("threads")["results"]),
    "rooms": lambda: rooms(_kept("rooms")["rows"]),
    "students": lambda: students_table(_kept("students")),
    "night": lambda: night_table(_kept("demo_run_p") | {"letter": "P"}),
    "control steps": lambda: steps_table(_kept("steps")),
    "ppo": lambda: ppo_table(_kept("ppo")),
    "spoilt files": lambda: fuzzed(_kept("fuzzing")) + "\n",
}
"""Each makes Markdown that ends in a newline."""
