#!/bin/sh
# Installs the engines that we measure ourselves against into build/peers (needs node and npm).
set -eu
peers="$(cd "$(dirname "$0")/../.." && pwd)/build/peers"
mkdir -p "$peers"
# Its install script only fetches CUDA libraries; the CPU library is inside the package.
npm install --prefix "$peers" --ignore-scripts --no-audit --no-fund onnxruntime-node@1.30.0
