"""Several whole trainings of one capture: what success varies by, and what calibration gives."""

import numpy as np
from scipy.stats import t as student_t

from tests.benchmarks.results.demo import markdown
from xsim_core.policies.nested import nested_difference, nested_interval, sign_flip_exact
from xsim_core.policies.statistics import mcnemar_exact, wilson_interval

DOMAINS = {
    "sim": "simulation",
    "real": "the world to deploy into",
    "worlds": "20 drawn worlds, two trials each",
}


def over_trainings(kept):
    """A row a policy and domain: each training, and all together.

    A calibration that was not applied counts as the student that stays. Trials of one world have
    it in common through all trainings, so that worlds are the units of the last interval.
    """
    head = [
        "",
        *(f"training {run['letter']}" for run in kept),
        "all, mean of trainings",
        "interval",
    ]
    rows = []
    for domain, name in DOMAINS.items():
        for policy in ("student", "calibrated"):
            every = [outcomes(run, policy, domain) for run in kept]
            cells = [f"{each.sum()}/{each.size}" for each in every]
            means = [each.mean() for each in every]
            low, high = _rate(np.concatenate([_by_world(each) for each in every], axis=1))
            rows.append([f"{policy}, {name}", *cells, f"{np.mean(means):.2f}"])
            rows[-1].append(f"{low:.2f}–{high:.2f}")
    return markdown(head, rows)


def calibrated_minus_plain(kept):
    """What calibration changes: a sentence a domain, with intervals over worlds and trainings."""
    return _changes(kept, "student", kept, "calibrated")


def other_minus_plain(kept, others, policy="student"):
    """What other trainings on the same seeds change for a policy, in the same order; likewise."""
    return _changes(kept, policy, others, policy)


def _changes(kept, policy, others, other_policy):
    lines = []
    for domain, name in DOMAINS.items():
        pairs = [
            (outcomes(one, policy, domain), outcomes(other, other_policy, domain))
            for one, other in zip(kept, others, strict=True)
        ]
        before, after = (np.concatenate([_by_world(p[k]) for p in pairs], axis=1) for k in (0, 1))
        gained, lost = int((after & ~before).sum()), int((before & ~after).sum())
        change = [float(p[1].mean() - p[0].mean()) for p in pairs]
        said = f"- **{name}**: {np.mean(change):+.2f} ({gained} gained, {lost} lost"
        if len(before) > 1:
            low, high = nested_difference(before, after)
            said += f"; over worlds {low:+.2f} to {high:+.2f}"
            said += f", sign-flip {_p(sign_flip_exact(before, after))}"
        else:
            said += f"; McNemar {_p(mcnemar_exact(before[0], after[0]))}"
        if len(change) > 1:
            low, high = over_units(change)
            said += f"; over trainings {low:+.2f} to {high:+.2f}"
        lines.append(f"{said}).")
    return "\n".join(lines) + "\n"


def outcomes(run, policy, domain):
    """Successes (n,) or (worlds, trials) of a run's policy."""
    name = f"{policy}_{domain}"
    if name not in run["outcomes"]:
        name = f"student_{domain}"
    return np.array(run["outcomes"][name], bool)


def over_units(values):
    """Student's 95 % interval of the mean of few values, each of a unit of its own."""
    half = student_t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return float(np.mean(values) - half), float(np.mean(values) + half)


def _p(value):
    return f"p = {value:.3f}" if value >= 0.001 else "p < 0.001"


def _by_world(success):
    """(worlds, trials); one world alone has its trials in one row."""
    return success if success.ndim == 2 else success[None]


def _rate(success):
    if len(success) > 1:
        return nested_interval(success)
    return wilson_interval(int(success.sum()), success.size)
