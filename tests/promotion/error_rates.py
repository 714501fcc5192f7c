"""How often the test errs, simulated as nights use it: python -m tests.promotion.error_rates.

The test looks after every pair, up to 150; ``luck`` is how far both policies
share a seed's fate (1: the better one succeeds wherever the worse one does).
"""

import argparse

import numpy as np

from xsim_core.promotion import PromotionTest, decide

MAX_PAIRS = 150


def trials(rng, rates, luck, num_pairs=MAX_PAIRS):
    """(2, n) outcomes of two policies that succeed this often."""
    shared = rng.random(num_pairs)
    own = rng.random((2, num_pairs))
    is_shared = rng.random(num_pairs) < luck
    return np.where(is_shared, shared, own) < np.array(rates)[:, None]


def share(action, rates, *, luck=0.0, num_runs=400, seed=0, test=None):
    """How often a night ends so."""
    rng = np.random.default_rng(seed)
    ends = (decide(*trials(rng, rates, luck), test).action for _ in range(num_runs))
    return sum(end == action for end in ends) / num_runs


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    num_runs, test = parser.parse_args().runs, PromotionTest()
    print(f"{num_runs} nights each, margin {test.margin}, alpha {test.alpha}, {MAX_PAIRS} pairs")
    print(
        "| current | luck | 0.10 worse: promoted | equal: kept as worse | equal: promoted "
        "| 0.20 better: promoted |"
    )
    print("|---|---|---|---|---|---|")
    worst = 0.0
    for rate in (0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0):
        for luck in (0.0, 0.5, 1.0):
            asked = [
                ("promote", max(0.0, rate - 0.1)), ("keep", rate), ("promote", rate),
                ("promote", min(1.0, rate + 0.2)),
            ]  # fmt: skip
            found = [share(a, (rate, r), luck=luck, num_runs=num_runs) for a, r in asked]
            worst = max(worst, found[0])
            print(f"| {rate} | {luck} | " + " | ".join(f"{f:.3f}" for f in found) + " |")
    print(f"worst false promotion: {worst:.4f}")


if __name__ == "__main__":
    main()
