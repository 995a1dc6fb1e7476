#!/usr/bin/env bash
# cloudbench trace end to end: the file is JSON that Perfetto reads, every stay has its task, stays on a CPU follow each
# other, interrupts are there, one after the other, each inside one stay or between two, wake-ups lead to stays; with two CPUs tasks migrate and are stolen, and come from
# the other CPU; bad arguments.
prefix='trace: '
. "$(dirname "$0")/steps.bash"

# run NAME ARGS...
run() {
    local name=$1
    shift
    timeout 200 $cb trace "$@" -o "$tmp/$name.json" --format json >"$tmp/$name.sum" 2>"$tmp/$name.err"
    check "$name runs" $? "$(tail -3 "$tmp/$name.err" | tr '\n' ' ')"
}

run one cyclic/4 --scale 0.2
run again cyclic/4 --scale 0.2
run steps pipe --scale 0.05 # of whose steps only one is made
run wrapped pipe --scale 45 # more than a ring holds
run two message/8 -t 2 --scale 0.1
run linux cyclic/1 -k linux --scale 0.05
python3 -c '
import json, sys
lost, whole = (json.load(open(f"{sys.argv[1]}/{name}.sum")) for name in ("wrapped", "one"))
assert lost["lost"] > 0 and sum(lost["cpus"]["0"].values()) == 65536 and whole["lost"] == whole["left_out"] == 0' "$tmp" 2>"$tmp/out"
check 'records that were overwritten are counted, and none where all are there' $?
cmp -s "$tmp/one.json" "$tmp/again.json"
check 'two traces in the det tier are the same file' $?
$cb trace cyclic -q >/dev/null 2>&1
[ $? = 2 ]
check 'an unknown option' $?
$cb trace cyclic/1 --tier kvm >/dev/null 2>"$tmp/err"
[ $? = 2 ] && grep -q 'det' "$tmp/err"
check 'another tier' $?
$cb trace nosuch >/dev/null 2>"$tmp/err"
[ $? = 2 ] && grep -q 'nosuch' "$tmp/err"
check 'an unknown workload' $? "$(cat "$tmp/err")"
[ -z "$(ls -A "$TMPDIR")" ]
check 'no temporary files are left' $?

python3 - "$tmp" <<'P'
import bisect, json, sys
tmp = sys.argv[1]
def check(name, ok, why=''):
    print(f'ok trace: {name}' if ok else f'not ok trace: {name}: {why}')
for name, cpus, least in (('one', 1, 60), ('two', 2, 300), ('linux', 1, 10)):
    try:
        events = json.load(open(f'{tmp}/{name}.json'))['traceEvents']
        total = json.load(open(f'{tmp}/{name}.sum'))
    except (OSError, ValueError, KeyError) as e:
        check(f'{name} is JSON', False, e)
        continue
    of = lambda ph: [e for e in events if e['ph'] == ph]
    check(f'{name}: every CPU has its name', {e['args']['name'] for e in of('M')} >= {f'CPU {c}' for c in range(cpus)})
    stays = [e for e in of('X') if e['cat'] == 'run']
    check(f'{name}: stays', len(stays) >= least, len(stays))
    check(f'{name}: every stay has its task', all(e['args']['pid'] > 0 and e['name'].endswith(str(e['args']['pid'])) for e in stays))
    bad = []
    for c in range(cpus):
        end = 0
        for e in (e for e in stays if e['tid'] == c):
            if e['ts'] < end - 1e-3 or e['dur'] < 0:
                bad.append(e)
            end = e['ts'] + e['dur']
    check(f'{name}: stays on a CPU follow each other', not bad, bad[:2])
    irqs = [e for e in of('X') if e['cat'] == 'irq']
    check(f'{name}: interrupts of every CPU, by name', {e['tid'] for e in irqs} == set(range(cpus)) and len(irqs) >= least // 4 and
          all(e['name'].startswith('irq ') and len(e['name']) > 4 for e in irqs), (len(irqs), {e['name'] for e in irqs}))
    shown_irqs = sum(c.get('irq', 0) for c in total['cpus'].values())
    check(f'{name}: every interrupt that the summary counts has its end', 0 <= shown_irqs - len(irqs) <= cpus, (shown_irqs, len(irqs)))
    bad = []
    for c in range(cpus):
        mine = sorted((e for e in irqs if e['tid'] == c), key=lambda e: e['ts'])
        bad += [e for e in mine if e['dur'] < 0]
        bad += [b for a, b in zip(mine, mine[1:]) if b['ts'] < a['ts'] + a['dur'] - 1e-3]
    check(f'{name}: interrupts on a CPU do not overlap', not bad, bad[:2])
    # A switch lies in none: the edges of a CPU's stays are its switches.
    bad = []
    for c in range(cpus):
        edges = sorted(t for e in stays if e['tid'] == c for t in (e['ts'], e['ts'] + e['dur']))
        for e in (e for e in irqs if e['tid'] == c):
            i = bisect.bisect_right(edges, e['ts'] + 1e-3)
            if i < len(edges) and edges[i] < e['ts'] + e['dur'] - 1e-3:
                bad.append((e, edges[i]))
    check(f'{name}: every interrupt lies inside one stay or between two', not bad, bad[:2])
    starts, ends = of('s'), {e['id']: e for e in of('f')}
    check(f'{name}: an arrow leads from each wake-up to a later stay',
          len(starts) == len(ends) > 0 and all(ends[s['id']]['ts'] >= s['ts'] for s in starts), (len(starts), len(ends)))
    shown = lambda kind: [e for e in of('i') if e['cat'] == kind]
    counted = lambda kind: sum(c.get(kind, 0) for c in total['cpus'].values())
    check(f'{name}: the summary counts what the file shows', all(counted(k) == len(shown(k)) for k in ('wake', 'migrate', 'steal')))
    if name != 'two':
        check(f'{name}: nothing migrates on one CPU', not shown('migrate') and not shown('steal'), (len(shown('migrate')), len(shown('steal'))))
        continue
    for kind in ('migrate', 'steal'):
        moves = shown(kind)
        check(f'two: events {kind}', len(moves) >= 2, len(moves))
        check(f'two: {kind}: from the other CPU', all(e['args']['from'] == 1 - e['tid'] for e in moves), moves[:2])
    check('two: interrupts lie inside stays', any(s['ts'] <= e['ts'] and e['ts'] + e['dur'] <= s['ts'] + s['dur'] + 1e-3 for s in stays for e in irqs
                                                  if s['tid'] == e['tid']), len(irqs)) # the others find the CPU idle
    follows = lambda e: [s for s in stays if s['tid'] == e['tid'] and s['args']['pid'] == e['args']['pid'] and s['ts'] >= e['ts']]
    check('two: who was stolen runs there', all(follows(e) for e in shown('steal')), [e for e in shown('steal') if not follows(e)][:2])
P
