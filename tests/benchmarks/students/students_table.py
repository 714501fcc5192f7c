"""The tables of docs/students.md, from docs/figures/students.json (``bench_students`` made it)."""


def students_table(found):
    """A row a student: parameters, windows a CPU second in training, CPU time of a chunk."""
    head = ("student", "parameters", "windows a CPU second in training", "CPU time of a chunk")
    lines = [f"| {' | '.join(head)} |", "|---|---|---|---|"]
    for row in found["rows"]:
        speed = row.get("windows_per_cpu_s")
        trained = "–" if speed is None else f"{_three(speed)} (batch {row['batch_size']})"
        millions = f"{row['parameters'] / 1e6:.1f} M"
        chunk = f"{_three(row['chunk_cpu_ms'])} ms"
        lines.append(f"| {row['student']} | {millions} | {trained} | {chunk} |")
    said = "\n".join(f"\n{_against(ratio)}" for ratio in found["against_lerobot"])
    where = (
        f"\n{found['rounds']} rounds in turns, medians, one thread, {found['cpu']}, torch "
        f"{found['torch']}, load {found['load']:.0f}, commit {found['commit']}, "
        f"{found['date'][:10]}."
    )
    return "\n".join(lines) + "\n" + said + "\n" + where + "\n"


def _three(value):
    """Three digits that say something."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _against(ratio):
    told = []
    for what, word in (("train", "training"), ("chunk", "a chunk")):
        low, middle, high = ratio[what]
        told.append(f"{word} {middle:.2f} times as fast ({low:.2f} to {high:.2f})")
    return (
        f"**{ratio['student']}** beside LeRobot 0.4.4's DiffusionPolicy of the same dimensions "
        f"(torch {ratio['torch']}), within rounds, median and quartiles: {', '.join(told)}."
    )
