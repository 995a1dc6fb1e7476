#!/usr/bin/env bash
# The lines tier end to end on both kernels: workloads whose transfers are known to the last one, an independent simulation of
# logged accesses, repeatability, nodes, bad arguments. Without the newer QEMU (ci/qemu) there is nothing to test.
. "$(dirname "$0")/steps.bash"

if ! ci/qemu >/dev/null 2>"$tmp/err"; then
    echo "skip lines: $(tail -1 "$tmp/err")"
    exit 0
fi

# run NAME ARGS...: cloudbench lines as JSON.
run() {
    local name=$1
    shift
    timeout 280 $cb lines "$@" -o "$tmp/runs" --format json >"$tmp/$name.json" 2>"$tmp/$name.err"
    check "lines: $name runs" $? "$(tail -3 "$tmp/$name.err" | tr '\n' ' ')"
}

run controls nothing private pingpong false counter getppid getppid-counted fork -k linux -k cloudos --top 1000
run again nothing private pingpong false counter getppid getppid-counted fork -k linux -k cloudos
run four counter getppid getppid-counted fork futex@cross-cpu -k cloudos -t 4
run nodes counter -k cloudos -t 4x2
run unplaced futex@cross-node -k cloudos -t 2,2x2 --iters 40
run parties --two-party --iters 40 -k linux -k cloudos -t 2x2
run random random --iters 400 -k cloudos -t 4 --log "$tmp/random.log"
for cpus in 2 4 8; do
    run "random$cpus" random-7-1 random-11-64 random-13-512 --iters 100 -k cloudos -t $cpus --log "$tmp/random$cpus.log"
done
run known nothing known read-1k read-2k --iters 20 -k linux -k cloudos -t 4
run pairs --conflicts getppid fork -k cloudos --top 3

$cb lines fork -t 2,16 >/dev/null 2>"$tmp/err"
[ $? = 2 ] && grep -q '16: .*1 to 8 CPUs' "$tmp/err" && ! grep -q '2 CPUs:' "$tmp/err"
check 'lines: too many CPUs, said before anything is booted' $? "$(cat "$tmp/err")"
# IPIs by an x2APIC are seen by nobody: such a VM must not get as far as a figure.
printf '#!/bin/sh\nfor a; do shift; set -- "$@" "$(echo "$a" | sed s/,-x2apic//)"; done\nexec "%s" "$@"\n' "$(ci/qemu)" >"$tmp/x2apic"
chmod +x "$tmp/x2apic"
$cb lines counter -k cloudos --qemu "$tmp/x2apic" -o "$tmp/kept-x2apic" >"$tmp/out" 2>"$tmp/err"
[ $? != 0 ] && grep -q 'Bad icount read' "$tmp/err"
check 'lines: a VM with an x2APIC has no figures' $? "$(tail -3 "$tmp/err" | tr '\n' ' ')"
$cb lines random-1-513 >/dev/null 2>"$tmp/err"
[ $? = 2 ] && grep -q 'no operation is called "random-1-513"' "$tmp/err"
check 'lines: random on more lines than there are' $? "$(cat "$tmp/err")"
$cb lines nothing -k cloudos --log /dev/full -o "$tmp/kept-log" >"$tmp/full" 2>"$tmp/err"
[ $? = 5 ] && grep -q '/dev/full is not whole: No space left' "$tmp/err" && grep -q '^nothing ' "$tmp/full"
check 'lines: a log that is cut short fails the run' $? "$(tail -3 "$tmp/err" | tr '\n' ' ')"
# A kernel that cannot be booted: what was measured of the one before stays, and is kept.
$cb lines --conflicts getppid -k cloudos -k broken --set kernels.broken.label=B --set kernels.broken.family=cloudos \
    --set kernels.broken.image=configs/kernels.yaml --set kernels.broken.cmdline=x -o "$tmp/kept" --format json >"$tmp/half.json" 2>"$tmp/err"
[ $? = 5 ] && python3 -c '
import glob, json, sys
m = [json.load(open(f))["matrices"] for f in [sys.argv[1]] + glob.glob(sys.argv[2] + "/lines/*.json")]
sys.exit(len(m) != 2 or m[0] != m[1] or [x["kernel"] for x in m[0]] != ["CloudOS"] or "transfers" not in m[0][0]["cells"][0])' "$tmp/half.json" "$tmp/kept"
check 'lines: what was measured before a boot that failed is kept' $? "$(tail -3 "$tmp/err" | tr '\n' ' ')"
[ -z "$(ls -A "$TMPDIR")" ]
check 'lines: no temporary files are left' $? "$(ls -A "$TMPDIR")"

python3 - "$tmp" <<'P'
import glob, json, shutil, subprocess, sys
tmp = sys.argv[1]
load = lambda name: json.load(open(f'{tmp}/{name}.json'))
def check(name, ok, why=''):
    print(f'ok lines: {name}' if ok else f'not ok lines: {name}: {why}')
def rows(name):
    return {(r['workload'], r['kernel']): r for r in load(name)['rows']}

known = {'nothing': 0, 'private': 0, 'pingpong': 1, 'false': 1, 'counter': 1}  # an operation; a round has two
for (w, kernel), r in sorted(rows('controls').items()):
    if w in known:
        check(f'{w} on {kernel}', r['user_transfers'] == known[w] and r['ops'] == 200, r['user_transfers'])
    elif w == 'getppid-counted':
        check(f'with one shared counter it is seen, on {kernel}', r['user_transfers'] == 1 and r['transfers'] < 1.05, r)
    elif w == 'getppid':
        check(f'getppid on {kernel} shares nothing', r['transfers'] < 0.05, r['transfers'])
    else:
        check(f'fork on {kernel} is seen', r['transfers'] > 0 and r['locked'] > 0, r)
one, two = rows('controls'), rows('again')
different = [k for k in two if two[k] != one[k]]
check('two runs are the same, on both kernels', not different, different)
four = rows('four')
check('a counter of four workers', four['counter', 'CloudOS']['user_transfers'] == 1, four['counter', 'CloudOS'])
check('getppid of four workers, and with one shared counter', four['getppid', 'CloudOS']['transfers'] < 0.05 and
      four['getppid-counted', 'CloudOS']['user_transfers'] == 1, four)
check('a two-party workload', four['futex@cross-cpu', 'CloudOS']['user_transfers'] > 0.9)
parties = rows('parties')
check('IPIs between two parties are seen on both kernels', all(r['counts']['ipis'] > 0 and r['counts']['mmio_writes'] >= r['counts']['ipis']
      for r in parties.values()), {k: r['counts'] for k, r in parties.items()})
check('every two-party workload beside Linux', {k for k in parties} == {(f'{w}@{p}', k) for w in ('pipe', 'futex') for p in ('cross-node',)
      for k in ('CloudOS', 'Linux 6.1 lean')} and all(r['far'] > 10 for r in parties.values()), parties)
def same(a, b):
    if isinstance(a, (dict, list)):
        return type(a) == type(b) and len(a) == len(b) and all(same(a[k], b[k]) for k in (a if isinstance(a, dict) else range(len(a))))
    return a == b or isinstance(a, float) and abs(a - b) < 1e-9 * abs(a)
kept = [json.load(open(f)) for f in sorted(glob.glob(tmp + '/runs/lines/*.json'))]
named = {name: load(name) for name in ('controls', 'again', 'four', 'nodes', 'unplaced', 'random', 'random2', 'random4', 'random8', 'known', 'pairs', 'parties')}
check('all are kept', len(kept) == len(named) and all(d['schema'] == 'cloudbench-lines/1' and d['host'].startswith('QEMU ') for d in kept) and
      all(any(all(same(n[k], d[k]) for k in ('rows', 'matrices', 'top')) for d in kept) for n in named.values()), len(kept))
# The page's table, by ci/lines-table from what was kept.
shutil.copy('docs/lines.md', tmp + '/page.md')
document = next(f for f in glob.glob(tmp + '/runs/lines/*.json') if same(json.load(open(f))['rows'], load('parties')['rows']))
made = subprocess.run(['ci/lines-table', document, tmp + '/page.md'], capture_output=True, text=True)
page, real = open(tmp + '/page.md').read(), open('docs/lines.md').read()
wanted = [f"| {w} | 2x2 | " + ' | '.join(f'{n:.2f}' for n in [parties[w, k]['transfers'] - parties[w, k]['user_transfers'] for k in kernels] + [parties[w, k]['locked'] for k in kernels])
          for kernels in [json.load(open(document))['kernels']] for w in ('pipe@cross-node', 'futex@cross-node')]
check("the page's table is what was measured", made.returncode == 0 and all(line + ' |\n' in page for line in wanted) and
      page.split('<!--')[0] == real.split('<!--')[0] and page.split('<!-- /two')[1] == real.split('<!-- /two')[1], (made.stderr, wanted))
made = subprocess.run(['ci/lines-table', f'{tmp}/parties.json', tmp + '/page.md'], capture_output=True, text=True)
check('and nothing is written from another file', made.returncode == 1 and 'none that `cloudbench lines` kept' in made.stderr and open(tmp + '/page.md').read() == page, made)
made = subprocess.run(['bash', '-c', 'ulimit -f 1; exec "$@"', 'x', 'ci/lines-table', document, tmp + '/page.md'], capture_output=True, text=True)
check('nor half of it where there is no room', made.returncode == 1 and 'cannot write' in made.stderr and open(tmp + '/page.md').read() == page and
      not glob.glob(tmp + '/page.md.*'), made)
placed = {r['topology']: r for r in load('unplaced')['rows']}
check('a workload that a machine has no place for has its reason', len(placed) == 2 and 'no such placement' in placed['2'].get('reason', '') and
      placed['2x2'].get('far', 0) > 0, placed)
far = rows('nodes')['counter', 'CloudOS']
check('half of the transfers cross the nodes', far['far'] == 0.5 and far['transfers'] == 1, far)
cells = {(c['a'], c['b']): c['transfers'] for c in load('pairs')['matrices'][0]['cells']}
check('pairs name their machine', load('pairs')['matrices'][0]['topology'] == '2' and '2 CPUs' in load('pairs')['top'][0]['title'], load('pairs')['top'])
check('pairs', len(cells) == 3 and cells['fork', 'fork'] > 0.05 > cells['getppid', 'getppid'], cells)

# Two programs that differ by instructions, loads and stores that are known, in user code or in the kernel's copy (docs/lines.md): exactly, but for a
# CPU whose tick falls into one of the two short windows. That is seldom one of four, and what it adds is the kernel's, or another process's few;
# one instruction of a window's 20 rounds (Linux, 39.95 in place of 40 in two runs) is where a turn ends at the window's edge.
for kernel in ('CloudOS', 'Linux 6.1 lean'):
    by = {w: r for (w, k), r in rows('known').items() if k == kernel}
    def more(a, b):
        """For each CPU {name: what b has more than a, an operation}; the kernel's loads and stores are what is not user code's."""
        out = []
        for x, y in zip(by[a]['vcpus'], by[b]['vcpus']):
            d = {k: (y[k] - x[k]) / 20 for k in y if k != 'vcpu'}
            d |= {'kernel_loads': d['loads'] - d['user_loads'], 'kernel_stores': d['stores'] - d['user_stores']}
            out.append(tuple(d[k] for k in ('insns_user', 'user_loads', 'user_stores', 'insns_kernel', 'kernel_loads', 'kernel_stores')))
        return out
    def is_known(what, seen, user, kernels):
        ticked = [d for d in seen if d != user + kernels]
        check(f'{what} on each of 4 CPUs, {kernel}', len(seen) == 4 and len(ticked) <= 2 and
              all((d[3:] != kernels or max(abs(n - u) for n, u in zip(d, user)) <= 1 / 20 + 1e-9) and
                  max(abs(n - u) for n, u in zip(d, user)) < 5 for d in ticked), seen)
    is_known('40 instructions, 30 loads and 20 stores of user code', more('nothing', 'known'), (40, 30, 20), (0, 0, 0))
    words = 128 if kernel == 'CloudOS' else 16 * 20  # CloudOS copies by REP MOVSQ, Linux in steps of 64 bytes, 20 instructions each
    is_known(f'{words} instructions, 128 loads and stores of the kernel', more('read-1k', 'read-2k'), (0, 0, 0), (words, 128, 128))
    locked = by['known']['counts']['locked_user'] - by['nothing']['counts']['locked_user']
    check(f'10 locked operations of user code, {kernel}', locked == 10 * 4 * 20, locked)
    first, *others = [v['insns_user'] for v in by['nothing']['vcpus']]  # the first has the marker, too
    check(f'each CPU has as many instructions as the next, {kernel}', others == [first - 1] * 3, (first, others))

# Where a line is: a variable that fork writes on any CPU, by the kernel's own symbol table (Linux's as the guest prints it), and all others.
def symbols(text):
    return {(f[2], int(f[0], 16)) for f in (line.split() for line in text.splitlines()) if len(f) == 3}
tables = {'CloudOS': [symbols(subprocess.run(['nm', 'build/cloudos.elf'], capture_output=True, text=True).stdout)],
          'Linux 6.1 lean': [symbols(open(f).read()) for f in glob.glob('.cache/symbols/*.all')]}
for kernel, name in (('CloudOS', 'init_cred'), ('Linux 6.1 lean', 'tasklist_lock')):
    sites = next(t['sites'] for t in load('controls')['top'] if t['title'] == f'fork on {kernel}, 2 CPUs')
    def lies(s):
        name, _, offset = s['data'].partition('+')
        return int(s['address'], 16) % 64 == 0 and any((name, int(s['address'], 16) + s['bytes'][0] - int(offset or '0', 16)) in t for t in tables[kernel])
    named = [s for s in sites if s['data']]
    wrong = [(s['address'], s['bytes'], s['data']) for s in named if not lies(s)]
    check(f'{name} is where it is, and all other static data, {kernel}', not wrong and len(named) > 3 and any(s['data'] == name for s in named), wrong or named)
    check(f'every place has an address, {kernel}', all(int(s['address'], 16) for s in sites), sites)

# The reference: for each line who holds which version; a version is the number of the write that made it.
def simulate(path):
    """For each workload of the log, {CPU: its figures} of its last window."""
    version, copies, totals, counting, runs = {}, {}, {}, False, []
    for text in open(path):
        word = text.split()
        if word[0] in ('start', 'open', 'close'):
            if word[0] == 'start':
                version, copies, totals = {}, {}, {}
                runs.append(totals)
            if word[0] == 'open':
                totals.clear()
            counting = word[0] == 'open'
            continue
        kind, cpu, line = word[0], int(word[1]), word[2]
        have, now = copies.setdefault(line, {}), version.get(line, 0)
        moved = now > 0 and have.get(cpu) != now
        lost = kind == 'w' and any(v == now for c, v in have.items() if c != cpu)
        if kind == 'w':
            version[line] = now = now + 1
        have[cpu] = now
        if counting:
            t = totals.setdefault(cpu, {'read_transfers': 0, 'write_transfers': 0, 'invalidations': 0})
            t['read_transfers'] += moved and kind == 'r'
            t['write_transfers'] += moved and kind == 'w'
            t['invalidations'] += lost
    return runs
for name, asked in (('random', ('random',)), *((f'random{n}', ('random-7-1', 'random-11-64', 'random-13-512')) for n in (2, 4, 8))):
    runs = simulate(f'{tmp}/{name}.log')
    check(f'{name}: a log of each program', len(runs) == len(asked), len(runs))
    for w, totals in zip(asked, runs):
        vcpus = rows(name)[w, 'CloudOS']['vcpus']
        wrong = [(v['vcpu'], k, n, v[k]) for v in vcpus for k, n in totals[v['vcpu']].items() if n != v[k]]
        check(f'the simulation agrees on {w}, {len(vcpus)} CPUs', not wrong and sum(v['read_transfers'] + v['write_transfers'] for v in vcpus) > 50, wrong or vcpus)
    figures = {w: [v['read_transfers'] for v in rows(name)[w, 'CloudOS']['vcpus']] for w in asked}
    check(f'{name}: seeds make different programs', len({str(f) for f in figures.values()}) == len(asked), figures)
P
