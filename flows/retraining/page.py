"""A night for people: its page in the UI, and its lines in a terminal."""

from .records import NightRecord, Turn

_HEADER = (
    "| policy for | decision | pairs | wins | losses | not worse | worse | current | took |",
    "|---|---|---|---|---|---|---|---|---|",
)


def night_page(night: NightRecord) -> str:
    """The night as Markdown: what it looked at, what came of it, what it left out and why."""
    rows = [_row(pointer, turn) for pointer, turn in night.turns.items()]
    for name, why in night.skipped.items():
        rows.append(f"| {name} | skipped: {_plain(why)} | | | | | | | |")
    lines = [summary(night), "", *_HEADER, *rows]
    tests = [turn.decision.test for turn in night.turns.values() if turn.decision]
    if tests:
        bar = 1 / tests[0].alpha
        lines += ["", f"Evidence decides at {bar:.3g} (a bet's capital, Ville's inequality)."]
    return "\n".join(lines)


def summary(night: NightRecord) -> str:
    """One sentence about what it looked at, and one about its time."""
    counts = ", ".join(f"{n} {outcome}" for outcome, n in night.counts().items()) or "none"
    limit = "no limit" if night.max_hours is None else f"a limit of {night.max_hours:g} h"
    took = "" if night.elapsed_s is None else f"{_time(night.elapsed_s)}, "
    error = f" {night.error}." if night.error else ""
    return (
        f"Night {night.name} of {night.task} ({night.day}), {night.state}: looked at "
        f"{night.num_runs} runs: {len(night.turns)} captures ({counts}), {len(night.skipped)} "
        f"skipped, {night.num_other} older or of other tasks. {took}{limit}.{error}"
    )


def terminal_lines(night: NightRecord) -> list[str]:
    """The night as lines for a terminal."""
    lines = [summary(night)]
    for pointer, turn in night.turns.items():
        pairs = f" after {turn.decision.num_pairs} pairs" if turn.decision else ""
        now = "" if turn.number is None else f"v{turn.number:06d}"
        took = "" if turn.elapsed_s is None else _time(turn.elapsed_s)
        said = f"{turn.outcome:<12} {now:<7} {took:>8}  {' '.join(turn.why.split())}{pairs}"
        lines.append(f"  {pointer:<40} {said}".rstrip())
    for name, why in night.skipped.items():
        lines.append(f"  {name:<40} skipped: {' '.join(why.split())}")
    return lines


def _row(pointer: str, turn: Turn) -> str:
    d = turn.decision
    now = "" if turn.number is None else f"v{turn.number:06d} `{turn.current}`"
    took = "" if turn.elapsed_s is None else _time(turn.elapsed_s)
    said = turn.outcome + (f": {_plain(turn.why)}" if turn.why else "")
    figures = (
        "0 | | | | "
        if d is None
        else (
            f"{d.num_pairs} | {d.wins} | {d.losses} | {d.evidence_not_worse:.3g} "
            f"| {d.evidence_worse:.3g}"
        )
    )
    return f"| {pointer} | {said} | {figures} | {now} | {took} |"


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 600 else f"{seconds / 3600:.2f} h"


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
