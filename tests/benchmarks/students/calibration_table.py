"""The table of ``bench_calibration`` in Markdown, from its results."""

import numpy as np

from xsim_core.policies.nested import nested_difference, sign_flip_exact
from xsim_core.policies.statistics import mcnemar_exact, wilson_interval

HEAD = """\
| arm | steps | miss of the teacher on held-out real frames | retrieval | the world to deploy into \
| simulation |
|---|---|---|---|---|---|"""


def calibration_table(results):
    """One row an arm, and for drawn worlds a sentence; in the world to deploy into first.

    Args:
        results: dictionaries as ``Bench.measure`` keeps them.
    """
    here = [r for r in results if r["world"] is None]
    lines = [HEAD]
    for arm in dict.fromkeys(r["arm"] for r in here):
        rows = [r for r in here if r["arm"] == arm]
        before = [_uncalibrated(results, r) for r in rows]
        lines.append(
            f"| {arm} | {_steps(rows)} | {_change(rows, 'error', '{:.3f}')} "
            f"| {_mean(rows, 'retrieval', '{:.2f}')} | {_rate(rows, before, 'success')} "
            f"| {_rate(rows, before, 'sim')} |"
        )
    return "\n".join([*lines, *_drawn(results)])


MISS_HEAD = """\
| student | steps | learnt from: real frames | simulated | held out: real frames | simulated |
|---|---|---|---|---|---|"""


def miss_table(misses):
    """How far actions are from the teacher's, on real frames and on their simulated ones."""
    names = ("learnt_real", "learnt_sim", "held_out_real", "held_out_sim")
    rows = (
        " | ".join([m["arm"], str(m["step"]), *(f"{m[name]:.3f}" for name in names)])
        for m in misses
    )
    return "\n".join([MISS_HEAD, *(f"| {row} |" for row in rows)])


def _uncalibrated(results, row):
    """The same trials before calibration; None for those themselves."""
    if row["arm"] == "uncalibrated":
        return None
    same = (
        r
        for r in results
        if all(r[k] == row[k] for k in ("student", "world")) and r["arm"] == "uncalibrated"
    )
    return next(same, None)


def _rate(rows, before, name):
    pairs = [(r, b) for r, b in zip(rows, before, strict=True) if name in r]
    if not pairs:
        return "–"
    after = np.concatenate([r[name] for r, _ in pairs]).astype(bool)
    low, high = wilson_interval(int(after.sum()), len(after))
    text = f"{after.sum()}/{len(after)} ({low:.2f}–{high:.2f})"
    if any(b is None for _, b in pairs):
        return text
    was = np.concatenate([b[name] for _, b in pairs]).astype(bool)
    gained, lost = int((after & ~was).sum()), int((was & ~after).sum())
    return f"{text}; {gained} gained, {lost} lost, p = {mcnemar_exact(was, after):.2f}"


def _drawn(results):
    """What drawn worlds say, each with a calibration of its own; worlds are the units."""
    drawn = [r for r in results if r["world"] is not None and r["arm"] != "uncalibrated"]
    for arm in dict.fromkeys(r["arm"] for r in drawn):
        rows = [r for r in drawn if r["arm"] == arm]
        after = np.array([r["success"] for r in rows], bool)
        before = np.array([_uncalibrated(results, r)["success"] for r in rows], bool)
        if len(rows) < 2:
            continue
        low, high = nested_difference(before, after)
        yield (
            f"\n{arm}, {len(rows)} drawn worlds, {after.shape[1]} trials each: {before.sum()} → "
            f"{after.sum()} of {after.size}, difference {after.mean() - before.mean():+.2f} "
            f"({low:+.2f} to {high:+.2f}), sign-flip p = {sign_flip_exact(before, after):.2f}."
        )


def _steps(rows):
    return " / ".join(sorted({f"{r['steps']} × {r['batch']}" for r in rows if "steps" in r})) or "–"


def _change(rows, name, form):
    before, after = (_mean(rows, f"{name}_{when}", form) for when in ("before", "after"))
    return "–" if before == after == "–" else f"{before} → {after}"


def _mean(rows, name, form):
    values = [r[name] for r in rows if name in r]
    return form.format(np.mean(values)) if values else "–"
