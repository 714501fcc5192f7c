"""Evaluation: success with intervals on paired seeds, and errors against ground truth."""

from .evaluate import EvaluateConfig, evaluate_policies

__all__ = ["EvaluateConfig", "evaluate_policies"]
