"""Tables of whole runs of the demo, from what ``keep`` kept of them (docs/figures/demo_run_*.json).

The demo's seeds are the preset's, so runs of one machine and driver are one draw of the training;
what differs between them is the code, the room and the machine.
"""

import json
from pathlib import Path

FIGURES = Path(__file__).parents[3] / "docs/figures"
ERRORS = (
    ("object path, smoothed, robot-base frame", "{path_mm:.2f} mm, {path_deg:.2f}°"),
    (
        "photo camera poses from `scan`, median",
        "{alignment_mm:.2f} mm, {alignment_deg:.2f}°; {alignment_worst_mm:.2f} mm at worst",
    ),
    ("video camera pose from the board", "{video_camera_mm:.2f} mm, {video_camera_deg:.2f}°"),
    ("table height, tilt", "{table_height_mm:.2f} mm, {table_tilt_deg:.2f}°"),
    ("tracking, ADD-S AUC (ADD AUC)", "{adds_auc:.1f} ({add_auc:.1f})"),
)


def runs(*, room=None):
    """The kept runs, newest first, each with its letter; those filmed in ``room`` alone."""
    kept = []
    for path in sorted(FIGURES.glob("demo_run_?.json"), reverse=True):
        run = _read(path)
        if room in (None, run["room"]):
            kept.append(run)
    return kept


def pick_and_place():
    """The kept runs of the second task, newest first."""
    return [_read(path) for path in sorted(FIGURES.glob("pick_place_run_?.json"), reverse=True)]


def trainings(letter, of="demo"):
    """Whole trainings on one capture with other seeds, the run itself first."""
    first = FIGURES / f"{of}_run_{letter}.json"
    return [_read(path) for path in [first, *sorted(FIGURES.glob(f"{of}_run_{letter}[0-9].json"))]]


def _read(path):
    return {"letter": path.stem.rsplit("_", 1)[1].upper(), **json.loads(path.read_text())}


def targets(kept):
    """What the demo is held to, a row a figure, a column a run; what misses its target is bold."""
    rows = [
        ("teacher (privileged state) succeeds in simulation", "≥ 0.90", _teacher),
        ("student (images) succeeds in simulation", "≥ 0.70", _student),
        ("student in the world to deploy into", "–", lambda run: _told(_rate(run, "student"))),
        ("calibrated student there, on the same seeds", "not worse", _calibrated),
        ("student in 20 drawn worlds, two trials each", "–", _in_worlds),
        ("calibrated student there", "not worse", _calibrated_in_worlds),
        ("tracking ADD-S AUC against truth", "≥ 93", lambda run: _least(run, "adds_auc", 93)),
        ("splat PSNR on photos never trained on", "≥ 26 dB", _psnr),
        ("all stages; the largest stage's memory", "25 min on idle cores, 8 GiB", _cost),
    ]
    head = ["", "target", *(f"run {r['letter']}, {r['room']}" for r in kept)]
    return markdown(head, [[name, aim, *map(cell, kept)] for name, aim, cell in rows])


def errors(kept):
    """Errors against the truth that only ``evaluate`` may read."""
    head = ["error against truth", *(f"run {run['letter']}" for run in kept)]
    rows = []
    for name, form in ERRORS:
        rows.append([name, *(form.format(**_evaluated(run)["figures"]) for run in kept)])
    return markdown(head, rows)


def costs(kept):
    """Seconds of each stage in each run, and the newest run's peak memory."""
    newest = kept[0]
    head = ["stage", *(f"run {r['letter']}" for r in kept), f"peak memory, {newest['letter']}"]
    rows = []
    for stage in newest["stages"]:
        seconds = [r["stages"].get(stage, {}).get("duration_s") for r in kept]
        peak = newest["stages"][stage]["peak_memory_mb"]
        cells = ["–" if s is None else f"{s:.0f} s" for s in seconds]
        rows.append([f"`{stage}`", *cells, f"{peak / 1000:.1f} GB"])
    return markdown(head, rows)


def where(kept):
    """A line a run: what was typed, at which commit, on what."""
    return "".join(
        f"- **Run {r['letter']}** (`{r['commit']}`, {r['date']}, {r['room']}): `{r['command']}`, "
        f"{r['where']}: {r['load']}. [Its figures](figures/demo_run_{r['letter'].lower()}.json).\n"
        for r in kept
    )


def _evaluated(run):
    return run["stages"]["evaluate"]["summary"]


def _rate(run, policy, domain="real"):
    every = _evaluated(run)["rates"]
    return next((r for r in every if (r["policy"], r["domain"]) == (policy, domain)), None)


def _told(rate):
    if rate is None:
        return "–"
    return f"{rate['successes']}/{rate['trials']}, {rate['low']:.2f}–{rate['high']:.2f}"


def _bold_unless(met, text):
    return text if met else f"**{text}**"


def _share(run, policy, least):
    rate = _rate(run, policy, "sim")
    return _bold_unless(rate["successes"] >= least * rate["trials"], _told(rate))


def _teacher(run):
    steps = run["stages"]["ppo"]["summary"]["num_env_steps"]
    return f"{_share(run, 'teacher', 0.9)} ({steps:,} steps)"


def _student(run):
    return _share(run, "student", 0.7)


def _calibrated(run):
    return _against(run, "real")


def _calibrated_in_worlds(run):
    return _against(run, "worlds")


def _against(run, domain):
    """The calibrated student beside the one it was made from."""
    if not run["stages"]["calibrate"]["summary"]["is_calibrated"]:
        return "not applied" if _rate(run, "student", domain) else "–"
    rate, before = _rate(run, "calibrated", domain), _rate(run, "student", domain)
    if rate is None:
        return "–"
    told, figures = _told(rate), _evaluated(run)["figures"]
    gained, lost = (figures.get(f"calibration_{domain}_{way}") for way in ("gained", "lost"))
    if gained is not None:
        told += f" ({gained:.0f} gained, {lost:.0f} lost"
        p = figures.get(f"calibration_{domain}_mcnemar_p")
        told += ")" if p is None else f", p = {p:.2f})"
    return _bold_unless(rate["successes"] >= before["successes"], told)


def _in_worlds(run):
    return _told(_rate(run, "student", "worlds"))


def _least(run, name, least):
    value = _evaluated(run)["figures"][name]
    return _bold_unless(value >= least, f"{value:.1f}")


def _psnr(run):
    value = run["stages"]["splat"]["summary"]["psnr_db"]
    return _bold_unless(value >= 26, f"{value:.1f} dB")


def _cost(run):
    stages = run["stages"].values()
    minutes, seconds = divmod(round(sum(s["duration_s"] for s in stages)), 60)
    peak = max(s["peak_memory_mb"] for s in stages)
    return f"{minutes} min {seconds:02d} s; {peak / 1000:.1f} GB"


def markdown(head, rows):
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"
