#!/usr/bin/env bash
# Named profiles: each is applied to every kernel, which takes every value; what a profile is for moves; mistakes are refused. Linux 6.12, whose
# knobs have other names, is taken part of where ci/linux can get it.
prefix='profile: '
. "$(dirname "$0")/steps.bash"

copy=$tmp/project
mkdir -p "$copy" && cp -r configs "$copy/" && ln -s "$PWD/build" "$PWD/.cache" "$PWD/bench" "$copy/" 2>/dev/null
mine() { # TEXT: a profile "mine" of that text in a copy of the configuration
    printf 'about: x\nknobs:\n%s\n' "$1" >"$copy/configs/sched/mine.yaml"
}

kernels='cloudos linux' qemu=
if ci/linux 6.12 >"$tmp/fetch" 2>&1 && qemu=$(ci/qemu 2>>"$tmp/fetch"); then kernels+=' linux-612'; else echo 'skip profile: there is no Linux 6.12, or no emulator for it'; fi
for kernel in $kernels; do
    other=() # Linux 6.12 dies before its init on the emulator of Debian 12 (docs/caveats.md)
    [ "$kernel" != linux-612 ] || other=(--qemu "$qemu")
    for name in latency throughput realtime power; do
        expect "$name is taken by $kernel" 0 "^yield +$kernel " \
            "$cb" run yield --tier det --scale 0.1 -k "$kernel" --profile "$name" -o "$tmp/runs" "${other[@]}"
    done
done
expect 'a run records it' 0 'base_slice_ns=12000000' cat "$tmp"/runs/*/run.json
expect 'it says where a setting comes from' 0 '^kernels.linux.set +--set .*min_granularity_ns=300000' \
    "$cb" config show kernels --origin --profile latency
expect 'a knob goes by its name of that series' 0 '^kernels.linux-612.set +--set .*"/sys/kernel/debug/sched/base_slice_ns=300000", "/sys/kernel/debug/sched/features=' \
    "$cb" config show kernels --origin --profile latency
expect 'a kernel keeps what it sets already' 0 '/x=1.*migration_cost_ns=0' \
    "$cb" config show kernels --set 'kernels.cloudos.set=["/x=1"]' --profile latency

# p99 NAME OPTIONS...: how late a task that sleeps is beside others that compute, fork and yield.
p99() {
    timeout 280 "$cb" run cyclic/4-storm --tier det --scale 0.3 -k "$kernel" -o "$tmp/$1" --format json "${@:2}" 2>"$tmp/err" |
        python3 -c 'import json, sys; print(round([r["value"] for r in json.load(sys.stdin)["rows"] if r["metric"] == "p99_ns"][0]))'
}
for kernel in cloudos linux; do
    p99 short --profile latency >"$tmp/short.p99" &
    long=$(p99 long --profile throughput)
    wait $!
    short=$(cat "$tmp/short.p99")
    [ "${short:-0}" -gt 0 ] && [ "${long:-0}" -ge $((20 * short)) ]
    check "who wakes waits twenty times as long with throughput as with latency ($kernel)" $? "$short and $long ns"
done

expect 'an unknown profile' 2 'there is no profile "nosuch"; known are: latency, power, realtime, throughput' "$cb" list --profile nosuch
export CLOUDBENCH_ROOT=$copy
mine '  nosuch: {cloudos: 1, why: x}'
expect 'an unknown knob' 2 'mine.yaml:3: there is no knob "nosuch"; known are: slice,' "$cb" list --profile mine
mine '  latency: {cloudos: 1, why: x}'
expect 'a knob that the kernel does not have' 2 '^cloudbench: configs/sched/mine.yaml:3: the kernel "cloudos" has no knob "latency"' "$cb" list --profile mine
mine '  migration_cost: {cloudos: 1, why: x}
  latency: {linux: 1, why: x}'
expect 'a knob that Linux no longer has' 2 \
    'configs/sched/mine.yaml:4: the knob "latency" cannot be set on the kernel "linux-612": it has no such knob' "$cb" run yield -k linux-612 --profile mine -o "$tmp/refused"
expect 'a kernel that has it is not refused for another' 0 '^cloudos' "$cb" list kernels --profile mine
expect 'a kernel whose series nobody knows' 2 'mine.yaml:4: the knob "latency" cannot be set on the kernel "own": its name depends on the kernel.s `series`' \
    "$cb" run yield --set kernels.own.label=x --set kernels.own.family=linux --set kernels.own.image=x --set kernels.own.cmdline=x \
    --profile mine -k own -o "$tmp/refused"
mine '  slice: {why: x}'
expect 'a knob without a value' 2 'the knob "slice" is set for no kernel' "$cb" list --profile mine
mine '  slice: {cloudos: 1000000}'
expect 'a value without a reason' 2 'the key "why" is missing' "$cb" list --profile mine
mine '  slice: {cloudos: 1, why: x}'
expect 'a value that the kernel refuses' 6 'cannot set /sys/kernel/debug/sched/base_slice_ns to 1: Invalid argument' \
    "$cb" run yield --tier det --scale 0.1 -k cloudos --profile mine -o "$tmp/refused"
expect 'the reason of its rows' 6 '^ *yield .*the guest cannot set /sys/kernel/debug/sched/base_slice_ns to 1: Invalid argument' \
    "$cb" run yield --tier det --scale 0.1 -k cloudos --profile mine -o "$tmp/refused"
