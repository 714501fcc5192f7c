"""Two policies on one robot, each from the same starts, until it is decided which is better."""

from collections.abc import Callable, Sequence

from .rollout import RolloutResult


def run_pairs(
    attempt: Callable[[int, int], RolloutResult],
    seeds: Sequence[int],
    *,
    is_decided: Callable[[list[bool], list[bool]], bool],
) -> None:
    """Try both from each start; they take turns to be the first.

    Ends when it is decided, and after a rollout that was lost or that the safety layer stopped: a
    person looks first.

    Args:
        attempt: lets the current policy (0) or the candidate (1) act once from the start of a seed.
        seeds: of the starts.
        is_decided: asked after each pair, with what both came to so far.
    """
    won: tuple[list[bool], list[bool]] = ([], [])
    for k, seed in enumerate(seeds):
        # Who acts first has the cooler motors and the earlier light.
        for which in (0, 1) if k % 2 == 0 else (1, 0):
            result = attempt(which, seed)
            won[which].append(result.outcome == "success")
            if result.outcome in ("lost", "stopped"):
                return
        if is_decided(*won):
            return
