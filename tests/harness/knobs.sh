#!/usr/bin/env bash
# Every knob of the scheduler that the det tier can judge moves what it is for, on both kernels: kernel/sched/knobs.def says what and how far.
# A declaration that says too much is noticed.
. "$(dirname "$0")/steps.bash"

ci/knobs --measure >"$tmp/measured" 2>&1
rc=$?
cat "$tmp/measured"
[ $rc = 0 ] || grep -q '^not ok' "$tmp/measured" || echo "not ok knobs: exit code $rc"
mkdir -p "$tmp/project/kernel/sched"
grep '^MOVES("cloudos".*base_slice' kernel/sched/knobs.def | sed 's/"3")/"30000")/' >"$tmp/project/kernel/sched/knobs.def"
cp -r ci configs "$tmp/project/" && ln -s "$PWD/build" "$tmp/project/build"
timeout 280 "$tmp/project/ci/knobs" --measure cloudos >"$tmp/out" 2>&1
[ "$(grep -c '^not ok' "$tmp/out")" = 1 ] && grep -q '^not ok knob.cloudos.base_slice_ns' "$tmp/out"
check 'knob: one that moves too little is not ok' $?
