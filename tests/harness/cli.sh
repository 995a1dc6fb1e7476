#!/usr/bin/env bash
# The command line of cloudbench: usage errors, missing things, exit codes, formats. Boots nothing.
. "$(dirname "$0")/steps.bash"

expect 'no verb is a usage error' 2 'Usage: cloudbench' $cb
expect 'help' 0 'Exit codes' $cb --help
expect 'unknown verb' 2 'no verb is called "frob"' $cb frob
expect 'unknown option' 2 'unrecognized option' $cb run --frob
expect 'unknown suite' 2 'no suite or workload is called "nosuch"' $cb run nosuch -k linux --tier det -o "$tmp"
expect 'unknown kernel' 2 'no kernel is called "hurd"' $cb run syscall -k hurd --tier det
expect 'unknown tier' 2 'no tier is called "fast"' $cb run syscall -k linux --tier fast
expect 'unknown topology' 2 'no topology is called "999"' $cb run syscall -k linux --tier tcg -t 999
expect 'unknown format' 2 'no format is called "xml"' $cb run syscall -k linux --format xml
for boots in 0 0.5 2.7 x; do
    expect "bad boots: $boots" 2 '-b must be a whole number from 1 on' $cb run syscall -b $boots
done
expect 'and of a search' 2 '-b must be a whole number' $cb tune linux-sched -b 1.5
for factor in 2x inf nan -1 ''; do
    for verb in run trace profile; do
        expect "$verb --scale \"$factor\"" 2 '--scale must be a number above 0' $cb $verb syscall --scale "$factor"
    done
done
expect 'a list of no number of symbols' 2 '--top must be a whole number from 0 on' $cb profile syscall --top abc
expect 'a seed that is not whole' 2 '--seed must be a whole number' $cb run syscall --seed 2.5
expect 'a machine without memory' 5 'topologies.1.memory_mb: 0 is not within 16' $cb run syscall -k linux --tier tcg --set topologies.1.memory_mb=0
expect 'det takes up to 8 CPUs' 2 'up to 8 CPUs' $cb run syscall -k linux --tier det -t 16
expect 'missing QEMU' 5 'QEMU is missing' $cb run syscall -k linux --tier det --qemu /nonexistent/qemu
expect 'missing initramfs' 5 'initramfs is missing' $cb run syscall -k linux --tier det --initrd /nonexistent
expect 'unknown run' 2 'no run is called' $cb compare nosuch
expect 'three runs' 2 'at most two runs' $cb compare a b c
expect 'profile wants a workload' 2 'which workload' $cb profile
expect 'config shows where a setting comes from' 0 '^policy.run.boots.kvm +configs/policy.yaml:[0-9]+ +10$' $cb config show policy --origin
expect 'and what the command line set' 0 '^policy.run.boots.kvm +--set +3$' $cb --set policy.run.boots.kvm=3 config show --origin
expect 'config of nothing' 2 'there is no configuration "frob"' $cb config show frob
expect 'a --set that is none' 2 'wants DOCUMENT.KEY=VALUE' $cb run --set pipe
expect 'a --set of an unknown document' 2 'no configuration "frob"' $cb run --set=frob.x=1
expect 'a --set that breaks a rule' 5 '--set: policy.run.tier: "fast" is none of' $cb run --set policy.run.tier=fast
expect 'also where the verb never reads the document' 5 '--set: topologies.1.cpus: 0 is not within' $cb list suites --set topologies.1.cpus=0
expect 'and of a thing that is none' 5 'topologies.nosuch: the key "memory_mb" is missing' $cb list suites --set topologies.nosuch.cpus=2
expect 'a floor of no metric' 5 '--set: policy.verdict.floors.maen_ns: there is no such metric; known are: other, instructions' \
    $cb list suites --set policy.verdict.floors.maen_ns=0.5
expect 'a floor of what a workload measures' 0 'quick' $cb list suites --set policy.gate.floors.each_ns=0.5
expect 'a named profile takes a --set behind it' 0 '^kernels.linux.set +--set .*min_granularity_ns=123456' \
    $cb config show kernels --origin --profile latency --set sched.latency.knobs.slice.linux=123456
expect 'and one of what a kernel sets' 0 '^kernels.cloudos.set +--set .*/x=1.*migration_cost_ns=0' \
    $cb config show kernels --origin --profile latency --set 'kernels.cloudos.set=["/x=1"]'
expect 'a suite by --set' 5 '--set: suites.mine.workloads.0.: a suite names "pine", which is no workload' $cb run mine --tier tcg -k linux -o "$tmp" \
    --set suites.mine.about=x --set 'suites.mine.workloads=[pine]'
expect 'a padding that no guest takes' 2 'workloads.pipe.pad: the number of instructions is odd and above 2, not 100' \
    $cb run pipe -k linux --tier det --dry-run --set workloads.pipe.pad=100
for verb in 'profile pipe' 'trace pipe' shell; do
    # shellcheck disable=SC2086 # words
    expect "two kernels of one ${verb% *}" 2 'one kernel at a time' $cb $verb -k linux -k cloudos
done
expect 'a shell chooses no tier' 2 '--tier wants tcg, det or kvm' $cb shell --tier auto
expect 'a site of a folder that is none' 2 '--runs .*/nosuch: no such folder' $cb publish --runs "$tmp/nosuch" -o "$tmp/site"
[ ! -e "$tmp/site" ]
check 'is not made' $?
expect 'lines of an unknown operation' 2 'no operation is called "nosuch"' $cb lines fork nosuch
expect 'at an unknown placement' 2 'no operation is called "pipe@nowhere"' $cb lines pipe@nowhere
expect 'pairs of what is no operation' 2 'no operation is called "pipe@cross-cpu"' $cb lines --conflicts --two-party
expect 'list of nothing' 2 'no such list' $cb list frobs

mkdir -p "$tmp/root" && cp -r configs "$tmp/root"
expect 'missing kernel image' 5 'image of CloudOS is missing' \
    env CLOUDBENCH_ROOT="$tmp/root" $cb run syscall -k cloudos --tier det
expect 'doctor refuses when things are missing' 5 'missing' env CLOUDBENCH_ROOT="$tmp/root" $cb doctor
# broken NAME CODE PATTERN FILE COMMAND...: the text on stdin as that file of configs/.
broken() {
    local name=$1 code=$2 pattern=$3 file=$tmp/root/configs/$4
    shift 4
    mv "$file" "$tmp/kept"
    cat >"$file"
    expect "$name" "$code" "$pattern" env CLOUDBENCH_ROOT="$tmp/root" $cb "$@"
    mv "$tmp/kept" "$file"
}
echo 'linux: {' | broken 'broken YAML names file and line' 5 'configs/kernels.yaml:2: ' kernels.yaml list kernels
printf 'linux:\n  labl: x\n' | broken 'an unknown key names its line and the known ones' 5 \
    'configs/kernels.yaml:2: kernels.linux.labl: there is no such key; known are: label, ' kernels.yaml list kernels
printf 'a: 1\na: 2\n' | broken 'a key given twice' 5 'configs/kernels.yaml:2: the key "a" stands twice' kernels.yaml doctor
printf 'cpus: 4\nmemory_mb: 512\nnodes: 8\n' | broken 'a shape with more nodes than CPUs' 2 'configs/topologies/1.yaml:3: topology 1: 8 nodes' \
    topologies/1.yaml run -t 1 --tier tcg
printf 'cpus: 4\nmemory_mb: 512\nnodes:\n- {cpus: 0-4, memory_mb: 512}\n' | broken 'one whose nodes have others' 2 \
    'configs/topologies/1.yaml:[34]: topology 1: the nodes name 5 CPUs, the machine has 4' topologies/1.yaml run -t 1 --tier tcg
printf 'cpus: 1000\nmemory_mb: 512\n' | broken 'too many CPUs' 5 'topologies/1.yaml:1: topologies.1.cpus: 1000 is not within' \
    topologies/1.yaml run -t 1 --tier tcg
# shape NAME PATTERN LINE...: a machine of 4 CPUs and 512 MiB that cannot be, by what its file says from line 3 on.
shape() {
    local name=$1 pattern=$2
    shift 2
    printf '%s\n' 'cpus: 4' 'memory_mb: 512' "$@" | broken "a shape with $name" 2 "configs/topologies/1.yaml:$pattern" topologies/1.yaml run -t 1 --tier tcg --dry-run
}
shape 'memory that does not add up' "[34]: topology 1: the nodes' memory is 456 MiB, the machine's 512" \
    'nodes:' '- {cpus: 0-1, memory_mb: 200}' '- {cpus: 2-3, memory_mb: 256}'
shape 'a CPU on two nodes' '[34]: topology 1: CPU 2 is on no node' 'nodes:' '- {cpus: 0-1, memory_mb: 256}' '- {cpus: "0,3", memory_mb: 256}'
shape 'a CPU list that is none' '[34]: topology 1: node 0: bad CPU list "0-x"' 'nodes:' '- {cpus: 0-x, memory_mb: 512}'
shape 'too few rows of distances' '4: topology 1: distances must be 2 rows of 2' 'nodes: 2' 'distances: [[10, 20]]'
shape 'a row that is too short' '4: topology 1: distances must be 2 rows of 2' 'nodes: 2' 'distances: [[10, 20], [20]]'
shape 'distances without nodes' '3: topology 1: distances must be 0 rows of 0' 'distances: [[10]]'
shape 'a node far from itself' '4: topology 1: distance 1 to 1 is 20 \(a node to itself is 10, all others are more\)' 'nodes: 2' 'distances: [[10, 20], [20, 20]]'
shape 'another node as near as its own' '4: topology 1: distance 0 to 1 is 10 \(a node to itself' 'nodes: 2' 'distances: [[10, 10], [20, 10]]'
for far in 9 255; do
    printf '%s\n' 'cpus: 4' 'memory_mb: 512' 'nodes: 2' "distances: [[10, $far], [20, 10]]" | broken "a distance of $far" 5 \
        "configs/topologies/1.yaml:4: topologies.1.distances\[0\]\[1\]: $far is not within 10 to 254" topologies/1.yaml run -t 1 --tier tcg --dry-run
done
# Of the shape "ring" QEMU is told every distance: to a node itself 10, to both neighbours 20, across 30, the same there and back.
$cb run syscall -k linux --tier tcg -t ring --dry-run >"$tmp/out" 2>&1
python3 - "$tmp/out" <<'P'
import re, sys
text = open(sys.argv[1]).read()
dist = {(int(a), int(b)): int(v) for a, b, v in re.findall(r'dist,src=(\d+),dst=(\d+),val=(\d+)', text)}
want = {(a, b): (10, 20, 30, 20)[(a - b) % 4] for a in range(4) for b in range(4)}
nodes = re.findall(r'node,nodeid=(\d),memdev=mem\d,cpus=(\d-\d)', text)
ok = dist == want and nodes == [('0', '0-1'), ('1', '2-3'), ('2', '4-5'), ('3', '6-7')]
print('ok a ring of nodes' if ok else f'not ok a ring of nodes: {dist} {nodes} {text[-300:]}')
P
printf 'about: x\nworkloads: [pipe, .nan]\n' | broken 'no number that is not finite' 5 'quick.yaml:2: the number is not finite' \
    suites/quick.yaml list suites
printf 'about: x\nworkloads:\n- pipe\n- pine\n' | broken 'a suite of what is no workload' 5 \
    'configs/suites/quick.yaml:4: suites.quick.workloads.1.: a suite names "pine", which is no workload' suites/quick.yaml list suites
expect 'no configuration' 5 'kernels.yaml' env CLOUDBENCH_ROOT=/nonexistent $cb list kernels

echo '{"schema":"other"}' >"$tmp/other.json"
expect 'a foreign JSON is no run' 2 'no run of schema' $cb compare "$tmp/other.json"
echo '{"schema"' >"$tmp/broken.json"
expect 'a broken JSON names the line' 2 'line [0-9]' $cb compare "$tmp/broken.json"
for word in NaN Infinity 1e999; do
    echo "{\"schema\":\"cloudbench-run/1\",\"scale\":$word}" >"$tmp/number.json"
    expect "a result with $word" 2 'number.json: line 1: ' $cb compare "$tmp/number.json"
done
# Files that never end, or that are none.
mkdir -p "$tmp/odd/pipe" "$tmp/odd/folder/run.json" "$tmp/odd/scale"
mkfifo "$tmp/odd/pipe/run.json" "$tmp/odd/scale/pipe.json"
expect 'a pipe among the runs is no run' 0 'index.html' timeout -k 1 20 $cb publish --runs "$tmp/odd" -o "$tmp/odd.site"
expect 'nor in their list' 0 'runs' timeout -k 1 20 $cb list --runs "$tmp/odd"
expect 'a file without an end' 2 'File too large|end of file' timeout -k 1 60 $cb import /dev/zero --runs "$tmp/odd.runs"
mkfifo "$tmp/pipe"
(exec 3<>"$tmp/pipe"; exec timeout -k 5 -s INT 1 $cb compare "$tmp/pipe" >"$tmp/out" 2>&1 3<>"$tmp/pipe")
[ $? = 124 ]
check 'a pipe that nobody writes into can be interrupted' $? "exit code $?"
expect 'a run by a pipe' 2 'no run of schema' sh -c "echo '{\"schema\":\"other\"}' | $cb compare /dev/stdin"

# Where the output goes: a full disk, a device, a link.
expect 'a standard output that is full' 5 'cannot write the standard output: No space left' sh -c "$cb list >/dev/full"
expect "and when much is said, too" 5 "cannot write the standard output" sh -c "$cb list --format json >/dev/full"
{ $cb list --format json; echo $? >"$tmp/code"; } 2>"$tmp/out" | head -c 1 >/dev/null
[ "$(cat "$tmp/code")" = 0 ] && [ ! -s "$tmp/out" ]
check 'a reader that has enough' $?
if [ "$(id -u)" = 0 ] && mknod -m 666 "$tmp/full" c 1 7 2>/dev/null && ( : >"$tmp/full" ) 2>/dev/null; then
    expect 'a device that is full' 5 'full: No space left' $cb export --runs "$tmp/odd" --all -o "$tmp/full"
    [ -c "$tmp/full" ]
    check 'is still a device' $?
fi
echo old >"$tmp/target"
ln -s target "$tmp/link"
$cb export --runs "$tmp/odd" --all -o "$tmp/link" && [ -L "$tmp/link" ] && ! grep -q old "$tmp/target"
check 'what goes into a link goes to its target' $?

forged() { # NAME PATTERN ROW: a run with that row
    echo '{"schema":"cloudbench-run/1","id":"x","created":"c","tier":"det","identity":{"kernels":{"k":{}}},"rows":['"$3"']}' >"$tmp/forged.json"
    expect "$1" 2 "forged.json:1: rows.0.: .*$2" $cb compare "$tmp/forged.json"
}
forged 'a row that is ok without a value' 'a value must stand with the status "ok"' '{"workload":"w","kernel":"k","metric":"m","unit":"u","status":"ok","samples":[]}'
forged 'a row that failed and has a number' 'only there' '{"workload":"w","kernel":"k","metric":"m","unit":"u","status":"failed","value":1,"samples":[]}'
forged 'a row of a kernel that is not named' 'none of identity.kernels' '{"workload":"w","kernel":"x","metric":"m","unit":"u","status":"ok","value":1,"samples":[]}'
forged 'a value below 0' 'a value lies below 0' '{"workload":"w","kernel":"k","metric":"m","unit":"u","status":"ok","value":-5,"samples":[]}'
forged 'a sample below 0' 'a value lies below 0' '{"workload":"w","kernel":"k","metric":"m","unit":"u","status":"ok","value":5,"samples":[{"status":"ok","value":-5}]}'
forged 'an operation of nothing' 'an operation of 0 instructions' '{"workload":"w","kernel":"k","metric":"instructions","unit":"u","status":"ok","value":0,"samples":[]}'
forged 'a row that is no object' 'a text is missing' '7'

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

# Two runs, each with a row that the other has not: told apart from what failed, and in JUnit.
python3 - "$tmp" <<'P'
import json, sys
row = lambda w, v: {'workload': w, 'kernel': 'k', 'metric': 'instructions', 'unit': 'u', 'status': 'ok', 'value': v, 'samples': [{'status': 'ok', 'value': v}]}
for id, rows in (('first', [row('only-first', 5), row('pipe', 100), row('fork', 100)]), ('second', [row('only-second', 7), row('pipe', 130), row('fork', 100)])):
    json.dump({'schema': 'cloudbench-run/1', 'id': id, 'created': 'c', 'tier': 'det', 'identity': {'kernels': {'k': {}}}, 'rows': rows}, open(f'{sys.argv[1]}/{id}.json', 'w'))
P
one_sided=("$cb" compare "$tmp/first.json" "$tmp/second.json")
mkdir "$tmp/reports" && ln -s "$PWD/configs" "$tmp/reports/"
expect 'rows of one run only' 0 '^4 rows: 0 unsupported, 0 failed, 1 lost, 1 same, 0 inconclusive, 0 ahead; 1 only in a, 1 only in b' env CLOUDBENCH_ROOT="$tmp/reports" "${one_sided[@]}"
grep -qE '^only-first +k +.*only in a +k: only run first measured it' "$tmp/out" && grep -qE '^only-second +k +.*only in b +k: only run second measured it' "$tmp/out" &&
    grep -q '^a = first run, b = second run' "$tmp/out"
check 'say which' $? "$(grep only "$tmp/out" | tr '\n' ' ')"
expect 'what is lost is worse' 3 'lost' env CLOUDBENCH_ROOT="$tmp/reports" "${one_sided[@]}" --strict
CLOUDBENCH_ROOT=$tmp/reports "${one_sided[@]}" --format junit >"$tmp/j.xml" 2>"$tmp/out"
python3 - "$tmp/j.xml" <<'P'
import sys, xml.etree.ElementTree as et
s = et.parse(sys.argv[1]).getroot()
of = lambda tag: sorted(c.get('name') for c in s if c.find(tag) is not None)
ok = [s.get(k) for k in ('tests', 'failures', 'errors', 'skipped')] == ['4', '1', '0', '2'] and of('failure') == ['pipe instructions'] and \
    of('skipped') == ['only-first instructions', 'only-second instructions'] and all(c.get('classname') == 'k' for c in s)
print('ok a comparison in JUnit' if ok else f'not ok a comparison in JUnit: {et.tostring(s)}')
P
sed -i 's/130/100/g' "$tmp/second.json"
expect 'without a loss they are inconclusive' 4 'only in a' env CLOUDBENCH_ROOT="$tmp/reports" "${one_sided[@]}" --strict
