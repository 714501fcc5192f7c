"""``python -m flows.cli``: the same as ``xsim``."""

from .main import main

main()
