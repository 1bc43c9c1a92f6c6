#!/usr/bin/env bash
# clang-tidy over the project's sources: tools/tidy.sh BUILD_FOLDER [FILE...]
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:?usage: tools/tidy.sh BUILD_FOLDER [FILE...]}
shift
files=("$@")
# Examples and the plugin are outside the compilation database.
[ ${#files[@]} -gt 0 ] || mapfile -t files < <(git ls-files '*.cc' ':!examples' ':!fuzz/fuzz_*' ':!tools')

# LibTorch 1.13's headers do not compile with clang 14 in C++20 (an incomplete type in a vector).
mapfile -t with_torch < <(git grep -lE '<(c10|torch)/|train/(loss|network|optimizer|products|soft_argmax|state|sum|tile_layers|tile_norm|tile_tensors|torch|torch_distributed|training)\.h"' -- '*.cc')
mapfile -t files < <(printf '%s\n' "${files[@]}" | grep -vxF "$(printf '%s\n' "${with_torch[@]}")")

# Five times as fast with the plugin, which needs libclang-14-dev.
plugin=()
if [ -d /usr/lib/llvm-14/include/clang ]; then
  made=$(mktemp -d)
  trap 'rm -rf "$made"' EXIT
  clang++-14 -std=c++20 -O1 -fno-rtti -fPIC -shared -isystem /usr/lib/llvm-14/include \
    tools/tidy_ours.cc -o "$made/tidy_ours.so"
  plugin=("-load=$made/tidy_ours.so")
fi

tidy() {  # $1: what to add to the checks; files on standard input
  # The analyzer's bound on paths through one function is its own for a shallow run: a third of the
  # default, in half the time.
  xargs -r -P "$(nproc)" -n 4 clang-tidy-14 "${plugin[@]}" --quiet -p "$build" "--checks=$1" \
    --extra-arg=-Wno-unknown-warning-option \
    --extra-arg=-Xclang --extra-arg=-analyzer-config --extra-arg=-Xclang --extra-arg=max-nodes=75000 \
    2> >(grep -v 'warnings generated\|warnings treated' >&2)
}
failed=0  # Both halves run, so that one run tells all.
# Tests multiply small sizes all day, and the analyzer gets lost in the frameworks' macros.
printf '%s\n' "${files[@]}" | { grep -E '_(test|bench)\.cc$' || true; } |
  tidy '-bugprone-implicit-widening-of-multiplication-result,-performance-inefficient-vector-operation,-clang-analyzer-*' || failed=1
printf '%s\n' "${files[@]}" | { grep -vE '_(test|bench)\.cc$' || true; } | tidy '' || failed=1
exit $failed
