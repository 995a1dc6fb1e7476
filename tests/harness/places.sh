#!/usr/bin/env bash
# Places that cannot be written: a full disk and one that is read-only, for each verb that keeps something; what was measured is shown all
# the same, no half file is left, and a run goes on when there is room. The disks are made in a name space of the script's own.
prefix='places: '
if [ "${1:-}" != inside ]; then
    if unshare -m true 2>/dev/null; then exec unshare -m "$0" inside; fi
    echo "skip $prefix"'disks of its own need the right to mount'
    exit 0
fi
. "$(dirname "$0")/steps.bash"
disk=$tmp/disk
mkdir "$disk"
fresh() { # OPTIONS: another disk there
    umount "$disk" 2>/dev/null
    mount -t tmpfs -o "$1" none "$disk"
}
trap 'umount "$disk" 2>/dev/null; chmod -R u+w "$tmp"; rm -rf "$tmp"' EXIT
run=("$cb" run syscall -k cloudos --tier det --scale 0.1 -q)

fresh size=8k
expect 'a run on a full disk' 5 'cannot write .*: No space left on device' "${run[@]}" -o "$disk/runs"
grep -qE '^syscall +cloudos +[0-9]' "$tmp/out"
check 'shows what it measured' $?
[ -z "$(find "$disk" -name '*.json' -size 0)" ] && ! compgen -G "$disk/runs/*/run.json" >/dev/null
check 'and leaves no half result' $? "$(find "$disk" -type f -printf '%p %s;')"
# Room for the state after the first boots, not for the whole run: it goes on when the disk has grown.
fresh size=28k
expect 'a run that fills the disk' 5 'rounds are kept: cloudbench run --resume' "${run[@]}" -b 6 -o "$disk/runs"
mount -o remount,size=10m "$disk"
expect 'goes on when there is room' 0 'results: .*/run.json' "$cb" run --resume "$disk"/runs/*
python3 -c 'import json, sys; r = json.load(open(sys.argv[1])); sys.exit([b["boot"] for b in r["boots"]] != [0, 1, 2, 3, 4, 5] or len(r["rows"][0]["samples"]) != 6)' "$disk"/runs/*/run.json
check 'and is whole' $?
cp -r "$disk/runs" "$tmp/runs"
fresh size=16k
expect 'a site on a full disk' 5 'cannot write .*: No space left on device' "$cb" publish --runs "$tmp/runs" -o "$disk/site"
if ci/qemu >/dev/null 2>&1; then
    expect 'figures of lines' 5 'cannot write into .*: No space left on device' sh -c "head -c 20000 /dev/zero >'$disk/filler' 2>/dev/null; exec '$cb' lines getppid -o '$disk'"
else
    echo 'skip places: lines want the newer QEMU'
fi
runs=("$tmp"/runs/*-det)
fresh size=4k
expect 'an import on a full disk' 5 'cannot write .*: No space left on device' "$cb" import "${runs[0]}" --runs "$disk/runs"
[ -z "$(find "$disk" -name '*.json')" ]
check 'leaves no half run' $? "$(find "$disk" -type f -printf '%p %s;')"
printf '%s\n' 'Running in process mode with 10 groups using 40 file descriptors each (== 400 tasks)' \
    'Each sender will pass 100 messages of 100 bytes' 'Time: 0.084' >"$tmp/hack.txt"
expect "nor does another tool's" 5 'No space left on device' "$cb" import --from hackbench "$tmp/hack.txt" --runs "$disk/runs"
head -c 8192 /dev/zero >"$disk/filler" 2>/dev/null
expect 'a baseline on a full disk' 5 'cannot write .*/b.json: No space left' "$cb" gate "${runs[0]}" --accept --baseline "$disk/b.json"
fresh ro
expect 'a baseline on one that is read-only' 5 'cannot write .*/b.json: Read-only' "$cb" gate "${runs[0]}" --accept --baseline "$disk/b.json"
mkdir "$tmp/root"
ln -s "$PWD"/{configs,build,bench,.cache} "$tmp/root/"
ln -s "$disk" "$tmp/root/out"
expect 'a report of a comparison' 5 'cannot write .*/out/report/index.html: Read-only' env CLOUDBENCH_ROOT="$tmp/root" "$cb" compare "${runs[0]}" "${runs[0]}"
grep -qE '^syscall +cloudos ' "$tmp/out"
check 'whose table is shown' $?
expect 'and of a run' 5 'cannot write .*/out/report/index.html: Read-only' env CLOUDBENCH_ROOT="$tmp/root" "${run[@]}" -o "$tmp/kept"
compgen -G "$tmp/kept/*/run.json" >/dev/null
check 'which is kept' $?
expect 'a run on a disk that is read-only' 5 'cannot make a folder for the run in .*: Read-only file system' "${run[@]}" -o "$disk/runs"
expect 'a site' 5 'cannot make .*: Read-only file system' "$cb" publish --runs "$tmp/runs" -o "$disk/site"
expect 'a search' 5 'cannot make .*: Read-only file system' "$cb" tune cloudos -o "$disk/tune"
expect 'an import' 5 'Read-only file system' "$cb" import "$tmp"/runs/* --runs "$disk/runs"
umount "$disk"
[ -z "$(ls -A "$TMPDIR")" ]
check 'no temporary files are left' $? "$(ls -A "$TMPDIR")"
