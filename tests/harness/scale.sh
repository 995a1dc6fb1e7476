#!/usr/bin/env bash
# cloudbench scale end to end on CloudOS, and shortly on Linux: each size is a run of its own, copies do all their work, the numbers fit each other;
# bad arguments. Without the newer QEMU (ci/qemu) only the tcg tier is tested.
prefix='scale: '
. "$(dirname "$0")/steps.bash"

run() { # NAME KERNEL OPTIONS...
    local name=$1 kernel=$2
    shift 2
    timeout 250 $cb scale "$@" -k "$kernel" -o "$tmp/$name.runs" --format json >"$tmp/$name.json" 2>"$tmp/$name.err"
    check "$name runs" $? "$(tail -3 "$tmp/$name.err" | tr '\n' ' ')"
}

run tcg cloudos syscall fork --cpus 1,2 --tier tcg -b 1 --scale 0.1
run linux linux syscall --cpus 1,2 --tier tcg -b 1 --scale 0.02
if ci/qemu >/dev/null 2>&1; then
    run det cloudos syscall fork --cpus 1,2,4 --tier det --scale 0.3
else
    echo "skip scale: det"
fi
$cb scale fork --cpus 1,2 --tier tcg -k cloudos --dry-run -o "$tmp/dry" >"$tmp/out" 2>&1
[ $? = 0 ] && [ "$(grep -c '^tier tcg .* boots in all' "$tmp/out")" = 2 ] && [ ! -e "$tmp/dry" ]
check 'a dry run says what each size boots, and boots nothing' $?
for bad in 0 1,1 two 1,,256 ''; do
    $cb scale fork --cpus "$bad" >/dev/null 2>"$tmp/err"
    [ $? = 2 ] && grep -q 'cpus wants' "$tmp/err"
    check "--cpus \"$bad\"" $? "$(cat "$tmp/err")"
done
$cb run copies/cyclic/1 --tier det -k cloudos >/dev/null 2>"$tmp/err"
[ $? = 2 ] && grep -q 'no cost' "$tmp/err"
check 'a workload without a cost' $? "$(cat "$tmp/err")"
[ -z "$(ls -A "$TMPDIR")" ]
check 'no temporary files are left' $?

python3 - "$tmp" <<'P'
import json, os, sys
tmp = sys.argv[1]
def check(name, ok, why=''):
    print(f'ok scale: {name}' if ok else f'not ok scale: {name}: {why}')
for name, words, sizes in (('tcg', ('syscall', 'fork'), [1, 2]), ('det', ('syscall', 'fork'), [1, 2, 4]), ('linux', ('syscall',), [1, 2])):
    if not os.path.exists(f'{tmp}/{name}.json'):
        continue
    d = json.load(open(f'{tmp}/{name}.json'))
    p = {(r['workload'], r['cpus']): r for r in d['points']}
    check(f'{name}: every point', sorted(p) == sorted((w, n) for w in words for n in sizes), list(p))
    check(f'{name}: each has a throughput', all(r.get('throughput', 0) > 0 for r in p.values()), d['points'])
    check(f'{name}: the first is the measure', all(p[w, 1]['efficiency'] == 1 for w in words))
    runs = {r: json.load(open(f'{tmp}/{name}.runs/{r}/run.json')) for r in {r['run'] for r in p.values()}}
    check(f'{name}: each size is a run', len(runs) == len(sizes) and
          all(runs[r['run']]['topology']['cpus'] == r['cpus'] for r in p.values()))
    row = lambda r: next(x for x in runs[r['run']]['rows'] if x['workload'] == 'copies/' + r['workload'])
    check(f'{name}: the values are the runs\'', all(row(r)['value'] == r['value'] for r in p.values()))
    kernel = 'linux' if name == 'linux' else 'cloudos'
    check(f'{name}: of the kernel that was asked for', all(list(r['identity']['kernels']) == [kernel] for r in runs.values()))
    if name == 'det':
        ops = lambda w, n: row(p[w, n])['samples'][0]['ops'][0]
        check('det: every CPU has its copy', all(ops(w, n) == n * ops(w, 1) for w in ('syscall', 'fork') for n in sizes))
        check('det: what shares nothing scales', all(0.97 < p['syscall', n]['efficiency'] < 1.03 for n in sizes),
              [p['syscall', n]['efficiency'] for n in sizes])
        check('det: a law for each', len(d['fits']) == 2 and all('sigma' in f for f in d['fits']))
    else:
        check(f'{name}: no law from two sizes', all('reason' in f for f in d['fits']))
P
