"""InfoNCE between features of paired real and simulated images (X-Sim, section 4.3).

Differences from the released code, on purpose: both directions, a temperature that is not 1, the
weight applied once, and near-duplicates of the positive left out of the negatives. The recipe
``x-sim`` (``CalibrateConfig.recipe``) has none of them.
"""

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize


def infonce(
    real: Tensor,
    sim: Tensor,
    *,
    temperature: float,
    ignore: Tensor | None = None,
    both_ways: bool = True,
) -> Tensor:
    """Contrast each real feature with all simulated ones, and the other way round.

    Args:
        real: (b, f) features; row i is paired with row i of ``sim``.
        sim: (b, f).
        temperature: divides the cosine similarities.
        ignore: (b, b) bool, symmetric; pairs (i, j) that are no negatives of each other. The
            diagonal is never ignored.
        both_ways: also contrast each simulated feature with all real ones.

    Returns:
        The mean cross-entropy in nats.
    """
    logits = normalize(real, dim=1) @ normalize(sim, dim=1).T / temperature
    if ignore is not None:
        ignore = ignore & ~torch.eye(len(real), dtype=torch.bool, device=real.device)
        logits = logits.masked_fill(ignore, float("-inf"))
    target = torch.arange(len(real), device=real.device)
    if not both_ways:
        return cross_entropy(logits, target)
    return (cross_entropy(logits, target) + cross_entropy(logits.T, target)) / 2


def near_duplicates(positions_m: ArrayLike, threshold_m: float) -> NDArray[np.bool_]:
    """Frames that show almost the same thing, (n, n).

    Args:
        positions_m: (n, k, 3) positions of the things that move (gripper, object), world.
        threshold_m: two frames are duplicates when none of them moved further than this.
    """
    p = np.asarray(positions_m, float)
    distance = np.linalg.norm(p[:, None] - p[None], axis=-1)
    return (distance < threshold_m).all(axis=-1)


def alignment(real: Tensor, sim: Tensor) -> float:
    """Mean cosine similarity of the pairs of (n, f) and (n, f)."""
    return float((normalize(real, dim=1) * normalize(sim, dim=1)).sum(1).mean())


def retrieval_accuracy(real: Tensor, sim: Tensor, same: NDArray[np.bool_]) -> float:
    """Share of real frames whose most similar simulated frame shows the same scene.

    Args:
        real: (n, f).
        sim: (n, f), paired.
        same: (n, n) which frames count as the same scene, such as ``near_duplicates``.
    """
    nearest = (normalize(real, dim=1) @ normalize(sim, dim=1).T).argmax(dim=1).numpy()
    return float((same | np.eye(len(same), dtype=bool))[np.arange(len(same)), nearest].mean())
