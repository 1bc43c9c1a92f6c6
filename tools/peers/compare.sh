#!/usr/bin/env bash
# Our engine beside ONNX Runtime on the same machine, in turns so that both see the same noise:
#   tools/peers/compare.sh [VARIANT [THREADS [ROUNDS]]]
# Needs tools/peers/setup.sh and the bench preset, and runs both where they are missing.
set -euo pipefail
cd "$(dirname "$0")/../.."
variant=${1:-XS}
threads=${2:-2}
rounds=${3:-5}
peers=build/peers
bench=build/bench/bench/network_bench

[ -d $peers/node_modules/onnxruntime-node ] || tools/peers/setup.sh
[ -e "$peers/$variant.onnx" ] || /usr/bin/python3 tools/peers/export_onnx.py "$variant" $peers
cmake --preset bench >/dev/null
cmake --build --preset bench >/dev/null

for ((round = 0; round < rounds; ++round)); do
  $bench --benchmark_filter="^$variant/$threads/1/" --benchmark_format=json 2>/dev/null |
    /usr/bin/python3 -c 'import json, sys; print("ours", json.load(sys.stdin)["benchmarks"][0]["real_time"])'
  node tools/peers/run_ort.mjs "$peers/$variant.onnx" --threads "$threads" --runs 50 |
    /usr/bin/python3 -c 'import json, sys; print("onnxruntime", json.load(sys.stdin)["median_ms"])'
done | /usr/bin/python3 -c '
import statistics, sys
times = {}
for line in sys.stdin:
    engine, ms = line.split()
    times.setdefault(engine, []).append(float(ms))
for engine, ms in times.items():
    print(f"{engine:12} median {statistics.median(ms):7.2f} ms   lowest {min(ms):7.2f} ms")
ratios = [a / b for a, b in zip(times["ours"], times["onnxruntime"])]
print(f"ours / onnxruntime: median {statistics.median(ratios):.2f}, {min(ratios):.2f} to {max(ratios):.2f}")'
