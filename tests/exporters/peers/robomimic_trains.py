"""robomimic 0.5 opens a dataset of ours, trains its BC on it, and says what it read.

``DEMOS.hdf5 OUT.npz``. Runs in robomimic's own environment and imports nothing of ours.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import robomimic.utils.file_utils as files
import robomimic.utils.obs_utils as obs
import torch
from robomimic.config import config_factory
from robomimic.scripts.train import train
from robomimic.utils.train_utils import load_data_for_training


def configured(path, folder):
    config = config_factory("bc")
    with config.values_unlocked():
        config.observation.modalities.obs.low_dim = ["proprio"]
        config.observation.modalities.obs.rgb = ["front_image"]
        config.train.data = [{"path": path}]
        config.train.output_dir = str(folder)
        config.train.hdf5_filter_key = "train"
        config.train.hdf5_validation_filter_key = "valid"
        config.train.hdf5_load_next_obs = True
        config.train.num_data_workers = 0
        config.train.batch_size, config.train.num_epochs = 4, 2
        config.train.seq_length = 3
        config.experiment.validate = True
        config.experiment.rollout.enabled = False
        config.experiment.epoch_every_n_steps = 2
        config.experiment.validation_epoch_every_n_steps = 1
        config.experiment.save.enabled = True
        config.experiment.save.epochs = [2]
    return config


def main():
    path, out = sys.argv[1:]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        config = configured(path, folder)
        obs.initialize_obs_utils_with_config(config)
        kept = {}
        for name, dataset in zip(
            ("train", "valid"),
            load_data_for_training(config, ["front_image", "proprio"]),
            strict=True,
        ):
            items = [dataset[i] for i in range(len(dataset))]
            kept[f"{name}_demos"] = np.array(dataset.demos)
            kept[f"{name}_action"] = np.stack([i["actions"] for i in items])
            kept[f"{name}_state"] = np.stack([i["obs"]["proprio"] for i in items])
            kept[f"{name}_rgb"] = np.stack([i["obs"]["front_image"] for i in items])
        lang = files.get_env_metadata_from_dataset(path)["env_kwargs"]["lang"]
        train(config, torch.device("cpu"))
        made = list(folder.rglob("*.pth"))
        np.savez(out, **kept, words=np.array(lang), checkpoints=np.array(len(made)))


if __name__ == "__main__":
    main()
