#!/usr/bin/env bash
# Installs what the build and the tests need, from Debian's packages. Asks for nothing, installs
# only what is missing, works as root or with sudo.
#   tools/setup.sh run     to build and run the program
#   tools/setup.sh train   and to build the trainer
#   tools/setup.sh check   and to run every test and check
#   tools/setup.sh arm     and to run the library's tests as 64-bit ARM (Debian on another machine)
set -euo pipefail

run=(
  cmake g++ ninja-build pkg-config ccache
  libhwy-dev zlib1g-dev nlohmann-json3-dev libsimdjson-dev
  libopencv-core-dev libopencv-imgproc-dev libopencv-imgcodecs-dev libjpeg62-turbo-dev
  libcli11-dev libfmt-dev libssl-dev libonnx-dev libprotobuf-dev libeigen3-dev
  opencv-doc  # messi5.jpg, the picture of ./demo
)
train=(libtorch-dev libgloo-dev)
check=(
  libgtest-dev libgmock-dev libbenchmark-dev libopencv-dnn-dev
  clang-14 clang-format-14 clang-tidy-14 libclang-14-dev libclang-rt-14-dev llvm-14
  python3 python3-numpy python3-scipy python3-torch python3-jsonschema
  libopenmpi-dev openmpi-bin  # `eval` on several processes
  "${train[@]}"
)
arm=(
  g++-aarch64-linux-gnu qemu-user
  libhwy-dev:arm64 libgtest-dev:arm64 libgmock-dev:arm64
)

packages=("${run[@]}")
case "${1:-run}" in
  run) ;;
  train) packages+=("${train[@]}") ;;
  check) packages+=("${check[@]}") ;;
  arm) packages+=("${check[@]}" "${arm[@]}") ;;
  *) echo "usage: $0 run|train|check|arm" >&2; exit 2 ;;
esac

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
  echo "This script installs Debian packages; here, install the likes of: ${missing[*]}" >&2
  exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "Run as root, or install: ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
if [ "${1:-run}" = arm ] && ! dpkg --print-foreign-architectures | grep -qx arm64; then
  # Elsewhere, on Ubuntu for one, another server has them, and apt would complain from here on.
  if ! grep -qx 'ID=debian' /etc/os-release; then
    echo "Not Debian: where the arm64 packages are is not known: ${missing[*]}" >&2
    exit 1
  fi
  "${as_root[@]}" dpkg --add-architecture arm64
fi
echo "Installing ${#missing[@]} packages: ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -qq --no-remove --no-install-recommends "${missing[@]}" >/dev/null
