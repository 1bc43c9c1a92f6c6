#!/usr/bin/env bash
# clang-tidy over the project's sources: tools/tidy.sh BUILD_FOLDER [FILE...]
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:?usage: tools/tidy.sh BUILD_FOLDER [FILE...]}
shift
files=("$@")
# Examples are a project of their own, outside the compilation database.
[ ${#files[@]} -gt 0 ] || mapfile -t files < <(git ls-files '*.cc' ':!examples' ':!fuzz/fuzz_*')

tidy() {  # $1: what to add to the checks; files on standard input
  xargs -r -P "$(nproc)" -n 4 clang-tidy-14 --quiet -p "$build" "--checks=$1" \
    --extra-arg=-Wno-unknown-warning-option \
    2> >(grep -v 'warnings generated\|warnings treated' >&2)
}
# Tests multiply small sizes all day, and the analyzer gets lost in the frameworks' macros.
printf '%s\n' "${files[@]}" | { grep -E '_(test|bench)\.cc$' || true; } |
  tidy '-bugprone-implicit-widening-of-multiplication-result,-performance-inefficient-vector-operation,-clang-analyzer-*'
printf '%s\n' "${files[@]}" | { grep -vE '_(test|bench)\.cc$' || true; } | tidy ''
