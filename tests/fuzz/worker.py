"""The process of a campaign that reads: ``python -m tests.fuzz.worker SEED FIRST END [FORMAT …]``.

``sound`` in their place reads every format's example as it is.

Prints a line when it is ready, and a JSON line for each input when that is done. An input is known
by the campaign's seed and its number alone, and the process has a capture's reader's limits, so
that a crash, a hang or a bomb is one input's, whose number follows that of the last line.
"""

import faulthandler
import json
import logging
import resource
import sys
import time
import traceback
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from xsim_core.capture.readers.limited import GIB
from xsim_core.errors import XSimError

from .formats import FORMATS
from .mutations import in_bytes

MEMORY_BYTES = 8 * GIB
"""What ``Limits.of_this_machine`` gives at least."""
SWOLLEN_BYTES = GIB
"""Files of a few kilobytes are no reason for more."""
OWN = ("xsim_core", "flows", "tasks")


def chosen(seed, number, only=()):
    """The format of an input, of these alone if any, and a generator for what is done to it."""
    rng = np.random.default_rng([seed, number])
    names = list(only or FORMATS)
    shares = np.array([FORMATS[name].share for name in names])
    return str(rng.choice(names, p=shares / shares.sum())), rng


def spoilt(data, structure, rng):
    """By structure, in its bytes, or both; at times not at all."""
    kind = rng.random()
    if kind < 0.005:
        return data
    if kind < 0.7:
        data = structure(data, rng)
    return in_bytes(data, rng) if kind > 0.6 else data


def outcome(name, path):
    """What reading came to, and what is said of a fault."""
    try:
        FORMATS[name].read(path)
    except XSimError as error:
        said = str(error).strip()
        return ("refused", "") if said.splitlines() == [said] else ("not one sentence", _where())
    except AssertionError:
        return "believed though unsound", _where()
    except Exception:  # noqa: BLE001 that is what is looked for
        return "traceback", _where()
    return "accepted", ""


def _where():
    """The kind of an error and its place in our code: the same for all inputs of a kind."""
    error = sys.exc_info()[1]
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if any(f"/{name}/" in f.filename for name in OWN)]
    last = (ours or frames)[-1]
    at = "/".join(Path(last.filename).parts[-3:])
    return f"{type(error).__name__} at {at}:{last.lineno} {last.name}"


def main(seed, first, end, *only):
    """Read inputs ``first`` to ``end``."""
    warnings.simplefilter("ignore")
    logging.disable()
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (GIB, GIB))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    laid = {}
    with TemporaryDirectory() as made:
        print("ready", flush=True)
        for number in range(first, end):
            name, rng = chosen(seed, number, only)
            if name not in laid:
                place = Path(made) / str(len(laid))
                place.mkdir()
                path = FORMATS[name].lay(place)
                laid[name] = path, path.read_bytes()
            path, sound = laid[name]
            path.write_bytes(spoilt(sound, FORMATS[name].structure, rng))
            begun_s, before = time.process_time(), _peak_bytes()
            what, said = outcome(name, path)
            if _peak_bytes() - before > SWOLLEN_BYTES:
                what, said = "swollen", f"{what}: {(_peak_bytes() - before) / GIB:.1f} GiB"
            cpu_s = round(time.process_time() - begun_s, 3)
            print(json.dumps([number, name, what, said, cpu_s]), flush=True)


def _peak_bytes():
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def sound():
    """Read every format's sound example; raises where one is refused."""
    warnings.simplefilter("ignore")
    with TemporaryDirectory() as made:
        for i, one in enumerate(FORMATS.values()):
            place = Path(made) / str(i)
            place.mkdir()
            one.read(one.lay(place))


if __name__ == "__main__" and sys.argv[1:] == ["sound"]:
    sound()
elif __name__ == "__main__":
    main(*map(int, sys.argv[1:4]), *sys.argv[4:])
