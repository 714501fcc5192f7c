"""X-Sim's science: a pure library that knows no orchestrator, no GPU and no network."""
