"""Prefect tasks, one a stage, made in ``stages``: retries and what the UI shows; no science."""
