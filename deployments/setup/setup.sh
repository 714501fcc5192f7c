#!/usr/bin/env bash
# The environment: Python 3.11, the locked packages, a Vulkan driver. Idempotent; usage: setup.sh VENV
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=${1:-.venv}
python=${PYTHON:-python3.11}
fail() { echo "setup: $*" >&2; exit 1; }

command -v "$python" >/dev/null || fail "$python was not found. Install Python 3.11 (python3.11 and python3.11-venv), or name one with PYTHON=..."
"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || fail "$python is $("$python" -V 2>&1); X-Sim's lock is solved for Python 3.11. Name one with PYTHON=..."
command -v g++ >/dev/null || fail "g++ was not found; the splat rasteriser is compiled on first use. Install it: apt-get install g++"

stamp="$venv/.xsim-lock"
want=$(cat requirements.lock pyproject.toml deployments/setup/*.sh | sha256sum | cut -d' ' -f1)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ]; then exit 0; fi

if [ ! -x "$venv/bin/python" ]; then
  echo "setup: creating $venv"
  "$python" -m venv "$venv" || fail "could not create $venv. On Debian and Ubuntu: apt-get install python3.11-venv"
fi
pip() { "$venv/bin/python" -m pip --disable-pip-version-check "$@"; }
# PyPI's torch carries CUDA (3 GB more, works on a CPU). Name PyTorch's CPU index to avoid that.
index=()
[ -n "${XSIM_TORCH_INDEX_URL:-}" ] && index=(--extra-index-url "$XSIM_TORCH_INDEX_URL")
echo "setup: installing $(grep -c == requirements.lock) locked packages (one to five minutes)"
pip install -q "${index[@]}" "$(grep '^torch==' requirements.lock)"
# The lock is complete, so nothing is resolved: what is listed is what is installed.
pip install -q --no-deps -r requirements.lock
pip install -q --no-deps --no-build-isolation -e .
bash deployments/setup/vulkan.sh "$venv"
echo "$want" >"$stamp"
echo "setup: done"
