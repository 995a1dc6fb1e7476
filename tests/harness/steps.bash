# steps.bash: how the scripts of this folder begin and say what they saw; each sources it. Sets the folder, cb (the program), tmp (a
# folder of the script's own, removed in the end) and TMPDIR below it, so that what the harness leaves behind is seen.
# A script that sets prefix before has it in front of each name.
# shellcheck shell=bash
set -u
prefix=${prefix:-}
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
# shellcheck disable=SC2034 # the scripts use it
cb=$PWD/build/bin/cloudbench
tmp=$(mktemp -d)
export NO_COLOR=1 TMPDIR=$tmp/t
mkdir -p "$TMPDIR"
trap 'chmod -R u+w "$tmp"; rm -rf "$tmp"' EXIT

# verdict NAME CODE WANTED PATTERN: judges an exit code and what $tmp/out says; says "not ok" and fails when either is wrong.
verdict() {
    if [ "$2" = "$3" ] && grep -qE -- "$4" "$tmp/out"; then
        return 0
    fi
    echo "not ok $prefix$1: exit code $2, wanted $3; $(grep -v ' left\]' "$tmp/out" | tail -14 | tr '\n' ' ')"
    return 1
}

# expect NAME CODE PATTERN COMMAND...: the command's exit code, and a pattern in what it says.
expect() {
    local name=$1 code=$2 pattern=$3 rc=0
    shift 3
    timeout 300 "$@" >"$tmp/out" 2>&1 </dev/null || rc=$?
    if verdict "$name" "$rc" "$code" "$pattern"; then echo "ok $prefix$name"; fi
}

# check NAME CODE [WHY]: 0 is ok.
check() {
    if [ "$2" = 0 ]; then echo "ok $prefix$1"; else echo "not ok $prefix$1: ${3:-$(tail -2 "$tmp/out" 2>/dev/null | tr '\n' ' ')}"; fi
}
