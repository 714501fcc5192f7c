#!/usr/bin/env bash
# numba 0.68.1's np.median takes NaN for a number: a depth image with holes has a plausible median that
# depends on the pixels' order.
#
# Package:  numba 0.68.1, numpy 2.4.6
# Expected: np.median gives nan as soon as one value is nan, compiled or not (numba's np.mean, np.quantile and
#           np.percentile do).
# Seen:     101 depths from 0.5 to 1.5 m and 40 nan: nan, 1.00, 1.36 and 0.91 m, for four orders of the same pixels.
# Matters:  holes in depth are often nan; a background or ground height by median moves by decimetres without
#           the nan that would give it away.
# Instead:  np.nanmedian, which is right in both.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install numba==0.68.1 numpy==2.4.6
"$python" - <<'PY'
import numba
import numpy as np


@numba.njit
def median(a):
    return np.median(a)


@numba.njit
def nanmedian(a):
    return np.nanmedian(a)


depth = np.concatenate([np.linspace(0.5, 1.5, 101), np.full(40, np.nan)])
rng = np.random.default_rng(0)
seen = [float(median(x)) for x in (depth, depth[::-1].copy(), rng.permutation(depth), rng.permutation(depth))]
print("numba", numba.__version__)
print("expected:", np.median(depth), "in any order (without the holes it is 1.0)")
print("seen:    ", *(f"{value:.2f}" for value in seen))
print("          nanmedian", nanmedian(depth))
if np.isnan(seen).all():
    raise SystemExit("changed: nan, as NumPy says")
print("holds: numbers where NumPy has nan")
PY
