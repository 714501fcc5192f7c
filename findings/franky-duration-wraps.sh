#!/usr/bin/env bash
# franky-control 2.0.0's Duration wraps around below zero: 1.5 s minus 2 s is 18 446 744 073 709 551 s.
#
# Package:  franky-control 2.0.0
# Expected: minus half a second, as datetime.timedelta and std::chrono have it, or an error; it is "a duration with
#           millisecond resolution", and subtraction is offered.
# Seen:     (Duration(1500) - Duration(2000)).to_sec() is 1.8446744073709552e16; Duration(-1) is refused, so that the
#           difference is the only way to such a value.
# Matters:  times of two states are subtracted to see which came first, how late one is, whether it is stale: in the
#           wrong order the answer is not slightly negative but 585 million years, and every "older than" is true.
# Instead:  subtract to_sec() of each.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install franky-control==2.0.0 numpy==2.4.6
"$python" -P - <<'PY'
from datetime import timedelta
from importlib.metadata import version

import franky

early, late = franky.Duration(1500), franky.Duration(2000)
seen = (early - late).to_sec()
try:
    franky.Duration(-1)
    negative = "taken"
except TypeError:
    negative = "refused"
expected = (timedelta(seconds=1.5) - timedelta(seconds=2)).total_seconds()
print("franky-control", version("franky-control"))
print(f"expected: {expected} s")
print(f"seen:     {seen} s; Duration(-1) is {negative}; the other way round {(late - early).to_sec()} s")
if (seen, negative, (late - early).to_sec()) != (1.8446744073709552e16, "refused", 0.5):
    raise SystemExit("changed: a difference below zero is another")
print("holds: below zero it wraps around")
PY
