# What the system itself must have. Sourced by setup.sh, which has say and fail.

free_gb() { df -BG --output=avail "$1" 2>/dev/null | tail -n 1 | tr -dc 0-9; }

# The versions that the lock is solved for, the most tried first.
readonly PYTHONS=(3.11 3.12 3.13)

# Prints the version as 3.11; a pyenv shim is found on the path and still fails.
python_version() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }

# Whether a version is one that the lock is solved for.
supported() { case " ${PYTHONS[*]} " in *" $1 "*) ;; *) false ;; esac }

# Prints the interpreter to use: the one that was asked for, or the first that the lock is solved for.
find_python() {
  local name version
  if [ -n "$1" ]; then echo "$1" && return; fi
  for name in "${PYTHONS[@]/#/python}" python3 python; do
    if version=$(python_version "$name") && supported "$version"; then echo "$name" && return; fi
  done
}

# Debian's names of what is missing. Libraries are not among them: vulkan.sh brings its own.
missing_packages() {
  local python=$1 missing=()
  if [ -z "$python" ]; then
    # The system's own Python is one of the three on Debian 12, Debian 13 and Ubuntu 24.04.
    if python_version python3 >/dev/null; then
      missing+=("python${PYTHONS[0]}" "python${PYTHONS[0]}-venv")
    else
      missing+=(python3 python3-venv)
    fi
  elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    # Debian and Ubuntu take it out of the interpreter's own package.
    missing+=("python$(python_version "$python")-venv")
  fi
  command -v "${CXX:-g++}" >/dev/null || missing+=(g++)
  echo "${missing[*]}"
}

# Sets $python. Ends set-up with a sentence unless everything is there; as root, installs what is not.
require_system() {
  local asked=$1 version packages
  if [ -n "$asked" ]; then
    version=$(python_version "$asked") || fail "PYTHON=$asked does not start; name a Python of ${PYTHONS[*]}."
    supported "$version" || fail "$asked is Python $version, and the lock is solved for ${PYTHONS[*]}; name one of those with PYTHON=..., or leave it out."
  fi
  python=$(find_python "$asked")
  packages=$(missing_packages "$python")
  [ -z "$packages" ] && return
  if [ "$(id -u)" = 0 ] && [ -z "${XSIM_NO_APT:-}" ] && command -v apt-get >/dev/null; then
    install_packages "$packages"
    python=$(find_python "$asked")
    packages=$(missing_packages "$python")
    [ -z "$packages" ] && return
  fi
  fail "missing here: $packages; an administrator installs that on Debian and Ubuntu with" \
    "'apt-get install $packages'$(python_hint)."
}

# Where the system offers no Python that will do.
python_hint() {
  if [ -z "$python" ]; then
    echo " (or take a Python of ${PYTHONS[*]} from uv, pyenv or conda, and name it with PYTHON=...)"
  fi
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
    "or install it by hand$(python_hint)."
}
