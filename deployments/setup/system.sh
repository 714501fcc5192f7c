# What the system itself must have. Sourced by setup.sh, which has say and fail.

free_gb() { df -BG --output=avail "$1" 2>/dev/null | tail -n 1 | tr -dc 0-9; }

# Prints the version as 3.11; a pyenv shim is found on the path and still fails.
python_version() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }

# Debian's names of what is missing. Libraries are not among them: vulkan.sh brings its own.
missing_packages() {
  local missing=()
  if ! python_version "$1" >/dev/null; then
    missing+=(python3.11 python3.11-venv)
  elif ! "$1" -c 'import ensurepip, venv' 2>/dev/null; then
    # Debian and Ubuntu take it out of the interpreter's own package.
    missing+=(python3.11-venv)
  fi
  command -v "${CXX:-g++}" >/dev/null || missing+=(g++)
  echo "${missing[*]}"
}

# Ends set-up with a sentence unless everything is there; as root, installs what is not.
require_system() {
  local python=$1 version packages
  if version=$(python_version "$python"); then
    [ "$version" = 3.11 ] || fail "$python is Python $version, and the lock is solved for 3.11; name one with PYTHON=..."
  elif [ "$python" != python3.11 ]; then
    fail "PYTHON=$python does not start; name a Python 3.11."
  fi
  packages=$(missing_packages "$python")
  [ -z "$packages" ] && return
  if [ "$(id -u)" = 0 ] && [ -z "${XSIM_NO_APT:-}" ] && command -v apt-get >/dev/null; then
    install_packages "$packages"
    packages=$(missing_packages "$python")
    [ -z "$packages" ] && return
  fi
  fail "missing here: $packages; an administrator installs that on Debian and Ubuntu with" \
    "'apt-get install $packages'$(python_hint "$packages")."
}

python_hint() {
  case "$1" in
    *python3.11\ *) echo " (Debian 13 and Ubuntu 24.04 have no python3.11: take it from uv, pyenv or conda, and name it with PYTHON=...)" ;;
  esac
}

install_packages() {
  local log reason
  log=$(mktemp)
  say "installing $1 (apt-get; XSIM_NO_APT=1 keeps it from doing so)"
  # An old list of packages names versions that are gone, so it is renewed first.
  # shellcheck disable=SC2086 # One word per package is meant.
  if apt-get update -q >"$log" 2>&1 &&
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $1 >>"$log" 2>&1; then
    rm -f "$log"
    return
  fi
  reason=$(grep -m 1 '^E:' "$log" || tail -n 1 "$log")
  rm -f "$log"
  fail "missing here: $1; apt-get could not install that (${reason#E: }); see that it reaches a mirror," \
    "or install it by hand$(python_hint "$1")."
}
