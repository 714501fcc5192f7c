"""Commands about what runs elsewhere or later: Prefect's server, deployments, workers, inbox."""
