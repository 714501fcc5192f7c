"""The table of ``bench_dagger`` in Markdown, and whether DAgger is to be the default.

The rule was written before anything was measured: over the trainings that both have, more trials
gained than lost in simulation and world together with an exact McNemar p below 0.05, and in neither
of the two more lost than gained.
"""

import numpy as np

from xsim_core.policies.statistics import mcnemar_exact, wilson_interval

ARMS = ("plain", "DAgger", "further", "further, with DAgger")
AGAINST = {"DAgger": "plain", "further": "plain", "further, with DAgger": "further"}
LEVEL = 0.05
HEAD = """\
| student | trainings | CPU s for that | misses the teacher where it gets to | simulation \
| the world to deploy into | gained and lost |
|---|---|---|---|---|---|---|"""


def dagger_table(results):
    """One row an arm; each against the arm that it is to be better than."""
    lines = [HEAD]
    for arm in dict.fromkeys(r["arm"] for r in results):
        rows = [r for r in results if r["arm"] == arm]
        cells = [arm, str(len(rows)), _mean(rows, "cpu_s", "{:.0f}"), _mean(rows, "miss", "{:.3f}")]
        cells += [_rate(rows, "sim"), _rate(rows, "world")]
        compared = compare(results, AGAINST[arm], arm) if arm in AGAINST else None
        cells.append(f"against *{AGAINST[arm]}*: {_said(compared)}" if compared else "")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def compare(results, base, arm):
    """Trials gained and lost over the trainings that both have; None without any."""
    found = {(r["arm"], r["training"]): r for r in results}
    trainings = [t for a, t in found if a == arm and (base, t) in found]
    if not trainings:
        return None
    before, after = (
        {
            n: np.concatenate([found[a, t][n] for t in trainings]).astype(bool)
            for n in ("sim", "world")
        }
        for a in (base, arm)
    )
    gained = {n: int((after[n] & ~before[n]).sum()) for n in before}
    lost = {n: int((before[n] & ~after[n]).sum()) for n in before}
    p = mcnemar_exact(*(np.concatenate([x["sim"], x["world"]]) for x in (before, after)))
    helps = sum(gained.values()) > sum(lost.values()) and p < LEVEL
    helps = helps and all(gained[n] >= lost[n] for n in gained)
    return {"trainings": trainings, "gained": gained, "lost": lost, "p": p, "helps": helps}


def _said(compared):
    gained, lost = compared["gained"], compared["lost"]
    places = ", ".join(f"{n} +{gained[n]} −{lost[n]}" for n in gained)
    p = f"p = {compared['p']:.3f}" if compared["p"] >= 0.001 else "p < 0.001"
    return f"{places}; {p}"


def _rate(rows, name):
    success = np.concatenate([r[name] for r in rows]).astype(bool)
    low, high = wilson_interval(int(success.sum()), len(success))
    each = f" ({' + '.join(str(sum(r[name])) for r in rows)})" if len(rows) > 1 else ""
    return f"{success.sum()}/{len(success)}{each}, {low:.2f}–{high:.2f}"


def _mean(rows, name, form):
    values = [r[name] for r in rows if name in r]
    return form.format(np.mean(values)) if values else "–"
