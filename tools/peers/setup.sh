#!/usr/bin/env bash
# Installs the engines that `convnextpose bench --against` compares with; nothing else needs them.
#   tools/peers/setup.sh [onnxruntime] [pytorch] [opencv]     none named: all
# onnxruntime comes from npm (needs node and npm) into build/peers, the others are Debian packages.
set -euo pipefail
peers="$(cd "$(dirname "$0")/../.." && pwd)/build/peers"

onnxruntime() {
  mkdir -p "$peers"
  # Its install script only fetches CUDA libraries; the CPU library is inside the package.
  npm install --prefix "$peers" --ignore-scripts --no-audit --no-fund onnxruntime-node@1.30.0
}

debian() {
  dpkg-query -W -f='${Status}\n' "$@" 2>/dev/null | grep -c 'ok installed' | grep -qx $# && return
  local as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

[ $# -gt 0 ] || set -- onnxruntime pytorch opencv
for peer in "$@"; do
  case "$peer" in
    onnxruntime) onnxruntime ;;
    pytorch) debian python3-torch python3-numpy ;;
    opencv) debian python3-opencv python3-numpy ;;
    *) echo "usage: $0 [onnxruntime] [pytorch] [opencv]" >&2; exit 2 ;;
  esac
done
