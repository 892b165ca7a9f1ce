# shellcheck shell=bash
# Shared by the scripts: sourced, not run.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

say() { printf '\n== %s\n' "$*"; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }
need_root() { [[ $(id -u) -eq 0 ]] || die "needs root: try sudo $0"; }

# Runs a command with its output in a log; on failure shows the log's end and stops.
logged() {
    local log=$1
    shift
    mkdir -p "$(dirname "$log")"
    "$@" >"$log" 2>&1 || { local code=$?; tail -n 40 "$log" >&2; die "failed ($code): $*   (whole output: $log)"; }
}

# Configures and builds a preset: build PRESET [TARGET…].
build() {
    local preset=$1
    shift
    logged "build/log/configure-$preset" cmake --preset "$preset"
    logged "build/log/build-$preset" cmake --build --preset "$preset" ${1:+--target "$@"}
}
