#!/usr/bin/env bash
# No written line is shared by CPUs that have nothing to do with each other, in the scheduler either: on each CPU a process that sets its own mask and yields
# (sched), one that starts and stops a timer (timer), or two that hand a byte to and fro, each time a wake-up and a switch (switch). Of the kernel's transfers an
# operation, those that are not RCU's lie below BOUND; RCU's, grace periods at ticks for what the workers' beginning freed, are less than PERIODS a CPU in all
# (docs/lines.md). That the tier sees the scheduler's lines is shown by two that wake each other across CPUs. Without the newer QEMU (ci/qemu) there is nothing to test.
prefix='lines_sched: '
. "$(dirname "$0")/steps.bash"

if ! ci/qemu >/dev/null 2>"$tmp/err"; then
    echo "skip lines_sched: $(tail -1 "$tmp/err")"
    exit 0
fi
timeout 550 "$cb" lines sched timer switch pipe@cross-cpu -k cloudos -t 2,4,8 --iters 1000 --top 1000 -o "$tmp/runs" --format json >"$tmp/lines.json" 2>"$tmp/out"
check 'all are counted' $?

python3 - "$tmp/lines.json" <<'P'
import json, sys
BOUND, PERIODS = 0.002, 100
def check(name, ok, why=''):
    print(f'ok lines_sched: {name}' if ok else f'not ok lines_sched: {name}: {why}')
found = json.load(open(sys.argv[1]))
rows = {(r['workload'], r['cpus']): r for r in found['rows']}
sites = {t['title']: t['sites'] for t in found['top']}
is_rcu = lambda s: any(word in s[k] for k in ('code', 'met_code', 'data') for word in ('rcu_', 'rcu_core.c'))
for n in (2, 4, 8):
    for w in ('sched', 'timer', 'switch'):
        r, met = rows[w, n], sites[f'{w} on CloudOS, {n} CPUs']
        shared, rcu = r['transfers'] - r['user_transfers'], sum(s['per_op'] for s in met if is_rcu(s))
        others = shared - rcu
        check(f'{w} on each of {n} CPUs', r['ops'] == 1000 * n and others < BOUND and shared * r['ops'] < PERIODS * n,
              (shared, rcu, [s for s in met if not is_rcu(s)][:3]))
        print(f'lines_sched: {w}, {n} CPUs: {shared:.4f} an operation, {shared * r["ops"] / n:.1f} a CPU in all, {others:.4f} an operation are not of RCU')
    r = rows['pipe@cross-cpu', n]
    check(f'two that wake each other are seen, {n} CPUs', r['transfers'] - r['user_transfers'] > 10, r)
    # Two switches and two wake-ups: the partner did run.
    check(f'the partner had its turns, {n} CPUs', rows['switch', n]['instructions'] > 3 * rows['sched', n]['instructions'], rows['switch', n]['instructions'])
P
