"""Evaluation: success with intervals on paired seeds, and errors against ground truth."""

from .evaluate import STUDENTS, EvaluateConfig, evaluate_policies

__all__ = ["STUDENTS", "EvaluateConfig", "evaluate_policies"]
