"""Diffusion: train the image policy on rendered episodes and test it in simulation."""

from .train import DiffusionConfig, train_student

__all__ = ["DiffusionConfig", "train_student"]
