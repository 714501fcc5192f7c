"""A dataset as the replay buffer of Diffusion Policy's code (Chi et al. 2023): Zarr 2."""

import json
from pathlib import Path

import numpy as np

from xsim_core.artifacts import EpisodeDataset
from xsim_core.exporters.source import Source

from .episodes import Recorded

CHUNK_BYTES = 2 << 20


def write(source: Source[EpisodeDataset], folder: Path) -> list[str]:
    """``replay_buffer.zarr``: ``data/{img, state, action}`` and ``meta/episode_ends``."""
    import zarr
    from numcodecs import Blosc

    recorded = Recorded.read(source)
    e = recorded.episodes
    root = zarr.open_group(folder / "replay_buffer.zarr", mode="w", zarr_format=2)
    arrays = {
        "data/img": e.rgb,
        "data/state": e.state,
        "data/action": e.action,
        "meta/episode_ends": e.episode_ends.astype(np.int64),
    }
    for name, values in arrays.items():
        rows = max(1, min(len(values), CHUNK_BYTES // values[:1].nbytes))
        made = root.create_array(
            name,
            shape=values.shape,
            dtype=values.dtype,
            chunks=(rows, *values.shape[1:]),
            compressors=Blosc(cname="zstd", clevel=5, shuffle=Blosc.BITSHUFFLE),
        )
        for first in range(0, len(values), rows):
            made[first : first + rows] = values[first : first + rows]
    told = {
        "instruction": recorded.instruction,
        "fps": source.artifact.summary.fps,
        "state": recorded.state_names,
        "action": recorded.action,
    }
    (folder / "about.json").write_text(json.dumps(told, indent=1) + "\n")
    return recorded.notes
