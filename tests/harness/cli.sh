#!/usr/bin/env bash
# The command line of cloudbench: usage errors, missing things, exit codes, formats. Boots nothing.
set -u
cd "$(dirname "$0")/../.." || exit 1
cb=build/bin/cloudbench
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export NO_COLOR=1

# expect NAME CODE PATTERN COMMAND...: the command's exit code, and a pattern in what it says.
expect() {
    local name=$1 code=$2 pattern=$3 rc=0
    shift 3
    "$@" >"$tmp/out" 2>&1 </dev/null || rc=$?
    if [ "$rc" = "$code" ] && grep -qE -- "$pattern" "$tmp/out"; then
        echo "ok $name"
    else
        echo "not ok $name: exit code $rc, wanted $code; $(head -3 "$tmp/out" | tr '\n' ' ')"
    fi
}

expect 'no verb is a usage error' 2 'Usage: cloudbench' $cb
expect 'help' 0 'Exit codes' $cb --help
expect 'unknown verb' 2 'no verb is called "frob"' $cb frob
expect 'unknown option' 2 'unrecognized option' $cb run --frob
expect 'unknown suite' 2 'no suite or workload is called "nosuch"' $cb run nosuch -k linux --tier det -o "$tmp"
expect 'unknown kernel' 2 'no kernel is called "hurd"' $cb run syscall -k hurd --tier det
expect 'unknown tier' 2 'no tier is called "fast"' $cb run syscall -k linux --tier fast
expect 'unknown topology' 2 'no topology is called "999"' $cb run syscall -k linux --tier tcg -t 999
expect 'unknown format' 2 'no format is called "xml"' $cb run syscall -k linux --format xml
expect 'bad boots' 2 '-b must be a number above 0' $cb run syscall -b 0
expect 'det takes one CPU' 2 'one CPU' $cb run syscall -k linux --tier det -t 4
expect 'missing QEMU' 5 'QEMU is missing' $cb run syscall -k linux --tier det --qemu /nonexistent/qemu
expect 'missing initramfs' 5 'initramfs is missing' $cb run syscall -k linux --tier det --initrd /nonexistent
expect 'unknown run' 2 'no run is called' $cb compare nosuch
expect 'three runs' 2 'at most two runs' $cb compare a b c
expect 'profile wants a workload' 2 'which workload' $cb profile
expect 'list of nothing' 2 'no such list' $cb list frobs

mkdir -p "$tmp/root/configs" && cp configs/*.json "$tmp/root/configs"
expect 'missing kernel image' 5 'image of CloudOS is missing' \
    env CLOUDBENCH_ROOT="$tmp/root" $cb run syscall -k cloudos --tier det
expect 'doctor refuses when things are missing' 5 'missing' env CLOUDBENCH_ROOT="$tmp/root" $cb doctor
echo '{' >"$tmp/root/configs/kernels.json"
expect 'broken configuration names the line' 5 'kernels.json: line' env CLOUDBENCH_ROOT="$tmp/root" $cb list kernels
expect 'no configuration' 5 'kernels.json' env CLOUDBENCH_ROOT=/nonexistent $cb list kernels

echo '{"schema":"other"}' >"$tmp/other.json"
expect 'a foreign JSON is no run' 2 'no run of schema' $cb compare "$tmp/other.json"
echo '{"schema"' >"$tmp/broken.json"
expect 'a broken JSON names the line' 2 'line [0-9]' $cb compare "$tmp/broken.json"

for format in text md csv json; do
    expect "list as $format" 0 'quick' $cb list suites --format $format
done
$cb list --format json >"$tmp/list.json" 2>/dev/null && python3 -c '
import json, sys
j = json.load(open(sys.argv[1]))
assert {"suites", "workloads", "metrics", "kernels", "topologies", "runs"} <= set(j)
assert any(w["workload"] == "pipe" for w in j["workloads"])' "$tmp/list.json" &&
    echo 'ok list is JSON' || echo 'not ok list is JSON'
if [ -w /dev/kvm ] && [ "$(id -u)" = 0 ]; then
    cp $cb "$tmp/cb" && chmod 755 "$tmp" "$tmp/cb" && cp -r configs "$tmp/all" && chmod -R a+rX "$tmp"
    if [ "$(stat -c %a /dev/kvm)" = 600 ] || [ "$(stat -c %a /dev/kvm)" = 660 ]; then
        expect '/dev/kvm without permission' 5 'usermod -aG kvm' setpriv --reuid=65534 --regid=65534 --clear-groups \
            env CLOUDBENCH_ROOT="$PWD" "$tmp/cb" run syscall -k linux --tier auto -o "$tmp/x"
    fi
fi
