"""What tests ask about processes that they do not hold a handle of."""

import psutil


def is_alive(pid):
    """Whether it runs; one that only waits to be reaped does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
