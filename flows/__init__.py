"""Prefect flows, and the command line around them."""
