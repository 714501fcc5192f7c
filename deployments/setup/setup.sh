#!/usr/bin/env bash
# The environment: a Python, the locked packages, a Vulkan driver. Idempotent; usage: setup.sh VENV
# What goes wrong ends with one sentence (what, and how it is mended) and leaves nothing that stops
# the next try. docs/install.md lists the variables.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=${1:-.venv}
# A path of foreign packages (ROS sets one) would count as installed here and be missing later.
unset PYTHONPATH PIP_USER
say() { echo "setup: $*"; }
fail() {
  echo "setup: $*" >&2
  exit 1
}

. deployments/setup/system.sh
require_system "${PYTHON:-}"

venv=$(realpath -m "$venv")
stamp="$venv/.xsim-lock"
want=$(cat requirements.lock requirements-torch.lock pyproject.toml deployments/setup/*.sh | sha256sum | cut -d' ' -f1)
# An environment whose making was interrupted has no pip; one that was moved starts other programs;
# one whose Python was taken away starts none.
usable() { [ -x "$venv/bin/pip" ] && grep -qsF "$venv" "$venv/bin/activate" && python_version "$venv/bin/python" >/dev/null; }
# One environment that two checkouts name would run the other's code (pip's own record says whose).
checkout() { "$venv/bin/python" -c 'import pathlib; print(pathlib.Path.cwd().as_uri())'; }
of_this_checkout() { grep -qsF "\"$(checkout)\"" "$venv"/lib/python*/site-packages/xsim-*.dist-info/direct_url.json; }
locked() { usable && [ "$(cat "$stamp" 2>/dev/null)" = "$want" ]; }
ready() { locked && of_this_checkout; }
if usable; then
  # Nothing is taken away from an environment that works: it may be somebody's own.
  has=$(python_version "$venv/bin/python")
  supported "$has" || fail "$venv is of Python $has, and the lock is solved for ${PYTHONS[*]}; name another folder with VENV=..., or remove that one."
  [ -z "${PYTHON:-}" ] || [ "$has" = "$(python_version "$PYTHON")" ] ||
    fail "$venv is of Python $has, and PYTHON=$PYTHON is another; name another folder with VENV=..., or remove that one ('make clean')."
fi
if ready; then exit 0; fi
# Two at once (make demo beside make test) would take each other's files away.
exec 9<deployments/setup/setup.sh
flock -n 9 || { say "another set-up is at work in this clone; waiting for it" && flock 9; }
if ready; then exit 0; fi
if locked; then say "$venv was set up from another checkout; from now on it runs this one"; fi

if ! usable; then
  if [ -n "$(ls -A "$venv" 2>/dev/null)" ] && [ ! -f "$venv/pyvenv.cfg" ]; then
    fail "$venv is not a virtual environment and not empty; name another folder with VENV=..."
  fi
  say "creating $venv with $python ($("$python" --version 2>&1))"
  "$python" -m venv --clear "$venv" >&2 || fail "$python could not create $venv, for the reason above; see that its disk can be written to (VENV=... names another folder)."
fi

pip() {
  "$venv/bin/python" -m pip --disable-pip-version-check install -q "$@" || fail \
    "pip could not install the locked packages, for the reason above; it needs PyPI or a mirror (PIP_INDEX_URL)," \
    "a proxy where there is one (HTTPS_PROXY), and 5 GB of disk, or 9 GB with PyPI's own torch ($(free_gb "$venv") GB are free);" \
    "run it again then, and it goes on where it stopped."
}
say "installing $(grep -c == requirements.lock) locked packages and torch (one to five minutes)"
# The same module as opencv-contrib-python-headless, from an older lock: side by side they break.
"$venv/bin/python" -m pip uninstall -q -y opencv-python opencv-contrib-python 2>/dev/null || true
# The lock is complete, so nothing is resolved: what is listed is what is installed, to the byte.
pip --no-deps --require-hashes -r requirements.lock
# PyPI's torch carries CUDA (3 GB more, works on a CPU). Name PyTorch's CPU index to avoid that.
index=()
[ -n "${XSIM_TORCH_INDEX_URL:-}" ] && index=(--extra-index-url "$XSIM_TORCH_INDEX_URL")
pip "${index[@]}" -r requirements-torch.lock
pip --no-deps --no-build-isolation -e .
bash deployments/setup/vulkan.sh "$venv"
echo "$want" >"$stamp"
say "done"
