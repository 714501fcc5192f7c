"""The table of docs/night.md: what a thousand captures take, from a kept run's own costs."""

CAPTURES, NIGHT_H = 1000, 10
OURS = ("ingest_truth", "ingest_world")
"""Stages of the demo alone: a capture has no truth and no world to deploy into."""


def night_table(run):
    """A row a stage: what one capture took and left, and that for all of them in one night."""
    head = ("stage", "one capture", "1 000 captures", "share", "kept of one", "kept of 1 000")
    lines = [f"| {' | '.join(head)} |", "|---|---|---|---|---|---|"]
    stages = {name: cost for name, cost in run["stages"].items() if name not in OURS}
    seconds = sum(cost["duration_s"] for cost in stages.values())
    kept = sum(cost["num_bytes"] for cost in stages.values())
    for name, cost in sorted(stages.items(), key=lambda item: -item[1]["duration_s"]):
        lines.append(_row(f"`{name}`", cost["duration_s"], cost["num_bytes"], seconds))
    lines.append(_row("**together**", seconds, kept, seconds))
    machines = CAPTURES * seconds / 3600 / NIGHT_H
    memory = max(cost["peak_memory_mb"] for cost in stages.values())
    longest = max(stages, key=lambda name: stages[name]["duration_s"])
    return "\n".join(lines) + (
        f"\n\nSo a night of {NIGHT_H} hours wants **{machines:.1f} such machines**, "
        f"{CAPTURES * kept / 1e9:.0f} GB of store and {memory / 1000:.1f} GB of memory a run; "
        f"the longest part is `{longest}`. Run {run['letter']}: {run['where']}, {run['load']}, "
        f"commit {run['commit']}, {run['date'][:10]}.\n"
    )


def _row(name, seconds, num_bytes, total):
    hours, gigabytes = CAPTURES * seconds / 3600, CAPTURES * num_bytes / 1e9
    return (
        f"| {name} | {seconds:.0f} s | {hours:.1f} h | {seconds / total:.0%} | "
        f"{num_bytes / 1e6:.1f} MB | {gigabytes:.0f} GB |"
    )
