#!/usr/bin/env bash
# Renews requirements.lock and requirements-gpu.lock from pyproject.toml (its dependencies, all its
# dependency groups, [tool.uv]), for every Python that is supported, with the hashes of all files.
# Versions that are locked stay unless pyproject.toml excludes them or an option says otherwise.
# Usage: lock.sh [--upgrade | --upgrade-package NAME ...]; it installs uv below build/.
set -euo pipefail
cd "$(dirname "$0")/../.."
say() { echo "lock: $*"; }
fail() {
  echo "lock: $*" >&2
  exit 1
}
. deployments/setup/system.sh
unset PYTHONPATH PIP_USER
require_system "${PYTHON:-}"

readonly TOOL=build/lock UV=0.13.9
if [ "$("$TOOL/bin/uv" --version 2>/dev/null | cut -d' ' -f2)" != "$UV" ]; then
  "$python" -m venv --clear "$TOOL"
  "$TOOL/bin/python" -m pip --disable-pip-version-check install -q "uv==$UV" || fail "pip could not install uv $UV, for the reason above."
fi
[ -n "${PIP_INDEX_URL:-}" ] && export UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-$PIP_INDEX_URL}
groups=$("$python" -c 'import tomllib; print(*(f"--group={g}" for g in tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]))')
compile() {
  "$TOOL/bin/uv" pip compile -q --universal --python-version "${PYTHONS[0]}" --generate-hashes --no-annotate \
    --custom-compile-command "make lock" --constraint requirements-torch.lock --no-emit-package torch "$@" ||
    fail "uv could not solve it, for the reason above."
}
# shellcheck disable=SC2086 # One word per group is meant.
compile pyproject.toml $groups -o requirements.lock "$@"
# What the CUDA splat backend needs beyond that; torch and the rest are there.
compile --no-deps -o requirements-gpu.lock "$@" - <<<"gsplat
ninja"
say "$(grep -c == requirements.lock) packages are locked, and $(grep -c == requirements-gpu.lock) for CUDA"
