"""The same as ``xsim deploy``, for machines where only the checkout is at hand."""

import sys

from flows.prefect_server.deploy import deploy
from tasks.settings import load_settings

if __name__ == "__main__":
    sys.stdout.write(f"{deploy(load_settings()).ui_url}/deployments\n")
