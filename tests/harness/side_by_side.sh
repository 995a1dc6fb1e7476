#!/usr/bin/env bash
# Boots of the det tier at once: what comes out is what one after the other gives, whoever ends leaves nothing behind, and what one kernel does
# is not the other's fault.
. "$(dirname "$0")/steps.bash"

# Two arms of CloudOS, which boot in a second; another kernel beside it where it matters.
asked=("$cb" run pipe syscall -k cloudos --aa --tier det --scale 0.25 --format json)
run() { timeout 280 "${asked[@]}" -o "$tmp/$1" "${@:2}" >"$tmp/$1.json" 2>"$tmp/$1.err" </dev/null; } # BASE OPTIONS...

# Long enough to be ended: at most four processes of each are there, cloudbench, one an arm, and QEMU's.
long() { "$cb" run syscall -k cloudos --aa --tier det --scale 200 -j 2 -o "$tmp/$1" >/dev/null 2>"$tmp/$1.err" </dev/null & }
arms_of() { pgrep -P "$1" -x cloudbench; } # PID: the processes that measure
# begun PID: both arms have their QEMU.
begun() {
    for _ in $(seq 600); do
        [ "$(for a in $(arms_of "$1"); do pgrep -P "$a" -x qemu-system-x86; done | wc -l)" = 2 ] && return
        sleep 0.05
    done
}
# family PID: its descendants.
family() { for p in $(pgrep -P "$1"); do echo "$p"; family "$p"; done; }
# gone PIDS...: none of them is there any more, at the latest after 30 s.
gone() {
    for _ in $(seq 600); do
        kill -0 "$@" 2>/dev/null || return 0
        sleep 0.05
    done
    return 1
}

run one -b 2 -j 1
check 'one after the other' $? "$(tail -1 "$tmp/one.err")"
run both -b 2 -j 2
check 'both at once' $? "$(tail -1 "$tmp/both.err")"
run all -b 2 -j 4 # each arm has a boot a row: both rows of both arms run at once
check 'every boot of a round at once' $? "$(tail -1 "$tmp/all.err")"
same_run() { # BASE BASE
    python3 - "$tmp/$1"/*/run.json "$tmp/$2"/*/run.json <<'P' >"$tmp/out" 2>&1
import json, os, sys
a, b = (json.load(open(f)) for f in sys.argv[1:])
assert a['rows'] == b['rows'], 'the rows differ'
assert a['identity']['argv'] == b['identity']['argv'], [r['identity']['argv'] for r in (a, b)]
named = [[(x['boot'], x['kernel'], x['console']) for x in r['boots']] for r in (a, b)]
assert named[0] == named[1] and [x[0] for x in named[0]] == list(range(len(named[0]))), named
files = [sorted(os.listdir(os.path.dirname(f))) for f in sys.argv[1:]]
assert files[0] == files[1], files
# What the plugin counted at each marker; its total has how the machine was ended.
counts = [[[l for l in open(f'{os.path.dirname(f)}/{x["console"][:-7]}counts') if not l.startswith('total')] for x in r['boots']] for f, r in zip(sys.argv[1:], (a, b))]
assert all(counts[0]) and counts[0] == counts[1], 'boots of one number measured other rows'
P
}
same_run one both
check 'give the same rows, boots and files' $? "$(tail -1 "$tmp/out")"
same_run one all
check 'and so do all boots of a round' $? "$(tail -1 "$tmp/out")"

# One kernel, whose round has a boot a row; the first takes as long as the three others.
alone=("$cb" run pipe syscall futex fork -k cloudos --tier det --scale 0.1 --set workloads.pipe.det=80000)
alone() { timeout 280 "${alone[@]}" -o "$tmp/$1" "${@:2}" >/dev/null 2>"$tmp/$1.err" </dev/null; } # BASE OPTIONS...
# later BASE OPTIONS...: begins a run ($pid), until boots behind the first are kept.
later() {
    "${alone[@]}" -o "$tmp/$1" "${@:2}" >/dev/null 2>"$tmp/$1.err" </dev/null &
    pid=$!
    for _ in $(seq 2400); do
        grep -qs '"begun": \[{"boots": \[{' "$tmp/$1"/*/partial.json && break
        sleep 0.05
    done
}
# resumed BASE NAME: what was kept becomes the run that nobody interrupted.
resumed() {
    timeout 280 $cb run --resume "$tmp/$1"/* >/dev/null 2>"$tmp/out" && same_run kernel-1 "$1"
    check "$2" $? "$(tail -1 "$tmp/out")"
}
alone kernel-1 -j 1 && alone kernel-2 -j 2 && same_run kernel-1 kernel-2
check 'and the boots of one kernel' $? "$(tail -1 "$tmp/out")"
pairs=(exec --set policy.run.rows_per_boot.alone=2) # boots of two, two and one
alone pairs-1 -j 1 "${pairs[@]}" && alone pairs-3 -j 3 "${pairs[@]}" && same_run pairs-1 pairs-3 && python3 -c 'import json, sys
run = json.load(open(sys.argv[1]))
assert len(run["boots"]) == 3 and len(run["rows"]) == 5, (len(run["boots"]), len(run["rows"]))' "$tmp"/pairs-3/*/run.json >"$tmp/out" 2>&1
check 'of several rows each, too' $? "$(tail -1 "$tmp/out")"
later some -j 2
kill -INT $pid
wait $pid
rc=$?
[ $rc = 130 ] && [ "$(grep -c interrupted "$tmp/some.err")" = 1 ] && grep -qE "0 of 1 rounds and [1-3] boots? more are kept: cloudbench run --resume $tmp/some/" "$tmp/some.err" &&
    ! compgen -G "$tmp/some/*/round-000-*" >/dev/null
check 'of which an interrupt leaves those that ended' $? "exit code $rc, $(tail -2 "$tmp/some.err" | tr '\n' ' ') $(echo "$tmp"/some/*/*)"
resumed some 'and each has its place, though the first was measured last'
# On a machine that has become smaller: one after the other, which is to be interrupted, too.
one_cpu=(taskset -c "$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')")
later fewer
kill -INT $pid
wait $pid
"${one_cpu[@]}" timeout 280 $cb run --resume "$tmp"/fewer/* >"$tmp/out" 2>&1 </dev/null &
pid=$!
for _ in $(seq 2400); do
    grep -qs '"begun": \[{"boots": \[{"boot": 0,' "$tmp"/fewer/*/partial.json && break
    sleep 0.05
done
kill -INT $pid # timeout hands it on
wait $pid
grep -q 'are kept: cloudbench run --resume' "$tmp/out"
check 'the rest of them one after the other is interrupted' $? "$(tail -2 "$tmp/out" | tr '\n' ' ')"
"${one_cpu[@]}" timeout 280 $cb run --resume "$tmp"/fewer/* >/dev/null 2>"$tmp/out" && same_run kernel-1 fewer
check 'and gives the same' $? "$(tail -1 "$tmp/out")"
later lost -j 2
for _ in $(seq 100); do # the one that ended may have no successor yet
    at_once=$(arms_of $pid | wc -l)
    [ "$at_once" = 2 ] && break
    sleep 0.02
done
[ "$at_once" = 2 ]
check 'two boots of a kernel are measured by two processes' $? "$at_once"
kill -KILL "$(arms_of $pid | head -1)"
wait $pid
rc=$?
[ $rc = 1 ] && [ "$(grep -c 'the process that measured CloudOS has died' "$tmp/lost.err")" = 1 ] && grep -qE 'and [1-3] boots? more are kept' "$tmp/lost.err"
check 'one that dies takes none of those along' $? "exit code $rc, $(tail -2 "$tmp/lost.err" | tr '\n' ' ')"
resumed lost 'and the run goes on'
later all-gone -j 2
all=$(family $pid)
kill -KILL $pid
wait $pid 2>/dev/null
# shellcheck disable=SC2086 # numbers
gone $all && resumed all-gone 'and when all are killed'

long int
pid=$!
begun $pid
all=$(family $pid)
kill -INT $pid
wait $pid
rc=$?
[ $rc = 130 ] && [ "$(grep -c interrupted "$tmp/int.err")" = 1 ] && [ -z "$(ls -A "$TMPDIR")" ] && [ -z "$(ls -A "$tmp/int")" ]
check 'an interrupt ends both, and is said once' $? "exit code $rc, $(tail -2 "$tmp/int.err" | tr '\n' ' ') $(ls -A "$TMPDIR" "$tmp/int" | tr '\n' ' ')"
# shellcheck disable=SC2086 # numbers
[ "$(wc -w <<<"$all")" -ge 4 ] && gone $all
check 'and leaves no process' $? "$all"

long dies
pid=$!
begun $pid
all=$(family $pid)
kill -KILL "$(arms_of $pid | tail -1)"
wait $pid
rc=$?
[ $rc = 1 ] && grep -q 'the process that measured CloudOS.* has died' "$tmp/dies.err"
check 'an arm that dies is no number, and ends the other' $? "exit code $rc, $(tail -2 "$tmp/dies.err" | tr '\n' ' ')"
# shellcheck disable=SC2086
gone $all
check 'and leaves no process either' $? "$all"

long killed
pid=$!
begun $pid
all=$(family $pid)
kill -KILL $pid
wait $pid 2>/dev/null
# shellcheck disable=SC2086
[ "$(wc -w <<<"$all")" -ge 4 ] && gone $all
check 'who is killed takes both along' $? "$all"

# What boots came to is kept when the first rounds of both are interrupted, and becomes the run that nobody interrupted.
run solo -b 1 -j 2
check 'a round of both' $? "$(tail -1 "$tmp/solo.err")"
"${asked[@]}" -b 1 -j 2 -o "$tmp/first" >/dev/null 2>"$tmp/first.err" </dev/null &
pid=$!
for _ in $(seq 2400); do
    compgen -G "$tmp/first/*/partial.json" >/dev/null && break
    sleep 0.05
done
kill -INT $pid
wait $pid
rc=$?
first=$(echo "$tmp"/first/*)
[ $rc = 130 ] && grep -qE "[01] of 2 rounds and [1-3] boots? more are kept: cloudbench run --resume $first" "$tmp/first.err"
check 'of their first rounds the boots that ended are kept' $? "exit code $rc, $(tail -2 "$tmp/first.err" | tr '\n' ' ')"
timeout 200 $cb run --resume "$first" >/dev/null 2>"$tmp/out"
check 'and it goes on, too' $? "$(tail -1 "$tmp/out")"
python3 - "$tmp"/solo/*/run.json "$first/run.json" <<'P' >"$tmp/out" 2>&1
import json, os, sys
one, two = (json.load(open(f)) for f in sys.argv[1:])
assert one['rows'] == two['rows'], 'the rows differ'
boots = [[(b['boot'], b['kernel'], b['console']) for b in r['boots']] for r in (one, two)]
assert boots[0] == boots[1], boots
files = [sorted(os.listdir(os.path.dirname(f))) for f in sys.argv[1:]]
assert files[0] == files[1], files
P
check 'to the same rows, boots and files' $? "$(tail -1 "$tmp/out")"

# A round that is whole is kept when the next one is interrupted.
"${asked[@]}" -b 3 -j 2 -o "$tmp/parts" >/dev/null 2>"$tmp/parts.err" </dev/null &
pid=$!
for _ in $(seq 600); do
    grep -qs '"rounds": [1-9]' "$tmp"/parts/*/partial.json && break
    sleep 0.05
done
kill -INT $pid
wait $pid
rc=$?
part=$(echo "$tmp"/parts/*)
[ $rc = 130 ] && grep -qE "[24] of 6 rounds( and [1-3] boots? more)? are kept: cloudbench run --resume $part" "$tmp/parts.err"
check 'an interrupted run keeps whole rounds' $? "exit code $rc, $(tail -2 "$tmp/parts.err" | tr '\n' ' ')"
timeout 200 $cb run --resume "$part" >/dev/null 2>"$tmp/out"
check 'and goes on' $? "$(tail -1 "$tmp/out")"
python3 - "$tmp"/one/*/run.json "$part/run.json" <<'P' >"$tmp/out" 2>&1
import json, sys
one, three = (json.load(open(f)) for f in sys.argv[1:])
values = [[(r['workload'], r['kernel'], r['value'], len(r['samples'])) for r in j['rows']] for j in (one, three)]
assert [(*v[:3], 3) for v in values[0]] == values[1], values
P
check 'to what nobody interrupted' $? "$(tail -1 "$tmp/out")"

# A kernel that is none beside one that is.
printf 'no kernel' >"$tmp/none"
timeout 200 $cb run syscall -k cloudos,none --set kernels.none.label=None --set kernels.none.family=cloudos --set "kernels.none.image=$tmp/none" --set kernels.none.cmdline=x \
    --tier det --scale 0.1 -j 2 -o "$tmp/none-runs" --format json >"$tmp/none.json" 2>"$tmp/out"
rc=$?
[ $rc = 5 ]
check 'an image that is no kernel is refused as it is alone' $? "exit code $rc, $(tail -2 "$tmp/out" | tr '\n' ' ')"
none=("$cb" run syscall pipe futex -k none --set kernels.none.label=None --set kernels.none.family=cloudos --set "kernels.none.image=$tmp/none" --set kernels.none.cmdline=x --tier det)
for _ in 1 2 3 4 5; do
    timeout 200 "${none[@]}" -j 3 -o "$tmp/none-runs" >/dev/null 2>"$tmp/out"
    rc=$?
    [ $rc = 5 ] && [ "$(grep -c 'QEMU: ' "$tmp/out")" = 1 ] || break
done
[ $rc = 5 ] && [ "$(grep -c 'QEMU: ' "$tmp/out")" = 1 ]
check 'and that is said once, however many boots found it' $? "exit code $rc, $(tail -3 "$tmp/out" | tr '\n' ' ')"
# Who does not come to the first row does not in the next boot either.
timeout 200 $cb run syscall pipe futex fork exec -k early --set kernels.early.label=Early --set kernels.early.family=cloudos --set kernels.early.image=build/cloudos.elf \
    --set "kernels.early.cmdline=console=ttyS0 quiet nokaslr panic=-1 rdinit=/nosuch" --tier det -j 2 -o "$tmp/early-runs" --format json >"$tmp/early.json" 2>"$tmp/out"
rc=$?
[ $rc = 6 ] && python3 - "$tmp/early.json" >>"$tmp/out" 2>&1 <<'P'
import json, sys
run = json.load(open(sys.argv[1]))
assert len(run['boots']) <= 2, len(run['boots'])
assert len(run['rows']) == 5 and all('cannot run /nosuch' in r['reason'] for r in run['rows']), run['rows']
P
check 'a kernel without an init is not booted for each row' $? "exit code $rc, $(tail -2 "$tmp/out" | tr '\n' ' ')"
# CloudOS dies in its first boot, beside a kernel that is through with one: its boots are numbered after that one's, and each keeps its own files.
timeout 280 $cb run pipe syscall -k cloudos,dies --set kernels.dies.label=Dies --set kernels.dies.family=cloudos --set kernels.dies.image=build/cloudos.elf \
    --set "kernels.dies.cmdline=console=ttyS0 quiet nokaslr panic=-1" --set "kernels.dies.set=[/proc/sys/kernel/nosuch=1]" --tier det --scale 0.1 -j 2 -o "$tmp/dies-runs" --format json >"$tmp/dies.json" 2>"$tmp/out"
rc=$?
python3 - "$tmp"/dies-runs/*/run.json >>"$tmp/out" 2>&1 <<'P'
import json, os, sys
run, folder = json.load(open(sys.argv[1])), os.path.dirname(sys.argv[1])
boots = run['boots']
assert [b['boot'] for b in boots] == list(range(len(boots))) and len(boots) > 2, boots
assert all((r['status'] == 'ok') == (r['kernel'] == 'cloudos') for r in run['rows']), run['rows']
for b in boots:
    assert os.path.exists(f"{folder}/{b['console']}"), b['console']
told = sorted(b['console'] for b in boots)
assert told == sorted(f for f in os.listdir(folder) if f.endswith('.console')), told
P
[ $? = 0 ] && [ $rc = 6 ]
check 'who fails beside another has boots and files of its own' $? "exit code $rc, $(tail -2 "$tmp/out" | tr '\n' ' ')"
expect 'times are not measured at once' 2 '^cloudbench: -j 2: boots at once would disturb' $cb run syscall -k cloudos --tier tcg -j 2 --dry-run
