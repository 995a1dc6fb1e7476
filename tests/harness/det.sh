#!/usr/bin/env bash
# The det tier end to end on both kernels: two runs are the same to the last digit, documents and views agree, nothing is
# overwritten, nothing is left.
. "$(dirname "$0")/steps.bash"

for i in 1 2; do
    timeout 280 $cb run syscall pipe fork -k linux -k cloudos --tier det --scale 0.25 -o "$tmp/runs" --format json \
        >"$tmp/run$i.json" 2>"$tmp/err$i"
    check "det run $i" $? "$(tail -3 "$tmp/err$i" | tr '\n' ' ')"
done
grep -q '^tier det: ' "$tmp/err1"
check 'the tier is named first' $?
[ "$(ls "$tmp/runs" | wc -l)" = 2 ]
check 'each run has its own folder' $?
[ -z "$(ls -A "$TMPDIR")" ]
check 'no temporary files are left' $? "$(ls -A "$TMPDIR")"
# In a root of its own: each run of the scripts beside this one writes the project's report anew.
mkdir "$tmp/root"
ln -s "$PWD"/configs "$tmp/root/"
CLOUDBENCH_ROOT=$tmp/root $cb compare "$tmp/run1.json" --format json >"$tmp/compare.json" 2>/dev/null
check 'compare as JSON' $?
$cb compare "$tmp/run1.json" "$tmp/run2.json" --format json >"$tmp/two.json" 2>/dev/null
check 'compare two runs' $?
$cb compare --runs "$tmp/runs" latest >"$tmp/latest" 2>&1 && grep -q 'below 1 b is ahead' "$tmp/latest"
check 'compare the latest' $? "$(head -2 "$tmp/latest")"
$cb compare "$tmp/runs" --format csv 2>/dev/null | head -1 | grep -q '^workload,unit,a,b,b/a'
check 'a folder of runs and CSV' $?
$cb compare "$tmp/run1.json" --format md 2>/dev/null | grep -q '^|---'
check 'compare as Markdown' $?

# A change of one per mille in one workload's path, seen as such with four (pipe: 16) times its iterations, one of 3 with the usual ones, and
# every other row is the same to the last digit; with a floor above it nothing is. All rows that can: ci/permille.
small() { # FILE OPTIONS...
    timeout 280 $cb run ctx/8x0 fault/touch fork hackbench -k cloudos --tier det --aa -o "$tmp/small" --format json "${@:2}" \
        >"$tmp/$1-run.json" 2>"$tmp/out"
    check "a run $1" $? "$(tail -2 "$tmp/out" | tr '\n' ' ')"
    $cb compare "$tmp/$1-run.json" --format json >"$tmp/$1.json" 2>/dev/null
}
small small-1 --control ctx/8x0:9 --set workloads.ctx/8x0.det=6400
small small-2 --control fault/touch:3
small small-3 --control pipe:3 pipe --set workloads.pipe.det=6400
small small-5 --control fault/cow:201/64 fault/cow # the loop around the loop: 8 instructions more
$cb compare "$tmp/small-1-run.json" --format json --set policy.verdict.floors.instructions=0.002 >"$tmp/small-4.json" 2>/dev/null

python3 - "$tmp" <<'P'
import glob, json, sys
tmp = sys.argv[1]
load = lambda name: json.load(open(f'{tmp}/{name}'))
def check(name, ok, why=''):
    print(f'ok {name}' if ok else f'not ok {name}: {why}')
one, two = load('run1.json'), load('run2.json')
rows = {(r['workload'], r['kernel']): r for r in one['rows']}
check('every workload on both kernels', len(rows) == 6 and all(r['status'] == 'ok' for r in rows.values()))
again = {(r['workload'], r['kernel']): r for r in two['rows']}
for k in ('linux', 'cloudos'):
    different = [w for (w, kernel), r in rows.items() if kernel == k and r['samples'] != again[w, k]['samples']]
    check(f'two det runs of {k} are identical to the last digit', not different, different)
s = rows['pipe', 'linux']['samples'][0]
i, ops = s['vm_instructions'], s['ops']
check('the figure is the slope', abs((i[1] - i[0]) / (ops[1] - ops[0]) - s['vm_slope']) < 1e-6)
check('between the medians of three', [sorted(w)[1] for w in s['windows']] == i and all(len(w) == 3 for w in s['windows']), s)
check('the larger slope is the row', all(r['value'] == max(r['samples'][0]['vm_slope'], r['samples'][0]['tsc_slope'])
                                         for r in rows.values()))
diff = [d['option'] for d in one['identity']['argv_diff']['cloudos']]
check('only -kernel and -append differ', diff == ['-kernel', '-append'], diff)
ident = one['identity']
hashes = [ident['qemu'], ident['initramfs'], ident['plugin']] + list(ident['kernels'].values())
check('everything has a SHA-256', all(len(h['sha256']) == 64 for h in hashes))
check('every workload has one', any(f.endswith('bench/pipe') for f in ident['initramfs']['files']))
c = {r['workload']: r for r in load('compare.json')}
check('ratio is b over a', all(abs(r['ratio'] - r['b'] / r['a']) < 1e-9 for r in c.values()) and len(c) == 3)
check('a is Linux, b CloudOS', all(r['kernel_a'] == 'linux' and r['kernel_b'] == 'cloudos' for r in c.values()))
check('unit and metric', all(r['metric'] == 'instructions' and r['unit'] == 'instructions/op' for r in c.values()))
check('two equal runs are the same', all(r['verdict'] == 'same' and r['ratio'] == 1 for r in load('two.json')))
for name, padded, more, verdict in (('small-1', 'ctx/8x0', 9 / 8, 'regressed'), ('small-2', 'fault/touch', 3, 'regressed'),
                                    ('small-3', 'pipe', 1.5, 'regressed'), ('small-4', 'ctx/8x0', 9 / 8, 'same'),
                                    ('small-5', 'fault/cow', 209 / 64, 'regressed')):
    w = {r['workload']: r for r in load(name + '.json')}
    row = w.pop(padded)
    check(f'{name}: {more} instructions more', abs(row['b'] - row['a'] - more) < 0.3 * more, row)
    check(f'{name}: {padded} is {verdict} by {row["ratio"]:.4f}', row['verdict'] == verdict, row)
    check(f'{name}: nothing else is', len(w) > 2 and all(r['verdict'] == 'same' and r['a'] == r['b'] for r in w.values()),
          [(k, r['ratio'], r['verdict'], r.get('noise')) for k, r in w.items()])
run = sorted(glob.glob(tmp + '/runs/*/'))[0]
g = json.load(open(run + 'google-benchmark.json'))
check("Google Benchmark's JSON", len(g['benchmarks']) == 6 and all('real_time' in b and b['name'] for b in g['benchmarks']))
check('consoles are kept', len(glob.glob(run + '*.console')) == 2)
html = open(tmp + '/root/out/report/index.html').read()
check('the report is self-contained', '<svg' in html and 'http' not in html and '<script' not in html)
P

# The profile names the system call's entry and adds up; by call stack it is the same instructions, and the graph shows them.
timeout 250 $cb profile pipe -k cloudos --scale 0.2 --format json --folded "$tmp/folded" --svg "$tmp/flame.svg" >"$tmp/profile.json" 2>"$tmp/err"
python3 - "$tmp/profile.json" "$tmp/folded" "$tmp/flame.svg" <<'P'
import json, re, sys, xml.etree.ElementTree
try:
    j = json.load(open(sys.argv[1]))
except ValueError as e:
    j = []
ok = j and abs(sum(s['share'] for s in j) - 1) < 0.02 and any('syscall' in s['symbol'] for s in j[:5])
print('ok profile by symbol' if ok else 'not ok profile by symbol')
def check(name, ok, why=''):
    print(f'ok {name}' if ok else f'not ok {name}: {why}')
stacks = dict((l.rsplit(' ', 1)[0], int(l.rsplit(' ', 1)[1])) for l in open(sys.argv[2]))
svg = open(sys.argv[3]).read()
leaf = {}
for path, n in stacks.items():
    leaf[path.split(';')[-1]] = leaf.get(path.split(';')[-1], 0) + n
total, ops = sum(s['instructions'] for s in j), sum(leaf.values()) / sum(s['instructions'] for s in j)
far = [(s['symbol'], s['instructions'], leaf.get(s['symbol'], 0) / ops) for s in j
       if abs(s['instructions'] - leaf.get(s['symbol'], 0) / ops) > 0.01 * total]
check('the stacks are the same instructions', not far and abs(ops - round(ops)) < 0.01 * ops, (far, ops))
check('frames are the calls of the source', any('sys_read;pipe_read;' in p and ';schedule;' in p for p in stacks), list(stacks)[:9])
check('no stack grows without bound', max(p.count(';') for p in stacks) < 30)
xml.etree.ElementTree.fromstring(svg)
check('the flame graph is whole and stands alone', '<script' not in svg and 'href' not in svg and 'url(' not in svg and 'prefers-color-scheme:dark' in svg)
drawn = re.findall(r"<title>([^<:]*): ([0-9.]+) instructions", svg)
whole = sum(stacks.values())
wide = {f for p, n in stacks.items() for f in p.split(';') if n > 0.01 * whole}
check('it shows every large frame', wide <= {n for n, _ in drawn} and abs(float(dict(drawn)['all']) - total) < 0.01 * total, wide - {n for n, _ in drawn})
P

# Linux has no symbols in its image: it is asked for them, and its profile is as whole; a folded stack begins at its entry.
timeout 290 $cb profile syscall -k linux --scale 0.02 --format json --folded "$tmp/linux-folded" >"$tmp/linux-profile.json" 2>"$tmp/err"
check 'a profile of Linux' $? "$(tail -2 "$tmp/err" | tr '\n' ' ')"
python3 - "$tmp/linux-profile.json" "$tmp/linux-folded" <<'P'
import json, sys
def check(name, ok, why=''):
    print(f'ok {name}' if ok else f'not ok {name}: {why}')
try:
    j, stacks = json.load(open(sys.argv[1])), [l.rsplit(' ', 1) for l in open(sys.argv[2])]
except (ValueError, OSError) as e:
    j, stacks = [], []
names = {s['symbol'] for s in j}
check('a profile of Linux by symbol', j and abs(sum(s['share'] for s in j) - 1) < 0.02 and 'do_syscall_64' in names and any('getppid' in n for n in names), j[:9])
check('and by stack', any(p.startswith('entry_SYSCALL_64') and 'do_syscall_64' in p and 'getppid' in p for p, _ in stacks), stacks[:9])
P
