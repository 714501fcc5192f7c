#!/usr/bin/env bash
# Minari 0.5.4: val[0] and val.iterate_episodes([0]) are two episodes; after a split the second is from the
# training set.
#
# Package:  minari 0.5.4, gymnasium 1.4.0, h5py 3.16.0, pillow 13.0.0
# Expected: a data set that split_dataset, filter_episodes or an index made has len(val) episodes, val[i] being the
#           i-th; iterate_episodes(episode_indices), "episode indices to iterate over", means the same i, or refuses
#           what is not in the set. sample_episodes and plain iteration stay within it.
# Seen:     iterate_episodes takes the indices of the file that all sets share. Of ten episodes split 8 to 2 with
#           seed 0, val holds the episodes 8 and 1, and iterate_episodes(range(len(val))) yields 0, a training
#           episode, and 1. Episodes that a filter threw out come back in the same way.
# Matters:  a data loader that shuffles range(len(val)) and calls iterate_episodes evaluates on training episodes,
#           or trains on the failures that were filtered out.
# Instead:  val[i], or iterate_episodes(val.episode_indices[i]).
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install minari==0.5.4 gymnasium==1.4.0 h5py==3.16.0 pillow==13.0.0 numpy==2.4.6
"$python" -W ignore - "$work/data" <<'PY'
import os
import sys

os.environ["MINARI_DATASETS_PATH"] = sys.argv[1]
import minari
import numpy as np
from gymnasium.spaces import Box
from minari.data_collector import EpisodeBuffer

SPACE = Box(-100, 100, (1,), np.float32)


def episode(number):
    return EpisodeBuffer(
        observations=np.full((4, 1), number, np.float32),
        actions=np.zeros((3, 1), np.float32),
        rewards=[0.0, 0.0, 0.0],
        terminations=[False, False, True],
        truncations=[False, False, False],
        infos={},
    )


def numbers(episodes):
    return [int(episode.observations[0, 0]) for episode in episodes]


whole = minari.create_dataset_from_buffers(
    "push-v0", buffer=[episode(i) for i in range(10)], observation_space=SPACE, action_space=SPACE
)
train, val = minari.split_dataset(whole, [8, 2], seed=0)
late = whole.filter_episodes(lambda episode: episode.observations[0, 0] > 6)
report = {}
for name, part in (("val", val), ("filtered", late)):
    expected = numbers(part[i] for i in range(len(part)))
    seen = numbers(part.iterate_episodes(range(len(part))))
    report[name] = expected, seen
    print(f"{name}: expected {expected} (so do plain iteration, {numbers(part)}, and part[i]), seen {seen}")
    if numbers(part) != expected:
        raise SystemExit("changed: iteration and indexing differ otherwise")
if report["filtered"] != ([7, 8, 9], [0, 1, 2]) or report["val"][1] != [0, 1]:
    raise SystemExit("changed: the indices are those of the part")
if 0 not in numbers(train) or 0 in numbers(val):
    raise SystemExit("changed: the split is another")
print("holds: indices of the whole")
PY
