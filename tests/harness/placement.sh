#!/usr/bin/env bash
# Placement on the host: QEMU's threads are where the plan says while it runs, memory is bound, what the host counts stands in the
# run; the plan for a machine that is not here; what makes no sense is refused. Where the host has no counters a line says so.
prefix='placement: '
. "$(dirname "$0")/steps.bash"

run() { # NAME OPTIONS...
    timeout 100 $cb run syscall -k cloudos -b 1 -o "$tmp/$1.runs" --format json "${@:2}" >"$tmp/$1.json" 2>"$tmp/$1.err" </dev/null
}

# qemu: the QEMU whose folder is below ours. threads PID: its threads' processors, "COUNT LIST;" each.
qemu() { for p in $(pgrep qemu-system); do case $(readlink "/proc/$p/cwd") in "$TMPDIR"/*) echo "$p" ;; esac; done; }
threads() { sed -n 's/^Cpus_allowed_list:\t//p' /proc/"$1"/task/*/status 2>/dev/null | sort | uniq -c | tr -s ' \n' ' ;'; }

run placed --tier tcg -t 2 --scale 8 --place compact &
while kill -0 $! 2>/dev/null; do
    threads "$(qemu)" >>"$tmp/seen"
    echo >>"$tmp/seen"
    sleep 0.1
done
wait $!
check 'a run that is placed' $? "$(tail -2 "$tmp/placed.err" | tr '\n' ' ')"
run described --tier tcg -t 8x4 --place spread --scale 0.1 &
HWLOC_SYNTHETIC='pack:2 [numa] l3:2 core:4 pu:2' run synthetic --tier tcg -t 8x4 --place spread --scale 0.1
check 'a run on a described host' $?
wait $!
kvm=0
if [ -r /dev/kvm ] && [ -w /dev/kvm ]; then
    kvm=1
    run kvm --tier kvm -t 1 --scale 0.1 --deadline 8
fi
expect 'differently placed runs are not compared unasked' 2 'different placements \("compact" and "spread"\), topologies \("2" and "8x4"\)' \
    $cb compare "$tmp/placed.json" "$tmp/synthetic.json"
expect 'asked, the table says so' 0 '^different placements: a on compact, b on spread' $cb compare "$tmp/placed.json" "$tmp/synthetic.json" --across
expect 'nor by the gate' 2 'different placements' $cb gate "$tmp/placed.json" --baseline "$tmp/synthetic.json"
expect 'det is not placed' 2 'do not depend on where it runs' $cb run syscall --tier det --place compact
expect 'an unknown placement' 2 'no placement is called "far"' $cb run syscall --tier tcg --place far
expect 'nor by a setting' 5 'policy.run.place.det: "compact" is none of: none' $cb run syscall --set policy.run.place.det=compact
expect 'huge pages that are not there are a line' 0 'no huge pages of 1048576 kB: [0-9]+ are free, [0-9]+ are needed' \
    $cb run syscall -k cloudos --tier tcg -b 1 --scale 0.1 --place compact -o "$tmp/huge.runs" --set policy.run.huge_page_kb=1048576
[ -z "$(ls -A "$TMPDIR")" ]
check 'no temporary files are left' $?

python3 - "$tmp" $kvm <<'P'
import json, os, sys
tmp, kvm = sys.argv[1], sys.argv[2] == '1'
def check(name, ok, why=''):
    print(f'ok placement: {name}' if ok else f'not ok placement: {name}: {why}')
load = lambda name: json.load(open(f'{tmp}/{name}.json'))
r = load('placed')
plan, host = r['placement'], r['boots'][0]['host']
check('the run has its plan', plan['rule'] == 'compact' and plan['host'].startswith('this machine') and plan['halt'] == 'host', plan)
if os.cpu_count() > 1:
    check('a processor for each vCPU', len(set(plan['vcpus'])) == 2, plan)
    seen = open(tmp + '/seen').read().split('\n')
    check('and its thread is there', any(all(f' 1 {c};' in line for c in plan['vcpus']) for line in seen), seen[-3:])
    argv = ' '.join(r['identity']['argv']['cloudos'])
    bound = any('memory is not bound' in m for m in plan['missing'])
    check('memory is bound, or a line says why not', bound != ('policy=bind' in argv and 'memory-backend=mem0' in argv), plan['missing'])
    nodes = plan['memory_nodes'] and plan['memory_nodes'][0]
    check('and lies there', not nodes or '-' in nodes or ',' in nodes or host['memory_mb'].get(nodes, 0) > 0.9 * sum(host['memory_mb'].values()), host['memory_mb'])
steps = host['steps']
check('a step for each result', [s['workload'] for s in steps] == ['canary'] * 2 + ['syscall'] * 2 + ['canary'] * 2, steps)
check('time on the processors is counted, and is possible', all(0 < s['counters']['on_cpu_ns'] < 2.4e9 * s['seconds'] + 1e8 for s in steps), steps)
check('instructions, or a line says why not', host['counters'] != 'none' or any('no instructions' in m for m in host['missing']), host)
row = next(x for x in r['rows'] if x['workload'] == 'syscall' and x['metric'] == 'mean_ns')
s = row['samples'][0]
check('what was counted an operation stands beside the row', abs(s['host']['waited_ns'] - steps[3]['counters']['waited_ns'] / s['ops']) < 1e-9, s)
far = load('synthetic')
plan = far['placement']
check('a described host is planned by its nodes', plan['vcpus'] == [0, 2, 16, 18, 4, 6, 20, 22] and plan['memory_nodes'] == ['0', '1', '0', '1'], plan)
check('and nothing is bound', 'host-nodes' not in ' '.join(far['identity']['argv']['cloudos']) and any('another machine' in m for m in plan['missing']))
here = load('described')['placement']
check('a host that is too small says so', os.cpu_count() >= 8 or any('8 want a core each' in m for m in here['missing']), here)
if kvm:
    host = load('kvm')['boots'][0]['host']
    exits = [s.get('kvm', {}).get('exits', 0) for s in host['steps']]
    check("KVM's exits are counted, or a line says why not", any(exits) or any('no exit counts' in m for m in host['missing']), host)
P
