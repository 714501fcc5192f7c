# What every finding beside this file begins with: it stops at the first failure, and has a virtual environment
# of its own in a temporary folder, $work, which is removed when it ends.
set -euo pipefail
unset PYTHONPATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3.11}" -m venv "$work/venv"
python="$work/venv/bin/python"

# Into that environment, or where --target says. Versions are pinned where it is called: name==1.2.3 ...
pip_install() {
  "$python" -m pip install --quiet --no-compile --disable-pip-version-check "$@"
}
