#!/usr/bin/env bash
# Several CPUs of the det tier in turns of a given length: what makes no sense is refused, a run has its turns in its identity and is
# compared with no other unasked, two runs are the same, and what waits between CPUs no longer waits for the machine's timer.
prefix='turns: '
. "$(dirname "$0")/steps.bash"

run=("$cb" run message/8 -k cloudos -o "$tmp/runs")
for bad in -1 1.5 x '' 1000001; do
    expect "--turn \"$bad\"" 2 '--turn must be a whole number from 0 on' "${run[@]}" --tier det -t 2 "--turn=$bad"
done
expect 'another tier' 2 '--turn 500: only several CPUs of the det tier run in turn' "${run[@]}" --tier tcg -t 2 --turn 500
expect 'one CPU' 2 '--turn 500: only several CPUs' "${run[@]}" --tier det --turn 500
expect 'a trace of one CPU' 2 '--turn 0: only several CPUs' $cb trace message/8 --turn 0
expect 'a setting that is none' 5 '--set: policy.run.turn_ns: -1 is not within 0 to 1e\+06' "${run[@]}" --set policy.run.turn_ns=-1
expect 'nor is a word' 5 'policy.run.turn_ns: must be a whole number' "${run[@]}" --set policy.run.turn_ns=short
expect 'config shows it' 0 '^policy.run.turn_ns +configs/policy.yaml:[0-9]+ +[0-9]+$' $cb config show policy --origin
printf '#!/bin/sh\necho "QEMU emulator version 7.2.22 (cpu_exit)"\n' >"$tmp/old"
printf '#!/bin/sh\necho "QEMU emulator version 10.0.2"\n' >"$tmp/other"
chmod +x "$tmp/old" "$tmp/other"
expect 'an older QEMU' 5 'does not let CPUs run in turns' "${run[@]}" --tier det -t 2 --qemu "$tmp/old"
expect 'a newer one that does not export what ends a turn' 5 'or --turn 0: until' "${run[@]}" --tier det -t 2 --qemu "$tmp/other"
mkdir "$tmp/root" && cp -r configs "$tmp/root" && ln -s "$PWD/build" "$tmp/root/build"
expect 'no newer QEMU' 5 'the newer QEMU is missing' env CLOUDBENCH_ROOT="$tmp/root" "${run[@]}" --tier det -t 2
expect 'and doctor says what that hides' 5 'turns of its CPUs +limited' env CLOUDBENCH_ROOT="$tmp/root" $cb doctor
if ! ci/qemu >/dev/null 2>"$tmp/err"; then
    echo "skip ${prefix}they want the newer QEMU: $(tail -1 "$tmp/err")"
    exit 0
fi
# Its code is that of all it looks at, a kernel that was not fetched too.
expect 'doctor' 0 'turns of its CPUs +ok' sh -c '"$0" doctor || true' $cb
expect 'a dry run says them' 0 'the CPUs run in turns of 500 ns' "${run[@]}" --tier det -t 2 --turn 500 --dry-run
expect 'and hands them to the plugin' 0 'count.txt,io=on,turn=700' "${run[@]}" --tier det -t 2 --set policy.run.turn_ns=700 --dry-run
expect 'one CPU has none' 0 'out=count.txt$|out=count.txt[^,]' "${run[@]}" --tier det --dry-run

# measure NAME OPTIONS...
measure() {
    timeout 280 $cb run message/8 pipe -k linux -k cloudos --tier det -t 2 --scale 0.2 -o "$tmp/runs" --format json "${@:2}" \
        >"$tmp/$1.json" 2>"$tmp/$1.err"
    check "$1 runs" $? "$(tail -3 "$tmp/$1.err" | tr '\n' ' ')"
}
measure short --turn 1000
measure again --set policy.run.turn_ns=1000
measure long --turn 0
expect 'runs of different turns are not compared unasked' 2 'different turns \("1000 ns" and "until the next timer"\)' \
    $cb compare "$tmp/short.json" "$tmp/long.json"
expect 'asked, the table says so' 0 '^different turns: a on 1000 ns, b on until the next timer' $cb compare "$tmp/short.json" "$tmp/long.json" --across
expect 'nor by the gate' 2 'different turns' $cb gate "$tmp/short.json" --baseline "$tmp/long.json"
expect 'a table names them' 0 '2 CPUs in turns of 1000 ns,' $cb compare "$tmp/short.json"
for i in 1 2; do
    timeout 200 $cb trace cyclic/4 -t 2 --tier det --scale 0.2 --turn 500 -o "$tmp/trace$i.json" >/dev/null 2>"$tmp/out"
    check "trace $i" $?
done
cmp -s "$tmp/trace1.json" "$tmp/trace2.json"
check 'two traces are the same file' $?
[ -z "$(ls -A "$TMPDIR")" ]
check 'no temporary files are left' $? "$(ls -A "$TMPDIR")"

python3 - "$tmp" <<'P'
import json, sys
tmp = sys.argv[1]
def check(name, ok, why=''):
    print(f'ok turns: {name}' if ok else f'not ok turns: {name}: {why}')
load = lambda name: json.load(open(f'{tmp}/{name}.json'))
short, again, long = load('short'), load('again'), load('long')
rows = lambda run: {(r['workload'], r['kernel'], r['metric']): r for r in run['rows']}
a, b, c = rows(short), rows(again), rows(long)
bad = [k for x in (a, b, c) for k, r in x.items() if r['status'] != 'ok' and k[2] != 'p999_ns'] # it wants more messages
check('every row has a number', not bad, bad)
different = [k for k in a if a[k].get('value') != b[k].get('value') or a[k]['samples'] != b[k]['samples']]
check('two runs are identical to the last digit', not different, different)
check('the identity has them', short['identity']['turn_ns'] == 1000 and 'turn_ns' not in long['identity'])
for k in ('linux', 'cloudos'):
    argv = ' '.join(short['identity']['argv'][k])
    check(f'{k}: the argument list has them', ',turn=1000' in argv and ',turn=' not in ' '.join(long['identity']['argv'][k]), argv)
    ipis = a['pipe@cross-cpu', k, 'instructions']['samples'][0]['per_op']
    check(f'{k}: a wake-up on another CPU costs an IPI and accesses to the APIC', ipis['ipis'] > 0.5 and ipis['mmio_writes'] >= ipis['ipis'], ipis)
    late = [x['message/8', k, 'p99_ns']['value'] for x in (a, c)]
    check(f'{k}: a message no longer waits for a turn of a millisecond', 2 * late[0] < late[1], late)
    apart = [x['pipe@cross-cpu', k, 'instructions']['value'] for x in (a, c)]
    check(f'{k}: a path between two CPUs is as long as before', 0.85 < apart[0] / apart[1] < 1.15, apart)
P
