"""Whole nights of a laboratory: toy stages under the real nights, store, records and promotion."""
