#!/usr/bin/env bash
# The scheduler's workloads on CloudOS: each measures, checks itself and gives its values as rows; figures repeat; what wants
# more CPUs is left out. Small iteration counts: what is judged here is the workloads, not the kernel.
prefix='sched: '
. "$(dirname "$0")/steps.bash"

# run NAME ARGS...: a run of CloudOS as JSON.
run() {
    local name=$1
    shift
    timeout 280 $cb run "$@" -k cloudos -o "$tmp/runs" --format json >"$tmp/$name.json" 2>"$tmp/$name.err"
    check "$name runs" $? "$(tail -3 "$tmp/$name.err" | tr '\n' ' ')"
}

run one storm/2 storm/64 storm/4096 forkjoin cyclic message/8 fair/nice fair/mixed deadline --tier det --scale 0.6
run again cyclic/4-storm deadline --tier det --scale 0.3
run once_more cyclic/4-storm deadline --tier det --scale 0.3
run two migrate repair fair/smp cyclic/4 --tier tcg -t 2 -b 1 --scale 0.25 # five bursts of repair: the fewest that have a median
run tail request/8-hog pull --tier det -t 2
run pair pipe --tier det -t 2 -b 1 --scale 0.2 -k linux
run round fair/smp fair/smp-mixed --tier det -t 4
$cb run repair --tier det -t 2 --scale 0.25 -k cloudos -o "$tmp/runs" >"$tmp/out" 2>&1
grep -qE '^ *repair .*p50.*too few iterations for it' "$tmp/out" && grep -qE '^ *repair .*max' "$tmp/out"
check 'two bursts of repair have no median, and it is said why' $? "$(tail -4 "$tmp/out" | tr '\n' ' ')"
$cb run migrate --tier det -t 1 -k cloudos -o "$tmp/runs" >"$tmp/out" 2>&1
[ $? = 2 ] && grep -q 'wants more than 1 CPU' "$tmp/out"
check 'too few CPUs are refused' $? "$(tail -1 "$tmp/out")"

python3 - "$tmp" <<'P'
import json, sys
tmp = sys.argv[1]
def check(name, ok, why=''):
    print(f'ok sched: {name}' if ok else f'not ok sched: {name}: {why}')
def rows(name):
    return {(r['workload'], r['metric']): r for r in json.load(open(f'{tmp}/{name}.json'))['rows']}
one, again, more, two, tail, around = (rows(n) for n in ('one', 'again', 'once_more', 'two', 'tail', 'round'))
pair = {r['kernel']: r['value'] for r in json.load(open(f'{tmp}/pair.json'))['rows'] if (r['workload'], r['metric']) == ('pipe@cross-cpu', 'instructions')}
value = lambda w, m: one[w, m].get('value', -1)
check('every row has a number', all(r['status'] == 'ok' for r in [*one.values(), *two.values()]),
      [(k, r.get('reason')) for k, r in [*one.items(), *two.items()] if r['status'] != 'ok'])
check('values stand in place of the cost', ('cyclic/1', 'p99_ns') in one and ('cyclic/1', 'instructions') not in one)
check('costs stay', one['storm/64', 'instructions']['unit'] == 'instructions/op')
check('units', one['deadline/90', 'misses_count']['unit'] == 'count' and one['fair/nice', 'worst_ns']['unit'] == 'virtual ns'
      and two['cyclic/4', 'p50_ns']['unit'].startswith('ns'))
for w in ('cyclic/1', 'cyclic/4', 'cyclic/4-storm', 'cyclic/1-rt-storm'):
    p = [value(w, m) for m in ('p50_ns', 'p99_ns', 'max_ns') if (w, m) in one]
    check(f'{w}: percentiles rise', p == sorted(p) and p[0] > 0, p)
# docs/sched-workloads.md: 389 instructions among 2, 494 among 4,096; the worst second of a fair task 0.9 to 1.9 ms, 4.3 while requests ended at ticks.
few, many = (value(f'storm/{n}', 'instructions') for n in (2, 4096))
check('a switch costs about as much among 4,096 as among 2', 0 < few < many <= 1.3 * few, (few, many))
for w in ('fair/nice', 'fair/mixed'):
    check(f'{w}: nobody is far from its share in any second', 0 < value(w, 'worst_ns') < 2500000, value(w, 'worst_ns'))
check('a wake-up of another CPU costs two fifths of what it costs on Linux', 0 < pair['cloudos'] <= 0.4 * pair['linux'], pair)
check('deadlines are kept', value('deadline/90', 'misses_count') == 0)
check('a real-time task waits less than a fair one', value('cyclic/1-rt-storm', 'max_ns') < value('cyclic/4-storm', 'max_ns'))
# Whoever waits behind one that computes has a timer: 3.5 ms, a tick, without that of a shelved or of a preempted one.
late = tail['request/8-hog', 'p999_ns']['value']
check('no request waits for a whole slice of a hog', late < 1000000, late)
# A CPU that becomes free asks for who waits elsewhere: 2 ms on average, the next tick there, when nobody asked.
late = tail['pull', 'max_ns']['value']
check('a real-time task does not wait for a tick beside a free CPU', 0 < late < 100000, late)
# One more than there are CPUs: 200 ms of each second while the odd one went to and fro between two CPUs, 16 to 38 since places are compared.
off = around['fair/smp', 'worst_ns']['value']
check('the odd one goes round all CPUs', 0 < off < 80000000, off)
# 72 to 86 ms (and an error of 6,000 to 18,000 ppm that did not shrink) while weights were evened and nobody took along what its place was behind.
off = [around['fair/smp-mixed', k]['value'] for k in ('worst_ns', 'share_error_ppm')]
check('shares of nice levels beside sleepers and forks on four CPUs', 0 < off[0] < 65000000 and off[1] < 15000, off)
other = [k for k in again if again[k]['value'] != more[k]['value']]
check('figures repeat to the last digit', not other, other)
P
