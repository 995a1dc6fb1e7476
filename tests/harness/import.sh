#!/usr/bin/env bash
# import, export and gc: what other hosts and tools measured becomes runs, is compared only when asked for, leaves as CSV, OpenMetrics and
# Google Benchmark's JSON with the same numbers; what the policy does not keep goes. Boots nothing.
prefix='import: '
. "$(dirname "$0")/steps.bash"
runs=$tmp/runs
imp=("$cb" import --runs "$runs")

cat >"$tmp/hack.txt" <<'T'
Running in process mode with 10 groups using 40 file descriptors each (== 400 tasks)
Each sender will pass 100 messages of 100 bytes
Time: 0.084
T
sed 's/0.084/0.168/' "$tmp/hack.txt" >"$tmp/hack2.txt"
expect 'hackbench' 0 '^[0-9]{8}-[0-9]{6}-import' "${imp[@]}" "$tmp/hack.txt" --host 'box A' -k linux
id=$(tail -1 "$tmp/out")
cmp -s "$tmp/hack.txt" "$runs/$id/imported.txt"
check 'the text is kept' $?
python3 - "$runs/$id/run.json" <<'P'
import hashlib, json, sys
r = json.load(open(sys.argv[1]))
row, im = r['rows'][0], r['imported']
ok = (row['value'], row['workload'], row['samples'][0]['given']) == (84e6, 'hackbench/process/10x40', '0.084') and im['tool'] == 'hackbench' \
    and im['version'] is None and r['tier'] == 'import' and im['sha256'] == hashlib.sha256(open(sys.argv[1].replace('run.json', 'imported.txt'), 'rb').read()).hexdigest()
print('ok import: marked, with the tool, no invented version' if ok else f'not ok import: marked: {r}')
P
expect 'the same on another host' 0 'import' "${imp[@]}" "$tmp/hack2.txt" --host 'box B' -k linux
other=$(tail -1 "$tmp/out")
expect 'hosts are not compared unasked' 2 'different hosts.*box A.*box B' $cb compare --runs "$runs" "$id" "$other"
expect 'asked, the table says so' 0 '^different hosts: a on hackbench \(version not given\) on box A, b on .*box B' $cb compare --runs "$runs" "$id" "$other" --across
expect 'nor by the gate' 2 'different hosts' $cb gate --runs "$runs" "$other" --baseline "$id"
expect 'a version is what one says' 0 'import' "${imp[@]}" "$tmp/hack.txt" --tool-version 2.4
grep -q '"version": "2.4"' "$runs/$(tail -1 "$tmp/out")/run.json"
check 'and is kept' $?
expect 'an unknown tool' 2 'no tool is called "frob"' "${imp[@]}" --from frob "$tmp/hack.txt"
expect 'no file' 2 'which file' "${imp[@]}"
expect 'a file that is not there' 2 'cannot read .*/nosuch: No such file' "${imp[@]}" "$tmp/nosuch"
head -c 100000 /dev/urandom >"$tmp/garbage"
expect 'garbage' 2 "garbage:[0-9]+: " "${imp[@]}" "$tmp/garbage"
head -c 120 "$tmp/hack.txt" >"$tmp/cut.txt"
expect 'a cut text' 2 'cut.txt:2: the text ends in the middle of a line' "${imp[@]}" "$tmp/cut.txt"

printf 'Simple syscall: 0.0512 microseconds\377\n' >"$tmp/latin.txt"
expect 'a byte that is not UTF-8' 2 'latin.txt:1: a byte that is not UTF-8' "${imp[@]}" "$tmp/latin.txt"
expect 'nor in a name' 2 'kernel: not UTF-8' "${imp[@]}" "$tmp/hack.txt" -k "$(printf 'l\377')"
expect 'a host too long for a file name' 2 'host: 1 to 80 bytes, not 300' "${imp[@]}" "$tmp/hack.txt" --host "$(printf '%300s' x)"
cp "$tmp/hack.txt" "$tmp/$(printf 'h\377.txt')"
expect 'a file whose name is not' 0 'import' "${imp[@]}" "$tmp/$(printf 'h\377.txt')"
grep -q '"file": "h?.txt"' "$runs/$(tail -1 "$tmp/out")/run.json"
check 'is shown without it' $?

# A run of another host: by file, by folder, twice, damaged.
make_run() { # FOLDER ID CPU CREATED
    mkdir -p "$1/$2"
    python3 - "$@" <<'P'
import json, sys
folder, id, cpu, created = sys.argv[1:5]
row = lambda k, v: {'workload': 'pipe', 'kernel': k, 'metric': 'mean_ns', 'unit': 'ns', 'status': 'ok', 'value': v, 'samples': [{'status': 'ok', 'value': v}]}
json.dump({'schema': 'cloudbench-run/1', 'id': id, 'created': created, 'tier': 'kvm', 'tier_why': 'x',
           'topology': {'name': '1', 'cpus': 1, 'memory_mb': 512, 'nodes': []},
           'identity': {'host': {'cpu': cpu, 'cpus': 4}, 'kernels': {'linux': {'family': 'linux', 'label': 'L "1"'}, 'cloudos': {'family': 'cloudos', 'label': 'C'}}},
           'boots': [], 'rows': [row('linux', 1000.5), row('cloudos', 500.25),
           {'workload': 'a,"b"', 'kernel': 'linux', 'metric': 'mean_ns', 'unit': 'ns', 'status': 'failed', 'reason': 'no,\nsuch', 'samples': []}]},
          open(f'{folder}/{id}/run.json', 'w'), indent=1)
open(f'{folder}/{id}/boot-000-linux.console', 'w').write('hello')
P
}
make_run "$tmp/far" 20260101-000000-kvm 'CPU far' 2026-01-01T00:00:00Z
expect 'a run of another host' 0 '^20260101-000000-kvm$' "${imp[@]}" "$tmp/far/20260101-000000-kvm"
diff -r "$tmp/far/20260101-000000-kvm" "$runs/20260101-000000-kvm" >/dev/null
check 'is copied whole' $?
expect 'twice is said' 0 'run 20260101-000000-kvm is there already' "${imp[@]}" "$tmp/far/20260101-000000-kvm/run.json"
make_run "$tmp/third" 20260101-000000-kvm 'CPU third' 2026-01-01T00:00:00Z
expect 'another run of the same name is kept beside it' 0 '^20260101-000000-kvm-[0-9a-f]{8}$' "${imp[@]}" "$tmp/third"
third=$(tail -1 "$tmp/out")
expect 'and goes by its own name: in an export' 0 "^$third,2026-01-01T00:00:00Z,kvm,pipe,linux,.*CPU third" $cb export --runs "$runs" "$third"
$cb publish --runs "$runs" -o "$tmp/site" >"$tmp/out" 2>&1
[ "$(grep -oE "<h2>tier kvm[^<]*CPU (far|third)|Newest run: <a href='run/[^']*" "$tmp/site/index.html" | grep -A1 third | tail -1)" = "Newest run: <a href='run/$third.html" ] &&
    grep -q "run $third," "$tmp/site/run/$third.html"
check 'and on the site' $? "$(grep -o "Newest run: <a href='[^']*" "$tmp/site/index.html" | tr '\n' ' ')"
for bad in '"value": 1000.5/"value": NaN' 'cloudbench-run.1/cloudbench-run\/9' '"id": "2/"id": "..\/..\/2' '"ok"/"OK"'; do
    rm -rf "$tmp/bad" && cp -r "$tmp/third" "$tmp/bad"
    sed -i "0,/${bad%%/*}/s/$bad/" "$tmp/bad"/*/run.json
    expect "a damaged run ($bad)" 2 'run.json:[0-9]+: ' "${imp[@]}" "$tmp/bad"
done
head -c 500 "$tmp/third/20260101-000000-kvm/run.json" >"$tmp/bad/20260101-000000-kvm/run.json"
expect 'a cut run' 2 'run.json:[0-9]+: ' "${imp[@]}" "$tmp/bad"
[ "$(find "$runs" -name '.import*' | wc -l)" = 0 ]
check 'nothing half-made is left' $?
expect 'a place that cannot be written' 5 'cannot make' $cb import --runs "$tmp/hack.txt/x" "$tmp/hack.txt"

expect 'csv' 0 '^run,created,tier,workload,' $cb export --runs "$runs" --all
cp "$tmp/out" "$tmp/all.csv"
expect 'openmetrics' 0 '^# EOF$' $cb export --runs "$runs" --all --format openmetrics
cp "$tmp/out" "$tmp/all.prom"
$cb export --runs "$runs" --format google-benchmark 20260101-000000-kvm -o "$tmp/g.json" && grep -q '"name": "linux/pipe"' "$tmp/g.json"
check 'google benchmark' $?
expect 'an unknown format' 2 'no format is called "xml"' $cb export --runs "$runs" --format xml
expect 'google benchmark of two' 2 'holds one run' $cb export --runs "$runs" --format google-benchmark 20260101-000000-kvm "$id"
expect 'its own export comes back' 0 'import' "${imp[@]}" "$tmp/g.json"
python3 - "$tmp" "$runs" "$(tail -1 "$tmp/out")" <<'P'
import csv, glob, json, re, sys
tmp, runs, back = sys.argv[1:4]
def check(name, ok, why=''):
    print(f'ok import: {name}' if ok else f'not ok import: {name}: {why}')
want = sorted((f.split('/')[-2], r['workload'], r['kernel'], r.get('value')) for f in glob.glob(runs + '/*/run.json') if back not in f
              for r in json.load(open(f))['rows'])
for rows in [list(csv.DictReader(open(tmp + '/all.csv', newline='')))]:
    got = sorted((r['workload'], r['kernel'], float(r['value']) if r['value'] else None) for r in rows)
    check('csv holds every row, quoted', sorted(w[1:] for w in want) == got and any(r['reason'] == 'no,\nsuch' for r in rows), got)
values = sorted(float(v) for v in re.findall(r'^cloudbench_result\{.*\} (\S+) \d+$', open(tmp + '/all.prom').read(), re.M))
check('openmetrics holds every number', values == sorted(w[3] for w in want if w[3] is not None), values)
check('its labels are escaped', 'workload="a,\\"b\\""' in open(tmp + '/all.prom').read())
g = json.load(open(runs + '/' + back + '/run.json'))
got = {r['workload']: (r['status'], r.get('value')) for r in g['rows']}
check('a round trip keeps numbers and failures', got['benchmark/linux/pipe'] == ('ok', 1000.5) and any(s == 'failed' for s, _ in got.values()), got)
P

# Retention: three old runs of one board, one of another, a marked one and a new one.
old=$tmp/old
for i in 1 2 3; do make_run "$old" "r$i" 'CPU x' "2020-01-0${i}T00:00:00Z"; done
make_run "$old" other 'CPU y' 2020-01-01T00:00:00Z
make_run "$old" odd 'CPU z' 'some day'
make_run "$old" new 'CPU x' "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
touch "$old/r1/keep"
expect 'a dry run only says' 0 '1 run would go' $cb gc --runs "$old" --keep-last 2 --keep-days 30 --dry-run
[ "$(find "$old" -name run.json | wc -l)" = 6 ]
check 'and removes nothing' $?
expect 'what no rule keeps goes' 0 '^r2$' $cb gc --runs "$old" --keep-last 2 --keep-days 30
[ "$(cd "$old" && echo */run.json)" = 'new/run.json odd/run.json other/run.json r1/run.json r3/run.json' ]
check 'newest, young, marked and undated runs stay' $? "$(cd "$old" && echo *)"
expect 'the policy keeps 90 days and 50 runs' 0 '0 runs removed' $cb gc --runs "$old"
expect 'a policy by --set' 0 '^r3$' $cb gc --runs "$old" --set policy.keep.last=1 --set policy.keep.days=1
mkdir "$old/old-part" "$old/young-part" "$old/kept-part" "$old/busy-part" "$old/whole-part"
for part in "$old"/*-part; do echo '{}' >"$part/partial.json"; done
touch "$old/kept-part/keep"
touch -d '40 days ago' "$old"/{old,kept,busy,whole}-part/partial.json
cp "$old/r3/run.json" "$old/whole-part/" 2>/dev/null || cp "$(ls -d "$old"/*/run.json | tail -1)" "$old/whole-part/run.json" # finished, and killed before its part went
sed -i "s/\"created\": \"[^\"]*/\"created\": \"$(date -u +%Y-%m-%dT%H:%M:%SZ)/" "$old/whole-part/run.json"
expect 'an unfinished run that is old goes, but not one that goes on' 0 '^old-part$' flock "$old/busy-part" $cb gc --runs "$old" --keep-days 30
[ "$(grep -c part "$tmp/out")" = 1 ] && [ ! -e "$old/old-part" ] && [ -e "$old/young-part" ] && [ -e "$old/kept-part" ] && [ -e "$old/busy-part" ] && [ -e "$old/whole-part" ]
check 'and no other' $?
rm -r "$old/whole-part"
# Killed in its first boot: only that boot's files; with anything else there it is somebody's.
begun="$tmp/begun[1]"
mkdir -p "$begun"/{old,young,busy,kept,other}-begun "$begun/old-empty" "$begun/old-part"
for run in "$begun"/*-begun; do touch "$run/round-000-linux.console"; done
touch "$begun/old-begun/partial.json.7.new" "$begun/kept-begun/keep" "$begun/other-begun/notes"
echo '{}' >"$begun/old-part/partial.json"
touch -d '40 days ago' "$begun/old-part/partial.json" "$begun"/{old,busy,kept,other}-begun "$begun/old-empty"
expect 'nor does what was killed in its first boot stay' 0 '^2 runs removed' flock "$begun/busy-begun" $cb gc --runs "$begun" --keep-days 30
[ "$(cd "$begun" && echo *-*)" = 'busy-begun kept-begun old-empty other-begun young-begun' ]
check 'where nothing else is' $? "$(cd "$begun" && echo *-*)"
expect 'keep nothing is no policy' 2 'keep-last must be a whole number from 1' $cb gc --runs "$old" --keep-last 0
