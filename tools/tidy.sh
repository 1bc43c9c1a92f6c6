#!/usr/bin/env bash
# clang-tidy over the project's sources: tools/tidy.sh BUILD_FOLDER [FILE...]
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:?usage: tools/tidy.sh BUILD_FOLDER [FILE...]}
shift
files=("$@")
# Examples are a project of their own, outside the compilation database.
[ ${#files[@]} -gt 0 ] || mapfile -t files < <(git ls-files '*.cc' ':!examples' ':!fuzz/*')
printf '%s\n' "${files[@]}" |
  xargs -P "$(nproc)" -n 4 clang-tidy-14 --quiet -p "$build" 2> >(grep -v 'warnings generated\|warnings treated' >&2)
