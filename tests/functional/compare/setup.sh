# shellcheck shell=bash
# Sourced by each transcript. `docker` is the engine under test (bin/docker), the image busybox is there, nothing else.
PATH=$TESTDIR/bin:$PATH
SCRIPT_INPUT=$(readlink /proc/$$/fd/0)
export PATH SCRIPT_INPUT
set -o pipefail

# Repeats a command until it succeeds; says so after half a minute without success.
eventually() {
    local attempt
    for attempt in {1..300}; do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.1
    done
    echo "not within 30 seconds: $*"
}

# status NAME: as inspect says it; is NAME STATUS: whether it is so.
status() { docker inspect --type container -f '{{.State.Status}}' "$1"; }
is() { [[ $(status "$1") == "$2" ]]; }

# The program's name in help on standard output, as bin/docker does it in messages.
neutral() { sed 's/\bminidock\b/docker/g'; }

# What went wrong behind the runtime's words for its stages, where they come on standard output (`exec`).
cause() { sed -E 's/^(OCI runtime exec failed: )?exec failed: (unable to start container process: )?//; s/(: unknown)?\r?$//'; }

# A template's unknown field, without where it stands; where docker has a struct of Go, others may have a map.
field() { sed -E '/^$/d; s/.*(at <[^>]*>)/\1/; s/can.t evaluate field .*|map has no entry for key .*/unknown/'; }
