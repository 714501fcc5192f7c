"""Prefect tasks: one thin file a stage. Retries, tags and what the UI shows; no science."""
