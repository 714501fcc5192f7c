"""The Prefect server on this machine: started, reached, given its pools and deployments."""
