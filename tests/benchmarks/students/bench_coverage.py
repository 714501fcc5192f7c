"""What the intervals over worlds cover: ``python -m tests.benchmarks.students.bench_coverage``.

Worlds' rates are drawn from Beta distributions of a known mean, trials in them from each rate; an
interval should hold the mean 95 times in 100. Beside ``nested_interval`` and ``nested_difference``
stands the percentile bootstrap over worlds. ``rho`` is how alike trials of one world are: the share
of the variance that lies between worlds. Of changes, ``gained`` and ``lost`` are the shares of
trials in which only the later, or only the earlier, policy succeeds.
"""

import numpy as np

from tests.benchmarks import rounds
from xsim_core.policies.nested import nested_difference, nested_interval

WORLDS, TRIALS = 20, 2
RATES = [(rate, rho) for rate in (0.5, 0.7, 0.85, 0.95) for rho in (0.0, 0.1, 0.3)]
CHANGES = [
    (gained, lost, rho)
    for gained, lost in ((0.1, 0.1), (0.2, 0.05), (0.3, 0.1), (0.1, 0.0), (0.02, 0.02))
    for rho in (0.0, 0.2)
]


def beta(mean, rho, rng):
    if rho == 0 or mean == 0:
        return np.full(WORLDS, mean)
    return rng.beta(mean * (1 - rho) / rho, (1 - mean) * (1 - rho) / rho, WORLDS)


def draw_rate(rate, rho, rng):
    return rng.random((WORLDS, TRIALS)) < beta(rate, rho, rng)[:, None]


def draw_change(gained, lost, rho, rng):
    """Outcomes before and after whose difference has the mean ``gained - lost``."""
    turn = beta(gained + lost, rho, rng)[:, None] > rng.random((WORLDS, TRIALS))
    won = rng.random((WORLDS, TRIALS)) < gained / (gained + lost)
    rest = rng.random((WORLDS, TRIALS)) < 0.7
    return np.where(turn, ~won, rest), np.where(turn, won, rest)


def bootstrap(values, rng, draws=600):
    means = values.mean(axis=1)
    return np.percentile(
        means[rng.integers(WORLDS, size=(draws, WORLDS))].mean(axis=1), [2.5, 97.5]
    )


def holds(interval, truth):
    return interval[0] - 1e-9 <= truth <= interval[1] + 1e-9


def rows(repeats):
    rng = np.random.default_rng(0)
    for rate, rho in RATES:
        drawn = [draw_rate(rate, rho, rng) for _ in range(repeats)]
        yield {
            "rate": rate,
            "rho": rho,
            "nested": np.mean([holds(nested_interval(x), rate) for x in drawn]),
            "bootstrap": np.mean([holds(bootstrap(x, rng), rate) for x in drawn]),
            "width": np.mean([np.diff(nested_interval(x))[0] for x in drawn]),
        }
    for gained, lost, rho in CHANGES:
        truth, pairs = gained - lost, [draw_change(gained, lost, rho, rng) for _ in range(repeats)]
        changes = [after.astype(int) - before for before, after in pairs]
        yield {
            "gained": gained,
            "lost": lost,
            "rho": rho,
            "nested": np.mean([holds(nested_difference(*x), truth) for x in pairs]),
            "bootstrap": np.mean([holds(bootstrap(x, rng), truth) for x in changes]),
            "width": np.mean([np.diff(nested_difference(*x))[0] for x in pairs]),
        }


def main():
    asked = rounds.arguments(__doc__, repeats=(4000, "draws of each setting"))
    measured = [{k: round(float(v), 4) for k, v in row.items()} for row in rows(asked.repeats)]
    for row in measured:
        print(row)
    about = {"worlds": WORLDS, "trials_per_world": TRIALS, "repeats": asked.repeats}
    rounds.publish({"machine": rounds.circumstances(), **about, "rows": measured}, asked.json)


if __name__ == "__main__":
    main()
