#!/usr/bin/env bash
# The history index and the static site, on made-up runs in a temporary folder: every number of every page is one of the
# results', the site needs no network, a changed level is marked, damage and bad places are survived. Boots nothing.
. "$(dirname "$0")/steps.bash"

publish() { timeout 100 $cb publish --runs "$tmp/runs" -o "$tmp/site" >"$tmp/out" 2>&1; }

# make FIRST LAST WORKLOADS: runs of both kernels; from run 20 on CloudOS needs 10 % more for w1.
make() {
    python3 - "$tmp/runs" "$@" <<'P'
import json, os, sys
base, first, last, workloads = sys.argv[1], *map(int, sys.argv[2:5])
for i in range(first, last):
    rows = []
    for w in range(workloads):
        for kernel, value in (('linux', 1000 + w), ('cloudos', (300 + w + i % 3) * (1.1 if i >= 20 and w == 1 else 1))):
            rows.append({'workload': f'w{w}', 'kernel': kernel, 'metric': 'instructions', 'unit': 'instructions/op',
                         'status': 'ok', 'value': value, 'samples': [{'status': 'ok', 'value': value}]})
    run = {'schema': 'cloudbench-run/1', 'id': f'run-{i:05}', 'created': f'2026-01-01T{i // 3600:02}:{i // 60 % 60:02}:{i % 60:02}Z',
           'tier': 'det', 'tier_why': '<asked> & for', 'topology': {'name': '1', 'cpus': 1, 'memory_mb': 512, 'nodes': []},
           'identity': {'qemu': {'version': '7.2'}, 'kernels': {'linux': {'family': 'linux', 'label': 'Linux <b>'},
                        'cloudos': {'family': 'cloudos', 'label': 'CloudOS'}}}, 'boots': [], 'rows': rows}
    os.makedirs(f'{base}/run-{i:05}')
    json.dump(run, open(f'{base}/run-{i:05}/run.json', 'w'))
P
}

mkdir -p "$tmp/runs"
publish
check 'a site of no runs' $?
make 0 50 40
start=$(date +%s)
publish
rc=$?
took=$(($(date +%s) - start))
[ $rc = 0 ] && [ $took -lt 10 ]
check '50 runs of 40 workloads in less than 10 s' $? "exit code $rc, $took s"
python3 - "$tmp" <<'P'
import glob, json, os, re, sys
tmp = sys.argv[1]
values, ratios = set(), set()
for f in glob.glob(tmp + '/runs/*/run.json'):
    rows = {(r['workload'], r['kernel']): r['value'] for r in json.load(open(f))['rows']}
    values |= {'%.12g' % v for v in rows.values()}
    ratios |= {'%.12g' % (v / rows[w, 'linux']) for (w, k), v in rows.items() if k == 'cloudos'}
pages = glob.glob(tmp + '/site/**/*.html', recursive=True)
shown = [(f, v, s) for f in pages for v, s in re.findall(r"<data value='([^']*)'>([^<]*)</data>", open(f).read())]
alien = [x for x in shown if x[1] not in values and x[1] not in ratios]
rounded = [x for x in shown if abs(float(x[2].replace(',', '')) - float(x[1])) > max(0.5, 0.005)]
def check(name, ok, why=''):
    print(f'ok {name}' if ok else f'not ok {name}: {why}')
check('every number on the pages is in a result', len(shown) > 4000 and not alien, (len(shown), alien[:3]))
check('and is rounded from it', not rounded, rounded[:3])
check('a page for each run and workload', len(pages) == 2 + 50 + 40, len(pages))
text = {f: open(f).read() for f in pages}
check('no network, no script', not any('http' in t or '<script' in t or '@import' in t for t in text.values()))
check('labels are escaped', not any('Linux <b>' in t or '<asked>' in t for t in text.values()))
check('no page is heavy', max(map(len, text.values())) < 2 << 20)
links = [(f, l) for f, t in text.items() for l in re.findall(r"href='([^']*)'", t)]
dead = [x for x in links if not os.path.exists(os.path.join(os.path.dirname(x[0]), x[1]))]
check('links lead somewhere', len(links) > 500 and not dead, dead[:3])
w1 = [t for f, t in text.items() if '/history/w1-' in f][0]
w2 = [t for f, t in text.items() if '/history/w2-' in f][0]
check('a changed level is marked', w1.count("class=change") == 1 and 'level changed at run-00020' in w1, w1.count("class=change"))
check('a level that did not change is not', "class=change" not in w2)
P
before=$(stat -c %Y "$tmp/site/run/run-00001.html")
make 50 52 40
sleep 1
publish
check 'new runs are added' $?
[ -e "$tmp/site/run/run-00051.html" ] && [ "$(stat -c %Y "$tmp/site/run/run-00001.html")" = "$before" ]
check 'pages of runs that are there stay' $?
head -c 5000 /dev/urandom >"$tmp/runs/history.db"
publish && grep -q 'made anew' "$tmp/out"
check 'a damaged index is made anew' $?
printf 'x' | dd of="$tmp/runs/history.db" bs=1 seek=5000 conv=notrunc 2>/dev/null
dd if=/dev/urandom of="$tmp/runs/history.db" bs=4096 seek=2 count=3 conv=notrunc 2>/dev/null
publish && [ "$(grep -c '<li>' "$tmp/site/index.html")" = 1 ]
check 'an index damaged inside too' $?
rm -r "$tmp/runs/run-00051"
publish && ! grep -q 'run-00051' "$tmp/site/index.html"
check 'a run that is gone leaves the histories' $?
mkdir "$tmp/runs/broken" && echo '{"schema"' >"$tmp/runs/broken/run.json"
publish && grep -q 'broken/run.json: line' "$tmp/out"
check 'a broken result is named and left out' $?
echo x >"$tmp/file"
$cb publish --runs "$tmp/runs" -o "$tmp/file/site" >"$tmp/out" 2>&1
[ $? = 5 ] && grep -q 'cannot make' "$tmp/out"
check 'a place that is no folder' $?
