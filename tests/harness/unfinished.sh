#!/usr/bin/env bash
# cloudbench run --dry-run, --resume and --workload: what is printed is what is booted; a run that was interrupted or killed goes on
# and is, in the det tier, the run that nobody interrupted; a program of one's own is measured as the same program of ours is.
. "$(dirname "$0")/steps.bash"

asked=("$cb" run pipe syscall -k cloudos --tier det -b 4 --scale 0.5 -j 1 --format json) # one boot after the other; side_by_side.sh has them at once
run() { "${asked[@]}" -o "$tmp/$1" "${@:2}" 2>"$tmp/$1.err" </dev/null; } # BASE OPTIONS...

# stopped BASE SIGNAL [PATTERN]: a run that gets the signal when its first round is kept, or what partial.json says is as PATTERN. Its folder on stdout.
stopped() {
    "${asked[@]}" -o "$tmp/$1" >/dev/null 2>"$tmp/$1.err" </dev/null &
    for _ in $(seq 2400); do
        grep -qsE "${3:-\"rounds\": [1-9]}" "$tmp/$1"/*/partial.json && break
        sleep 0.05
    done
    kill -"$2" $!
    wait $!
    echo "$?" >"$tmp/$1.code"
    echo "$tmp/$1"/*
}

run whole --dry-run >"$tmp/dry.json"
check 'a dry run' $?
[ ! -e "$tmp/whole" ]
check 'it leaves nothing' $?
run whole >"$tmp/whole.json"
check 'the run itself' $?
run whole --dry-run >"$tmp/dry2.json"
part=$(stopped parts INT)
[ "$(cat "$tmp/parts.code")" = 130 ] && grep -qE "[1-3] of 4 rounds( and 1 boot more)? are kept: cloudbench run --resume $part" "$tmp/parts.err"
check 'an interrupted run says how it goes on' $? "$(tail -2 "$tmp/parts.err" | tr '\n' ' ')"
expect 'the list of runs has it' 0 'tier|det .* unfinished \([1-3] of 4 rounds( and 1 boot more)?\)' $cb list runs --runs "$tmp/parts"
expect 'and says what goes on with it' 0 "run --resume $tmp/parts/RUN" $cb list runs --runs "$tmp/parts"
expect 'while it is measured into it is running' 0 ' running' flock "$part" $cb list runs --runs "$tmp/parts"
cp -r "$part" "$tmp/changed"
sed -i 's/"CloudOS": "[0-9a-f]/"CloudOS": "x/' "$tmp/changed/partial.json"
expect 'not with another kernel' 2 'CloudOS is not what this run began with' $cb run --resume "$tmp/changed"
[ -e "$tmp/changed/partial.json" ]
check 'which leaves it as it is' $?
# resume_of WHAT SED REGEX: what this run began with was another one.
resume_of() {
    rm -rf "$tmp/other"
    cp -r "$part" "$tmp/other"
    sed -i "$2" "$tmp/other/partial.json"
    expect "not with another $1" 2 "$3" $cb run --resume "$tmp/other"
}
resume_of machine 's/"memory_mb": [0-9]*/"memory_mb": 77/' 'the machine .topology. is not what this run began with'
resume_of plugin 's/"the counting plugin": "[0-9a-f]/"the counting plugin": "x/' 'the counting plugin is not what'
resume_of setting 's/"the settings of CloudOS": "/&set:/' 'the settings of CloudOS is not what'
resume_of kernel 's/"the seed": /"the other kernel": 1, &/' 'began with more than is asked for now'
# forged WHAT PYTHON REGEX: p, the document, is still JSON, but no longer what a run leaves.
forged() {
    rm -rf "$tmp/other"
    cp -r "$part" "$tmp/other"
    python3 -c "import json, sys; p = json.load(open(sys.argv[1])); s = p['samples'][0]; row = next(iter(s)); exec(sys.argv[2]); json.dump(p, open(sys.argv[1], 'w'))" \
        "$tmp/other/partial.json" "$2"
    cp "$tmp/other/partial.json" "$tmp/forged.json"
    expect "not with $1" 2 "other/partial.json: .*$3" $cb run --resume "$tmp/other"
    cmp -s "$tmp/forged.json" "$tmp/other/partial.json"
    check "and it stays as it was: $1" $?
}
forged 'arguments that are no words' 'p["arguments"] = [1]' 'must be arrays of texts'
forged 'more rounds than were asked for' 'p["rounds"] = 1e300' 'at most "rounds_asked"'
forged 'more samples than rounds' 's[row].append(s[row][0]); [l.append(l[0]) for k, l in s.items() if k != row]' 'as many samples as rounds'
forged 'a row that lacks one' 's[row].pop(); s["other"] = [{"status": "failed", "reason": "x"}] * 2' 'as many samples as'
forged 'a figure that is none' 's[row][0]["value"] = "fast"' 'a value must stand'
forged 'a figure below 0' 's[row][0]["p50_ns"] = -1' 'lies below 0'
forged 'a row of the plan missing' 'del s[row]' 'has 0 samples after'
forged 'rounds of another run' 'p["rounds_asked"] = 9' '9 rounds were asked for; the run is of 4'
forged 'samples of another number of kernels' 'p["samples"].append({}); p["argv"].append([]); p["begun"].append(None)' 'samples of 2 kernels; the run is of 1'
forged 'a round that was begun with a row twice' 'p["begun"] = [dict(boots=[], failed_boots=0, guest_failed=False, samples={row: [s[row][0]] * 2})]' 'a row more than once'
forged 'a round that was begun with a row of another run' 'p["begun"] = [dict(boots=[], failed_boots=0, guest_failed=False, samples={"fork": s[row][:1]})]' 'fork, which is no row of the run'
forged 'a round that was begun with a boot twice' 'p["begun"] = [dict(boots=[dict(kernel="cloudos", boot=1)] * 2, failed_boots=0, guest_failed=False, samples={})]' 'rising numbers'
forged 'a round that never began without a reason' 'p["begun"] = [dict(boots=[], failed_boots=0, guest_failed=False, never_began=1, samples={})]' 'never_began. of a round that was begun must be a text'
mkdir "$tmp/forged" && cp -r "$tmp/other" "$tmp/forged/run" && sed -i 's/"rounds": /"rounds": -/' "$tmp/forged/run/partial.json"
expect 'the list of runs calls it damaged' 0 'damaged' $cb list runs --runs "$tmp/forged"
expect 'nor while another goes on with it' 2 'measured into by another cloudbench' flock "$part" $cb run --resume "$part"
expect 'nor by damage' 2 'partial.json: line [12]' sh -c "echo '{' >'$tmp/changed/partial.json'; exec $cb run --resume '$tmp/changed'"
expect 'nor from a folder of something else' 2 'holds no unfinished run' $cb run --resume "$tmp"
timeout 300 $cb run --resume "$part" >"$tmp/parts.json" 2>"$tmp/out"
check 'it goes on' $?
expect 'the list of runs says so' 0 ' finished' $cb list runs --runs "$tmp/parts"
expect 'and is finished once' 2 'is finished: there is nothing to go on with' $cb run --resume "$part"
killed=$(asked+=(-j 2); stopped killed KILL) # the boots' processes hold the folder until their machines have ended
timeout 300 $cb run --resume "$killed" >"$tmp/killed.json" 2>"$tmp/out"
check 'one that was killed goes on too' $?

# Each row has a boot of its own here: what is lost is the boot that was running, in the first round too.
boot=$(stopped boots INT '"begun": \[\{"boots": \[\{')
[ "$(cat "$tmp/boots.code")" = 130 ] && grep -q "0 of 4 rounds and 1 boot more are kept: cloudbench run --resume $boot" "$tmp/boots.err"
check 'a boot of a round that is not whole is kept' $? "$(tail -2 "$tmp/boots.err" | tr '\n' ' ')"
expect 'and the list of runs says so' 0 'det .* unfinished \(0 of 4 rounds and 1 boot more\)' $cb list runs --runs "$tmp/boots"
first=$(md5sum <"$boot/round-000-cloudos.console")
timeout 300 $cb run --resume "$boot" >"$tmp/boots.json" 2>"$tmp/out"
check 'it goes on behind that boot' $?
[ "$(md5sum <"$boot/boot-000-cloudos.console")" = "$first" ]
check 'which is not measured again' $?

# Times are those of a host as it was: half a run of each is none.
# Two boots a round; each has the canary, in front and at the end.
times=$(asked=("$cb" run syscall pipe -k cloudos --tier tcg -b 2 --scale 0.05 --set policy.run.rows_per_boot.tcg=3 --format json); stopped times INT '"begun": \[\{"boots": \[\{')
(
    part=$times
    resume_of processor 's/"the host.s processor": "/&x/' "the host's processor is not what this run began with"
    resume_of 'number of CPUs' 's/\("the number of the host.s CPUs": \)[0-9]*/\17777/' "the number of the host's CPUs is not what"
    resume_of governor 's/\("the host.s governor": \)[^,]*/\1"other"/' "the host's governor is not what"
    resume_of SMT 's/\("the host.s SMT": \)[^,]*/\1"other"/' "the host's SMT is not what"
    resume_of placement 's/\("the placement": \)null/\1{"rule": "compact"}/' 'the placement is not what'
)
expect 'times go on where the host is what it was' 0 'results: ' $cb run --resume "$times"
python3 - "$times/run.json" >"$tmp/out" 2>&1 <<'P'
import json, sys
run = json.load(open(sys.argv[1]))
rows = {r['workload']: r['samples'] for r in run['rows'] if r['metric'] == 'mean_ns'}
n = {w: len(s) for w, s in rows.items()}
assert n == {'canary': 4, 'syscall': 2, 'pipe': 2, 'canary@end': 4} and len(run['boots']) == 4, (n, len(run['boots']))
assert all(x['status'] == 'ok' for s in rows.values() for x in s)
P
check 'each boot has the canary' $? "$(tail -1 "$tmp/out")"

# A folder with a name that is a pattern: each boot has files of its own there, and no others are left.
odd="$tmp/x[1]\\y"
expect 'a folder whose name is a pattern' 0 'results: ' "$cb" run syscall -k cloudos --tier tcg -b 2 --scale 0.05 -o "$odd"
! grep -q 'cannot write' "$tmp/out" && python3 - "$odd" >"$tmp/out" 2>&1 <<'P'
import os, sys
run, = os.scandir(sys.argv[1])
names = sorted(n for n in os.listdir(run) if not n.endswith('.json'))
assert names == [f'boot-00{i}-cloudos.{what}' for i in (0, 1) for what in ('console', 'laps')], names
assert all(os.stat(os.path.join(run, n)).st_nlink == 1 for n in names)
laps = [open(os.path.join(run, n)).read() for n in names if n.endswith('laps')]
assert laps[0] != laps[1], 'the second boot has the histograms of the first'
P
check 'its boots have files of their own' $?

# A file system without links, and a state that can be written so often only ($RENAMES): what is there keeps the names by which the last state knows it.
cat >"$tmp/poor.c" <<'C'
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int link(const char *from, const char *to) { (void)from, (void)to; errno = EPERM; return -1; }
int rename(const char *from, const char *to)
{
    static int states;
    errno = ENOSPC;
    return strstr(to, "/partial.json") && ++states > atoi(getenv("RENAMES")) ? -1 : renameat(AT_FDCWD, from, AT_FDCWD, to);
}
C
cc -D_GNU_SOURCE -shared -fPIC -o "$tmp/poor.so" "$tmp/poor.c" >"$tmp/out" 2>&1
check 'a library that is a poor file system is built' $?
poor() { expect "$1" "$2" "$3" env LD_PRELOAD="$tmp/poor.so" RENAMES="$4" "$cb" run pipe syscall -k cloudos --tier det -b 2 --scale 0.05 -o "$tmp/$5" "${@:6}"; }
names() { (cd "$tmp/$1"/*/ && echo *.console); }
poor 'without links' 0 'results: ' 99 linkless
[ "$(names linkless)" = "$(echo boot-00{0,1,2,3}-cloudos.console)" ]
check 'its files have their names' $? "$(names linkless)"
poor 'a state that cannot be written says what the last one holds' 5 '0 of 2 rounds and 1 boot more are kept' 1 poor -j 1
[ "$(names poor)" = 'round-000-cloudos.console round-006-cloudos.console' ] # one of each row (begun_round.h)
check 'and its files are there' $? "$(names poor)"
first=$(md5sum <"$(echo "$tmp"/poor/*)/round-000-cloudos.console")
touch "$(echo "$tmp"/poor/*)/partial.json.1.new"
expect 'which goes on' 0 'results: ' $cb run --resume "$tmp"/poor/*
[ "$(names poor)" = "$(names linkless)" ] && [ "$(md5sum <"$(echo "$tmp"/poor/*)/boot-000-cloudos.console")" = "$first" ] && ! compgen -G "$tmp/poor/*/partial*" >"$tmp/out"
check 'with them, and without half a state' $? "$(ls "$tmp"/poor/*)"

# Two at once into one folder of runs: each has its own.
small() { "$cb" run syscall -k cloudos --tier det --scale 0.02 -q -o "$tmp/shared" --format json >"$tmp/$1.json" 2>"$tmp/$1.err" </dev/null; }
small first &
small second
second=$?
wait $!
[ "$?$second" = 00 ] && [ "$(find "$tmp/shared" -name run.json | wc -l)" = 2 ] && python3 -c '
import json, sys
a, b = (json.load(open(f)) for f in sys.argv[1:])
sys.exit(a["id"] == b["id"] or a["rows"] != b["rows"])' "$tmp/first.json" "$tmp/second.json"
check 'two runs at once into one folder' $? "$(ls "$tmp/shared")"

# A kernel that is built anew while it is measured: half a run of each is no run.
mkdir -p "$tmp/root/build"
cp -r configs "$tmp/root"
ln -s "$PWD/.cache" "$tmp/root/.cache"
cp -r build/cloudos.elf build/initramfs.cpio build/lib "$tmp/root/build"
CLOUDBENCH_ROOT=$tmp/root timeout 200 "${asked[@]}" -o "$tmp/rebuilt" >/dev/null 2>"$tmp/out" &
for _ in $(seq 600); do
    grep -qs '"rounds": [1-9]' "$tmp"/rebuilt/*/partial.json && break
    sleep 0.05
done
echo >>"$tmp/root/build/cloudos.elf"
wait $!
rc=$?
[ $rc = 5 ] && grep -q 'CloudOS is not what this run began with' "$tmp/out" && ! compgen -G "$tmp/rebuilt/*/run.json" >/dev/null
check 'a run of two kernels by one name' $? "exit code $rc; $(tail -2 "$tmp/out" | tr '\n' ' ')"

# The pipe workload under another name, as somebody's own program.
cp build/guest/work_pipe "$tmp/my-pipe"
$cb run pipe --workload "$tmp/my-pipe" -k cloudos --tier det -o "$tmp/own" --set workloads.my-pipe.det=400 --format json >"$tmp/own.json" 2>"$tmp/out"
check 'a program of one'"'"'s own' $?
printf '#include "bench/guest/bench.h"\nvoid workload_run(struct bench *b) { bench_unsupported(b, "nosuch"); }\n' >"$tmp/lacks.c"
musl-gcc -static -std=gnu11 -D_GNU_SOURCE -I. -o "$tmp/lacks" "$tmp/lacks.c" bench/guest/{bench,laps,pad,record}.c >"$tmp/out" 2>&1
check 'a program that lacks a call is built' $?
expect 'where the kernel lacks what every row is about nothing was measured' 77 'unsupported' $cb run --workload "$tmp/lacks" lacks -k cloudos --tier det -o "$tmp/lacking"
expect 'a dynamic program' 2 'ls is dynamic: the guest has no libraries' $cb run --workload /bin/ls -k cloudos --tier det
expect 'a text' 2 'unfinished.sh is no ELF program' $cb run --workload tests/harness/unfinished.sh -k cloudos --tier det
expect 'a program that is not there' 2 'nosuch: No such file' $cb run --workload "$tmp/nosuch" -k cloudos --tier det
cp build/guest/work_pipe "$tmp/pipe"
expect 'a name that is taken' 2 'there is a workload of that name' $cb run --workload "$tmp/pipe" -k cloudos --tier det
cp build/guest/work_pipe "$tmp/a.b"
expect 'a name that is none' 2 'letters, digits' $cb run --workload "$tmp/a.b" -k cloudos --tier det
head -c 100 build/guest/work_pipe >"$tmp/short"
expect 'a program that is cut off' 2 'short is cut off' $cb run --workload "$tmp/short" -k cloudos --tier det
[ -z "$(ls -A "$TMPDIR")" ]
check 'no temporary files are left' $? "$(ls -A "$TMPDIR")"

python3 - "$tmp" "$part" <<'P'
import glob, json, os, sys
tmp, part = sys.argv[1:]
def check(name, ok, why=''):
    print(f'ok {name}' if ok else f'not ok {name}: {why}')
load = lambda name: json.load(open(f'{tmp}/{name}.json'))
dry, again, whole, parts, killed, boots = (load(n) for n in ('dry', 'dry2', 'whole', 'parts', 'killed', 'boots'))
argv = whole['identity']['argv']['cloudos']
check('a dry run prints the argument list', dry['kernels'][0]['argv'][:-1] == argv[:-1] and argv[-1].startswith(dry['kernels'][0]['argv'][-1]))
check('and the rows', [r['workload'] for r in dry['rows']] == ['pipe', 'syscall'] and dry['rows'][0]['iterations'] == [200] + 3 * [200, 400], dry['rows'])
check('without an earlier run it does not know how long', dry['estimate_seconds'] is None and dry['boots'] == 8)
took = sum(b['wall_seconds'] for b in whole['boots'])
check('with one it does', again['estimated_from'] == os.path.basename(glob.glob(tmp + '/whole/*')[0]) and
      abs(again['estimate_seconds'] / took - 1) < 0.5, (again['estimate_seconds'], took))
for name, run in (('interrupted', parts), ('killed', killed), ('early', boots)):
    check(f'the {name} run is the whole one', [(r['workload'], r['samples']) for r in run['rows']] == [(r['workload'], r['samples']) for r in whole['rows']])
    check(f'the {name} run has each boot once', [b['boot'] for b in run['boots']] == list(range(8)), [b['boot'] for b in run['boots']])
check('and keeps what it was asked', parts['suites'] == ['pipe', 'syscall'] and parts['identity']['argv'] == whole['identity']['argv'])
check('nothing of its parts is left', all(not os.path.exists(d + '/partial.json') and len(glob.glob(d + '/boot-*.console')) == len(glob.glob(d + '/*.console')) == 8
                                          for d in [part] + glob.glob(tmp + '/boots/*')))
own = {r['workload']: r for r in load('own')['rows']}
near = own['my-pipe']['value'] / own['pipe']['value']
check('a name costs nothing', abs(near - 1) < 0.02, near)
files = load('own')['identity']['initramfs']['files']
check('its hash is recorded', files['bench/my-pipe'] == files['bench/pipe'] if 'bench/pipe' in files else any(f.endswith('bench/my-pipe') for f in files), list(files)[:3])
P
