#!/usr/bin/env bash
# Builds the images and starts them, without a registry and without a daemon: buildah over a
# debootstrapped Debian. Usage, as root: docker/check.sh [NAME ...], all by default:
#   cpu             the image; a stage and a worker in it
#   gpu, foundationpose   on the cpu image here, so without CUDA and without FoundationPose
#   fresh           no image: README's commands on a machine that has Python, git and make only
#
# Says for each how long it took and its size; ends with 1 when something failed, with 77 and a
# sentence when this machine cannot do it. Leaves nothing behind. Environment:
#   XSIM_CHECK_RELEASE    bookworm (the default) or trixie
#   XSIM_CHECK_FOLDER     where to work (20 GB; default: /var/tmp)
#   XSIM_CHECK_PIPELINE=1 the worker in the cpu image also runs the debug pipeline
#   PIP_INDEX_URL, PIP_FIND_LINKS, XSIM_TORCH_INDEX_URL   as for make setup
set -euo pipefail
cd "$(dirname "$0")/.."
readonly NEEDED_GB=20 RELEASE=${XSIM_CHECK_RELEASE:-bookworm} MIRROR=${XSIM_CHECK_MIRROR:-}  # Empty: debootstrap's own.
say() { echo "check: $*"; }
cannot() { say "$*" >&2; exit 77; }

[ "$(id -u)" = 0 ] || cannot "images are built as root here (debootstrap and chroot)."
for tool in buildah debootstrap; do
  command -v "$tool" >/dev/null || cannot "$tool was not found; install it: apt-get install buildah debootstrap."
done
work=$(mktemp -d "${XSIM_CHECK_FOLDER:-/var/tmp}/xsim-check.XXXXXX")
free_gb=$(df -BG --output=avail "$work" | tail -n 1 | tr -dc 0-9)
[ "$free_gb" -ge "$NEEDED_GB" ] || { rm -rf "$work"; cannot "$work has $free_gb GB free and $NEEDED_GB are needed; name another folder in XSIM_CHECK_FOLDER."; }

bah() { buildah --root "$work/images" --runroot "$work/run" "$@"; }
clean() {
  bah rm --all >/dev/null 2>&1 || true
  bah rmi --all --force >/dev/null 2>&1 || true
  umount "$work/images/overlay" 2>/dev/null || true
  rm -rf --one-file-system "$work"
}
trap clean EXIT

choose_driver() {
  export STORAGE_DRIVER=${STORAGE_DRIVER:-overlay}
  local probe
  if probe=$(bah from scratch 2>/dev/null) && bah mount "$probe" >/dev/null 2>&1; then
    bah rm "$probe" >/dev/null
  else
    # Works everywhere, at the price of a full copy of every layer.
    rm -rf "$work/images" "$work/run"
    export STORAGE_DRIVER=vfs
  fi
}

make_base() {
  local root="$work/base" container
  say "debootstrapping Debian $RELEASE"
  debootstrap --variant=minbase --include=ca-certificates "$RELEASE" "$root" ${MIRROR:+"$MIRROR"} >"$work/base.log" ||
    { tail -n 3 "$work/base.log" >&2; cannot "debootstrap failed; name a mirror in XSIM_CHECK_MIRROR."; }
  # A site's own certificates belong to its base image.
  cp /usr/local/share/ca-certificates/*.crt "$root/usr/local/share/ca-certificates/" 2>/dev/null || true
  chroot "$root" update-ca-certificates >/dev/null 2>&1
  container=$(bah from scratch)
  bah add -q "$container" "$root" / >/dev/null
  bah commit -q "$container" localhost/xsim-base >/dev/null
  bah rm "$container" >/dev/null
  rm -rf "$root"
}

# build NAME FILE BASE [--build-arg ...]
build() {
  local name=$1 file=$2 base=$3 start=$SECONDS volume=()
  shift 3
  # Wheels that lie in a folder of this machine are seen at the same place.
  [ -d "${PIP_FIND_LINKS:-}" ] && volume=(--volume "$PIP_FIND_LINKS:$PIP_FIND_LINKS:ro")
  for variable in PIP_INDEX_URL PIP_FIND_LINKS XSIM_TORCH_INDEX_URL; do
    [ -n "${!variable:-}" ] && set -- "$@" --build-arg "$variable=${!variable}"
  done
  say "building $name"
  bah bud -q --isolation chroot -f "$file" --build-arg "BASE_IMAGE=$base" \
    "${volume[@]}" "$@" -t "localhost/xsim-$name" . >"$work/build.log" 2>&1 ||
    { tail -n 20 "$work/build.log" >&2; say "$name does not build"; exit 1; }
  say "$name was built in $((SECONDS - start)) s; $(bah images --format '{{.Size}}' "localhost/xsim-$name")"
}

# inside NAME COMMAND: a shell command in a new container of the image, as its own user.
inside() {
  local container status=0
  container=$(bah from "localhost/xsim-$1")
  rm -rf "$work/data" && install -d -m 777 "$work/data"
  bah run --isolation chroot --volume "$work/data:/data" --volume "$PWD/docker:/check:ro" "$container" -- bash -euc "$2" || status=$?
  bah rm "$container" >/dev/null
  [ "$status" = 0 ] || { say "$1 was built and does not work (exit $status)"; exit 1; }
}

readonly LOOK='[ "$(id -un)" = xsim ]; xsim --help >/dev/null
  xsim doctor --json >/data/doctor.json || { cat /data/doctor.json; exit 1; }'

check_cpu() {
  build cpu docker/cpu.Dockerfile localhost/xsim-base
  say "starting cpu"
  inside cpu "$LOOK; python /check/inside.py ${XSIM_CHECK_PIPELINE:+--pipeline}"
}
check_gpu() {
  # SAPIEN's releases are not a registry that a build here reaches.
  build gpu docker/gpu.Dockerfile localhost/xsim-cpu --build-arg WITH_PHYSX_GPU=0
  say "starting gpu, without a GPU"
  inside gpu "$LOOK; python -W ignore -c 'import gsplat'"
}
check_foundationpose() {
  build foundationpose docker/foundationpose.Dockerfile localhost/xsim-cpu --build-arg "COMMAND=run {input} {output}"
  say "starting foundationpose, without FoundationPose"
  inside foundationpose "$LOOK; [ \"\$XSIM_FOUNDATIONPOSE_COMMAND\" = 'run {input} {output}' ]"
}
check_fresh() { build fresh tests/setup/fresh.Dockerfile localhost/xsim-base; }

wanted=("$@")
[ $# -gt 0 ] || wanted=(fresh cpu gpu foundationpose)
for name in "${wanted[@]}"; do
  declare -F "check_$name" >/dev/null || { say "there is no '$name'; there are fresh, cpu, gpu and foundationpose." >&2; exit 1; }
done
choose_driver
make_base
for name in "${wanted[@]}"; do
  case "$name" in
    gpu | foundationpose) bah images localhost/xsim-cpu >/dev/null 2>&1 || check_cpu ;;
  esac
  "check_$name"
done
say "all that was asked for works: ${wanted[*]}"
