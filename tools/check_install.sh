#!/usr/bin/env bash
# Builds the library without OpenCV, installs it into a scratch folder, and builds the example
# against it with find_package: once static, once shared.
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for shared in OFF ON; do
  cmake --preset core -DBUILD_SHARED_LIBS=$shared
  cmake --build --preset core
  cmake --install build/core --prefix "$scratch/usr" >/dev/null
  cmake -S examples -B "$scratch/examples" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_PREFIX_PATH="$scratch/usr" >/dev/null
  cmake --build "$scratch/examples"
  if ldd "$scratch/examples/pose_of_ppm" | grep -i opencv; then
    echo "the core library pulls in OpenCV" >&2
    exit 1
  fi
  # It runs, and says what is wrong with a file that is no checkpoint.
  if "$scratch/examples/pose_of_ppm" README.md README.md 2>"$scratch/message"; then exit 1; fi
  grep -q README.md "$scratch/message"
  rm -rf "$scratch/usr" "$scratch/examples"
done
echo "the installed library works, static and shared"
