#!/usr/bin/env bash
# --dry-run of tune, lines, profile and trace: what would be booted, how long that takes by the pace of a made-up run whose unit (a step; a boot
# is four, or what it took to its first program) took a second, nothing written, bad input refused as without it. Boots nothing.
prefix='dry run: '
. "$(dirname "$0")/steps.bash"

export CLOUDBENCH_ROOT=$tmp/project
mkdir -p "$CLOUDBENCH_ROOT/out/runs" && cp -r configs "$CLOUDBENCH_ROOT/" && ln -s "$PWD/build" "$PWD/.cache" "$CLOUDBENCH_ROOT/"
slow='console=ttyS0 quiet nokaslr panic=-1 clocksource=acpi_pm'
space=(--set kernels.slow.label=Slow --set kernels.slow.family=cloudos --set kernels.slow.image=build/cloudos.elf
    --set "kernels.slow.cmdline=$slow" --set tune.t.about=x --set tune.t.kernel=slow --set tune.t.budget=4
    --set 'tune.t.knobs={clock: {about: x, word: clocksource, values: [acpi_pm, tsc], default: acpi_pm}}'
    --set 'tune.t.objectives=[{workload: pipe, metric: instructions}]')

expect 'without an earlier run it is not known how long' 0 '^how long it takes is not known' "$cb" profile pipe --dry-run
mkdir "$CLOUDBENCH_ROOT/out/runs/one"
python3 - "$CLOUDBENCH_ROOT" <<'P'
import json, sys
run = {'schema': 'cloudbench-run/1', 'id': 'one', 'created': '2024-01-01T00:00:00Z', 'tier': 'det', 'scale': 1, 'boots_per_kernel': 1, 'topology': {'name': '1', 'cpus': 1},
       'identity': {'kernels': {'cloudos': {'path': sys.argv[1] + '/build/cloudos.elf'}}, 'turn_ns': 0},
       'boots': [{'kernel': 'cloudos', 'status': 'ok', 'wall_seconds': 11}], 'rows': [{'workload': 'pipe', 'kernel': 'cloudos', 'metric': 'instructions', 'unit': 'x', 'status': 'failed', 'samples': []}]}
json.dump(run, open(sys.argv[1] + '/out/runs/one/run.json', 'w'))
P
(cd "$CLOUDBENCH_ROOT" && find . | sort) >"$tmp/before"

# dry NAME PATTERN VERB...: what it says has that, and its JSON the same seconds.
dry() {
    local name=$1 seconds=$2 pattern=$3
    shift 3
    expect "$name says how long" 0 "^takes about $seconds s, by the pace of run one" "$cb" "$@" --dry-run
    grep -qE -- "$pattern" "$tmp/out"
    check "$name says what" $?
    "$cb" "$@" --dry-run --format json 2>"$tmp/err" | python3 -c '
import json, sys
j = json.load(sys.stdin)
sys.exit(abs(j["estimate_seconds"] - float(sys.argv[1])) > 0.5 or j["estimated_from"] != "one")' "$seconds"
    check "$name says the same as JSON" $? "$(tail -2 "$tmp/err")"
}
dry profile 12 '^cloudos +det +1 +pipe:[0-9]+,[0-9]+$' profile pipe --svg "$tmp/flame.svg"
dry trace 5 '^cloudos +det +1 +cyclic/4:[0-9]+$' trace cyclic/4 -o "$tmp/timeline.json"
# The default and the configuration run at once, where there are processors for both.
[ "$(nproc)" -ge 2 ] && both=39 || both=78
dry tune $both '^at most 4 trials, each beside the default, 8 boots in all$' tune t "${space[@]}"
if [ -e .cache/qemu/wide ]; then
    dry lines 5 '^cloudos +det +1 +2: share/getppid@1:100 to share/fork@1:100$' lines getppid fork -t 1
    expect 'pairs, one boot of each shape and kernel' 0 '^6 boots in all' "$cb" lines --conflicts getppid fork -k cloudos -k slow -t 2,4,8 "${space[@]}" --dry-run
    expect 'a placement that no machine has (lines)' 2 '^cloudbench: pipe@cross-node: none of the machines' "$cb" lines pipe@cross-node fork -t 2,4 --dry-run
    expect 'a placement that one of them has' 0 '^1 boot in all' "$cb" lines pipe@cross-node -t 2,2x2 --dry-run
    expect 'too many CPUs (lines)' 2 '1 to 8 CPUs' "$cb" lines fork -t 2,16 --dry-run
else
    echo 'skip dry run: lines: no newer QEMU (ci/qemu)'
fi
# The same run, but half of its boot's processor time was gone before the first program: 11 s of which 5.5 are the boot, and 7 steps.
saw() { sed -i 's/"wall_seconds": 11/"wall_seconds": 11, "qemu_cpu_seconds": 3, "init_cpu_seconds": 1.5/' "$CLOUDBENCH_ROOT/out/runs/one/run.json"; }
forget() { sed -i 's/, "qemu_cpu_seconds": 3, "init_cpu_seconds": 1.5//' "$CLOUDBENCH_ROOT/out/runs/one/run.json"; }
saw
dry 'profile, by the boot that was seen,' 14 '^cloudos +det +1 +pipe' profile pipe
if [ -e .cache/qemu/wide ]; then
    dry 'lines, by the boot that was seen,' 6 '^cloudos +det +1 +2:' lines getppid fork -t 1
    dry 'lines, ten times the operations,' 13 '^cloudos +det +1 +2:' lines getppid fork -t 1 --iters 1000
    forget
    dry 'lines, few operations,' 5 '^cloudos +det +1 +2:' lines getppid fork -t 1 --iters 10
fi
forget
expect 'what would be written is said' 0 "would write $tmp/flame.svg" "$cb" profile pipe --svg "$tmp/flame.svg" --dry-run

# A Linux whose image has no table is asked for it, and lies where it said: in that boot and in each that is named by it.
fixed() { # NAME BOOTS VERB...
    local name=$1 boots=$2
    shift 2
    for words in one two; do
        "$cb" "$@" -k packed --set kernels.packed.label=P --set kernels.packed.family=linux --set kernels.packed.image=configs/kernels.yaml \
            --set kernels.packed.cmdline=$words --dry-run --format json 2>"$tmp/err" >"$tmp/$words.json"
    done
    python3 -c '
import json, sys
one, two = (json.load(open(f)) for f in sys.argv[2:])
append = lambda b: b["argv"][b["argv"].index("-append") + 1].split(" -- ")[0].split()
named = lambda j: [w for w in j["writes"] if "/.cache/symbols/" in w]
sys.exit(not (len(one["boots"]) == int(sys.argv[1]) and all("nokaslr" in append(b) for b in one["boots"]) and named(one) and named(one) != named(two)))
' "$boots" "$tmp/one.json" "$tmp/two.json"
    check "$name" $? "$(tail -2 "$tmp/err")"
}
fixed 'a Linux lies where its symbols were asked for (profile)' 3 profile pipe
[ ! -e .cache/qemu/wide ] || fixed 'a Linux lies where its symbols were asked for (lines)' 2 lines getppid --top 1

# What a kernel sets is set by every verb that boots it, before the first workload.
verbs='profile trace'
[ ! -e .cache/qemu/wide ] || verbs+=' lines'
for verb in $verbs; do
    work=pipe
    [ "$verb" != lines ] || work=getppid
    "$cb" "$verb" "$work" --set 'kernels.cloudos.set=["/x=1", "/y=2"]' --dry-run --format json 2>"$tmp/err" | python3 -c '
import json, sys
boots = json.load(sys.stdin)["boots"]
sys.exit(not boots or not all(b["guest"].startswith("bench " + sys.argv[1] + " set:/x=1+set:/y=2 ") for b in boots))' "$verb"
    check "a kernel's knobs are set before the workloads ($verb)" $? "$(tail -2 "$tmp/err")"
done

expect 'an unknown workload (profile)' 2 nosuch "$cb" profile nosuch --dry-run
expect 'an unknown workload (trace)' 2 nosuch "$cb" trace nosuch --dry-run
expect 'an unknown operation (lines)' 2 nosuch "$cb" lines nosuch --dry-run
expect 'an unknown space (tune)' 2 'no space is called' "$cb" tune nosuch --dry-run
expect 'an unknown workload (tune)' 2 nosuch "$cb" tune t "${space[@]}" --set 'tune.t.objectives=[{workload: nosuch, metric: instructions}]' --dry-run
expect 'no search to go on with (tune)' 2 'no search to go on with' "$cb" tune t "${space[@]}" --resume "$tmp/nosuch" --dry-run
expect 'an unknown kernel' 2 nosuch "$cb" trace pipe -k nosuch --dry-run
mkdir "$tmp/search" && echo '{}' >"$tmp/search/search.json"
expect 'another search in its folder (tune)' 2 'is there: another search' "$cb" tune t "${space[@]}" -o "$tmp/search" --dry-run

(cd "$CLOUDBENCH_ROOT" && find . | sort) | cmp -s - "$tmp/before" && [ ! -e "$tmp/flame.svg" ] && [ ! -e "$tmp/timeline.json" ] && [ ! -e "$tmp/nosuch" ]
check 'nothing is written' $?
[ -z "$(ls -A "$TMPDIR")" ]
check 'no temporary files are left' $? "$(ls -A "$TMPDIR")"
