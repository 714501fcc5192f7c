"""Evaluation: success with intervals, and errors against ground truth."""
