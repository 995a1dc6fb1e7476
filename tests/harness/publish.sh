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
            rows.append({'workload': f'w{w}' if w != 3 else 'w3/with-quite-a-long-name', 'kernel': kernel, 'metric': 'instructions', 'unit': 'instructions/op',
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
# A run with histograms of single iterations, a scale document and a finished search.
python3 - "$tmp" <<'P'
import json, os, sys
tmp = sys.argv[1]
def sample(i):
    return {'status': 'ok', 'value': 1234.5 + i, 'p50_ns': 200.25 + i, 'p99_ns': 3000.125 + i, 'max_ns': 70000.0 + i, 'laps': 1000, 'steady': i != 1}
rows = [{'workload': 'pipe', 'kernel': k, 'metric': 'mean_ns', 'unit': 'ns (emulated)', 'status': 'ok', 'value': 1235.5 + 7 * n,
         'samples': [sample(i + 7 * n) for i in range(3)]} for n, k in enumerate(('linux', 'cloudos'))]
os.makedirs(tmp + '/runs/times')
json.dump({'schema': 'cloudbench-run/1', 'id': 'times', 'created': '2026-01-02T00:00:00Z', 'tier': 'tcg', 'tier_why': 'x',
           'topology': {'name': '1', 'cpus': 1, 'memory_mb': 512, 'nodes': []},
           'identity': {'host': {'cpu': 'CPU', 'cpus': 2}, 'kernels': {'linux': {'family': 'linux', 'label': 'Linux <b>'}, 'cloudos': {'family': 'cloudos', 'label': 'CloudOS'}}},
           'boots': [{'boot': b, 'kernel': ('linux', 'cloudos')[b % 2], 'status': 'ok'} for b in range(6)], 'rows': rows}, open(tmp + '/runs/times/run.json', 'w'))
for b in range(6):
    text = 'garbage\npipe 1 1 not a histogram\npipe 2.5 1 100 400 0 100:600 100:300 200:100\n'
    open(f"{tmp}/runs/times/boot-{b:03}-{('linux', 'cloudos')[b % 2]}.laps", 'w').write(text)
os.makedirs(tmp + '/runs/scale')
point = lambda k, n, x: {'workload': 'fork<', 'kernel': k, 'cpus': n, 'value': 1e9 * n / x, 'unit': 'instructions/op', 'throughput': x, 'efficiency': x / n / 60000.5, 'latency': 17.25 * n, 'run': 'run-00001'}
json.dump({'schema': 'cloudbench-scale/1', 'id': 's<1>', 'tier': 'det', 'host': 'QEMU <x>', 'kernels': {'linux': 'L <i>', 'cloudos': 'C'},
           'points': [point(k, n, 60000.5 * n * 0.97 ** n) for k in ('linux', 'cloudos') for n in (1, 2, 4)] +
                     [{'workload': 'fork<', 'kernel': 'linux', 'cpus': 8, 'run': 'r', 'status': 'failed', 'reason': 'why <not>'}],
           'fits': [{'workload': 'fork<', 'kernel': 'linux', 'lambda': 60000.5, 'sigma': 0.0123456789, 'kappa': 1.5e-5, 'knee': 3.25, 'knee_low': 2.125, 'knee_high': None,
                     'curve': [[1, 6e4, 5e4, 7e4], [4, 2e5, 1e5, 3e5]]}, {'workload': 'fork<', 'kernel': 'cloudos', 'reason': 'too few'}]},
          open(tmp + '/runs/scale/s.json', 'w'))
open(tmp + '/runs/scale/bad.json', 'w').write('{')
os.makedirs(tmp + '/runs/lines')
line = lambda w, k, n, v: {'workload': w, 'kernel': k, 'topology': str(n), 'cpus': n, 'ops': 100, 'transfers': v, 'user_transfers': 1, 'far': 0.25, 'invalidations': v + 0.5,
                           'locked': 3.125, 'instructions': 1234.5 * n}
site = {'kind': 'read', 'per_op': 2.345678, 'lines': 3, 'windows': 1, 'data': 'd<1>', 'code': 'f < g a.c:1', 'bytes': [0, 8], 'met_code': 'h<2>', 'met_bytes': [8, 4], 'apart': True}
json.dump({'schema': 'cloudbench-lines/1', 'id': 'n<1>', 'created': 'x', 'commit': 'c<1>', 'host': 'QEMU <y>', 'kernels': ['CloudOS', 'Lin<u>x'],
           'rows': [line(w, k, n, 10.125 * n + len(k)) for w in ('fork', 'pipe<@cross-cpu') for k in ('CloudOS', 'Lin<u>x') for n in (2, 4, 8)] +
                   [{'workload': 'exec', 'kernel': 'CloudOS', 'topology': '2', 'cpus': 2, 'reason': 'why <not>'}],
           'matrices': [{'kernel': 'Lin<u>x', 'operations': ['a<', 'b'], 'cells': [{'a': 'a<', 'b': 'a<', 'transfers': 0}, {'a': 'a<', 'b': 'b', 'transfers': 12.5678},
                                                                                   {'a': 'b', 'b': 'b', 'reason': 'why <not>'}]}],
           'top': [{'title': 'fork on <it>', 'sites': [site]}]}, open(tmp + '/runs/lines/n.json', 'w'))
for name, winner in (('a', 'yes'), ('b', '')):
    os.makedirs(f'{tmp}/tune/{name}')
    trial = lambda i: {'configuration': f'k<{i}>', 'score': 0.98765 + i / 7, 'pipe p50_ns': 0.9 + i / 7, 'fork p50_ns': 1.1 - i / 9, 'pareto': 'yes' if i == 1 else ''}
    json.dump({'schema': 'cloudbench-tune/1', 'id': name + '<', 'space': 's', 'kernel': 'cloudos', 'tier': 'det', 'trials': 3, 'objectives': ['pipe p50_ns', 'fork p50_ns'][:1 if winner else 2],
               'whole': [trial(i) for i in range(3)], 'sensitivity': [{'knob': 'k<', 'rank_correlation': -0.4567891}], 'winner': bool(winner),
               'held_out': [{'configuration': 'k<1>', 'low': 0.91234567, 'high': 0.95, 'p_after_holm': 0.0312345, 'winner': winner}]}, open(f'{tmp}/tune/{name}/result.json', 'w'))
P
start=$(date +%s)
publish
rc=$?
took=$(($(date +%s) - start))
[ $rc = 0 ] && [ $took -lt 10 ] && grep -q 'scale/bad.json: line 1' "$tmp/out"
check '50 runs of 40 workloads in less than 10 s' $? "exit code $rc, $took s"
$cb compare --runs "$tmp/runs" times --format json >"$tmp/times.json" 2>/dev/null
python3 - "$tmp" <<'P'
import glob, json, os, re, sys
tmp = sys.argv[1]
values, ratios = set(), set()
for f in glob.glob(tmp + '/runs/*/run.json'):
    rows = {(r['workload'], r['kernel']): r['value'] for r in json.load(open(f))['rows']}
    values |= {'%.12g' % v for v in rows.values()}
    ratios |= {'%.12g' % (v / rows[w, 'linux']) for (w, k), v in rows.items() if k == 'cloudos'}
ratios |= {'%.12g' % r['ratio'] for r in json.load(open(tmp + '/times.json'))} # estimated from the pairs of boots
def numbers(j):
    if isinstance(j, (dict, list)):
        return [n for v in (j.values() if isinstance(j, dict) else j) for n in numbers(v)]
    return ['%.12g' % j] if isinstance(j, (int, float)) else []
of_page = {}
for page, files in (('/dist/times.html', [tmp + '/runs/times/run.json']), ('/scaling.html', [tmp + '/runs/scale/s.json']), ('/lines.html', [tmp + '/runs/lines/n.json']), ('/tuning.html', glob.glob(tmp + '/tune/*/result.json'))):
    of_page[tmp + '/site' + page] = {n for f in files for n in numbers(json.load(open(f)))}
pages = glob.glob(tmp + '/site/**/*.html', recursive=True)
shown = [(f, v, s) for f in pages for v, s in re.findall(r"<data value='([^']*)'>([^<]*)</data>", open(f).read())]
alien = [x for x in shown if x[1] not in of_page.get(x[0], values | ratios)]
rounded = [x for x in shown if abs(float(x[2].replace(',', '')) - float(x[1])) > (0.5 if abs(float(x[1])) >= 100 else 0.005)]
def check(name, ok, why=''):
    print(f'ok {name}' if ok else f'not ok {name}: {why}')
check('every number on the pages is in a result', len(shown) > 4000 and not alien, (len(shown), alien[:3]))
check('and is rounded from it', not rounded, rounded[:3])
check('each new page shows its numbers', all(sum(x[0] == f for x in shown) >= n for f, n in zip(of_page, (24, 30, 70, 14))), [sum(x[0] == f for x in shown) for f in of_page])
check('a page for each run and workload', len(pages) == 5 + 51 + 41 + 1, len(pages))
text = {f: open(f).read() for f in pages}
check('no network, no script', not any('http' in t or '<script' in t or '@import' in t for t in text.values()))
check('labels are escaped', not any(re.search('Linux <b>|<asked>|L <i>|QEMU <[xy]>|[sncdhk]<[0-9]>|why <not>|Lin<u>|pipe<@|on <it>|[^t]a<<', t) for t in text.values()))
dist = text[tmp + '/site/dist/times.html']
check('a distribution has a line a boot, one a kernel, and the tail', dist.count("class='line thin") == 12 and dist.count("polyline class='line l") == 4, (dist.count("class='line thin"), dist.count("polyline class='line l")))
check('and a dot a boot', dist.count("class='dot l") == 6, dist.count("class='dot l"))
scale = text[tmp + '/site/scaling.html']
check('the law has its band, its knee and the points', scale.count("class='band l1'") == 1 and scale.count("class='change'") == 1 and scale.count("class='dot l") == 6)
check('what has no number has its reason', 'why &lt;not&gt;' in scale and 'no law: too few' in scale)
lines = text[tmp + '/site/lines.html']
check('lines: a chart a workload, a line and dots a kernel', lines.count('<polyline class=\'line l') == 4 and lines.count("class='dot l") == 12 and 'exec</h3>' not in lines,
      (lines.count('<polyline class=\'line l'), lines.count("class='dot l")))
check('lines: the pairs that share are coloured, the others not', lines.count('<td class=s') == 1 and '1 of 3 pairs' in lines and "title='why &lt;not&gt;'>?" in lines)
tune = text[tmp + '/site/tuning.html']
check('a search names its winner or that there is none', tune.count('beats the default') == 1 and tune.count('No configuration beat the default') == 1)
check('no NaN and no infinity', not any(re.search(r"[ ',](-?nan|-?inf)[ ',]", t) for t in text.values()))
check('no page is heavy', max(map(len, text.values())) < 2 << 20)
links = [(f, l) for f, t in text.items() for l in re.findall(r"href='([^']*)'", t)]
dead = [x for x in links if not os.path.exists(os.path.join(os.path.dirname(x[0]), x[1]))]
check('links lead somewhere', len(links) > 500 and not dead, dead[:3])
index = text[tmp + '/site/index.html']
check('the overview shows each row by its newest run', index.count("class='n r") == 41 and 'run-00049.html' in index and '>earlier</a>' not in index, index.count("class='n r"))
w1 = [t for f, t in text.items() if '/history/w1-' in f][0]
w2 = [t for f, t in text.items() if '/history/w2-' in f][0]
check('a changed level is marked', w1.count("class=change") == 1 and 'level changed at run-00020' in w1, w1.count("class=change"))
check('a level that did not change is not', "class=change" not in w2)
P
# In a browser, in light and in dark: no page is wider than a telephone or a desk, none asks for anything else, no word of the text is unreadable,
# what is a link or folds can be reached by keyboard and shows it, what scrolls too; in charts no words overlap or are cut, and none is empty.
# A page that does all of it wrong shows that this is seen.
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
if [ -z "$browser" ]; then
    echo 'skip pages in a browser: none is installed'
else
    python3 - "$tmp/site" <<'P'
import glob, json, os, sys
site = sys.argv[1]
pick = lambda g: sorted(glob.glob(site + g))[0]
pages = [os.path.relpath(p, site) for p in (site + '/index.html', site + '/scaling.html', site + '/lines.html', site + '/tuning.html', site + '/method.html', site + '/dist/times.html',
                                            pick('/run/*'), site + '/run/times.html', pick('/history/w1-*'))]
open(site + '/wrong.css', 'w').write('')
open(site + '/wrong.html', 'w').write("""<!doctype html><meta charset=utf-8><title>x</title><link rel=stylesheet href=wrong.css><style>a:focus{outline:none}</style>
<h1>Wrong</h1><p style='width:3000px;color:#ccc;background:#ddd'>pale</p><a href='nowhere.html' style='background:#fff;color:#000'>no ring</a>
<a href='nowhere.html' style='display:none'>hidden</a><div class=scroll style='overflow-x:auto;width:100px'><div style='width:900px;color:#000;background:#fff'>wide</div></div>
<svg class=chart viewBox='0 0 100 50' style='width:100px;height:50px;overflow:hidden'><text x=10 y=20>over</text><text x=12 y=21>each other</text><text x=95 y=45>cut off</text></svg>""")
open(site + '/look.html', 'w').write("""<!doctype html><body><pre id=said></pre><script>
const pages = %s, said = [];
const light = c => { const [r, g, b] = c.match(/[0-9.]+/g).map(v => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4 });
                     return .2126 * r + .7152 * g + .0722 * b };
const ground = (e, w) => { for (; e; e = e.parentElement) { const c = w.getComputedStyle(e).backgroundColor; if (!/, 0\\)$/.test(c) && c != 'transparent' && c.startsWith('rgb')) return c }
                           return 'rgb(255, 255, 255)' };
const boxes = svg => [...svg.querySelectorAll('text')].filter(t => t.textContent.trim()).map(t => ({t, r: t.getBoundingClientRect()}));
function charts(d, bad) {
    for (const svg of d.querySelectorAll('svg.chart,.scroll>svg')) {
        const b = boxes(svg), frame = svg.getBoundingClientRect();
        for (let i = 0; i < b.length; i++) {
            const p = b[i].r;
            if (p.left < frame.left - 1 || p.right > frame.right + 1 || p.bottom > frame.bottom + 1) bad.push('cut off: ' + b[i].t.textContent);
            for (let k = 0; k < i; k++) {
                const q = b[k].r;
                if (p.left < q.right - 1 && q.left < p.right - 1 && p.top < q.bottom - 3 && q.top < p.bottom - 3)
                    bad.push('overlap: ' + b[k].t.textContent + ' and ' + b[i].t.textContent);
            }
        }
        if (!svg.querySelector('polyline,circle,rect,path')) bad.push('an empty chart');
    }
}
function keyboard(d, w, bad) {
    for (const e of [...d.querySelectorAll('a[href],summary')].slice(0, 400)) {
        if (e.closest('details:not([open])') && e.tagName != 'SUMMARY' || w.getComputedStyle(e).display == 'none' && e.classList.contains('extra')) continue;
        e.focus();
        if (d.activeElement != e) bad.push('not reached by keyboard: ' + e.textContent.slice(0, 20));
        else if (w.getComputedStyle(e).outlineStyle == 'none') bad.push('no focus ring: ' + e.textContent.slice(0, 20));
    }
    for (const e of d.querySelectorAll('*'))
        if (e.scrollWidth > e.clientWidth + 1 && /auto|scroll/.test(w.getComputedStyle(e).overflowX) && e.tabIndex < 0) { bad.push('not scrolled by keyboard: ' + (e.className || e.tagName)); break }
}
async function look(page, width) {
    const f = document.createElement('iframe');
    f.style.cssText = `width:${width}px;height:900px;border:0`;
    f.src = page;
    document.body.append(f);
    await new Promise(r => f.onload = r);
    const d = f.contentDocument, w = f.contentWindow, bad = [];
    if (d.documentElement.scrollWidth > width) bad.push('is ' + d.documentElement.scrollWidth + ' wide');
    for (const e of d.querySelectorAll('p,td,th,h1,h2,a,summary,li')) {
        if (!e.textContent.trim()) continue;
        const a = light(w.getComputedStyle(e).color), b = light(ground(e, w));
        if ((Math.max(a, b) + .05) / (Math.min(a, b) + .05) < 4) { bad.push('low contrast: ' + e.textContent.slice(0, 30)); break }
    }
    if (d.title == '' || !d.querySelector('h1')) bad.push('no title');
    for (const e of d.querySelectorAll('link[href],script,[src],[srcset],object,embed,iframe')) bad.push('asks for ' + (e.getAttribute('href') || e.getAttribute('src') || e.tagName));
    for (const e of d.querySelectorAll('style,[style]')) if (/url\\(|@import/.test(e.tagName == 'STYLE' ? e.textContent : e.getAttribute('style'))) bad.push('asks for a style');
    charts(d, bad);
    keyboard(d, w, bad);
    said.push(`${page} at ${width}: ${bad.slice(0, 12).join('; ') || 'fine'}`);
    f.remove();
}
(async () => { for (const p of pages) for (const n of [400, 1400]) await look(p, n); await look('wrong.html', 400); document.getElementById('said').textContent = said.join('\\n') + '\\nend'; })();
</script>""" % json.dumps(pages))
P
    for scheme in 0 1; do # dark, light
        timeout 100 "$browser" --headless --no-sandbox --disable-gpu --allow-file-access-from-files --user-data-dir="$tmp/chrome" \
            --blink-settings=preferredColorScheme=$scheme --virtual-time-budget=60000 --dump-dom "file://$tmp/site/look.html" 2>/dev/null |
            sed -n '/<pre/,/<\/pre>/p' >"$tmp/look.$scheme"
        [ "$(grep -c ': fine' "$tmp/look.$scheme")" = 18 ] && grep -q '^end' "$tmp/look.$scheme"
        check "pages in a browser, colour scheme $scheme" $? "$(grep -v ': fine' "$tmp/look.$scheme" | tr '\n' ' ')"
        for fault in 'is 3[0-9]* wide' 'low contrast: pale' 'asks for wrong.css' 'overlap: over and each other' 'cut off: cut off' 'an empty chart' \
            'no focus ring: no ring' 'not reached by keyboard: hidden' 'not scrolled by keyboard: scroll'; do
            grep -q "^wrong.html at 400: .*$fault" "$tmp/look.$scheme"
            check "a page that is wrong is seen ($fault), colour scheme $scheme" $? "$(grep '^wrong' "$tmp/look.$scheme")"
        done
    done
    rm "$tmp"/site/{look.html,wrong.html,wrong.css}
fi
make 60 61 1 # one workload, the newest run
publish
[ "$(grep -o "class='n r" "$tmp/site/index.html" | wc -l)" = 41 ] && [ "$(grep -o '>earlier</a>' "$tmp/site/index.html" | wc -l)" = 39 ]
check 'a run of one workload does not hide the others' $?
rm -r "$tmp/runs/run-00060"
before=$(stat -c %Y "$tmp/site/run/run-00001.html")
make 50 52 40
sleep 1
publish
check 'new runs are added' $?
[ -e "$tmp/site/run/run-00051.html" ] && [ "$(stat -c %Y "$tmp/site/run/run-00001.html")" = "$before" ]
check 'pages of runs that are there stay' $?
! grep -q 'made anew' "$tmp/out"
check 'an index that is sound is gone on with' $?
python3 - "$tmp/runs/history.db" <<'P'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute('PRAGMA user_version = 1')
db.commit()
P
publish && grep -q 'of another version: made anew' "$tmp/out"
check 'one of another version is made anew' $?
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
# Asked for by ci/verify: a site of very many runs.
if [ -n "${SITE_RUNS:-}" ]; then
    rm -rf "$tmp/runs" "$tmp/site" && mkdir "$tmp/runs"
    make 0 "$SITE_RUNS" 40
    start=$(date +%s)
    timeout 300 $cb publish --runs "$tmp/runs" -o "$tmp/site" >"$tmp/out" 2>&1
    rc=$?
    took=$(($(date +%s) - start)) heaviest=$(find "$tmp/site" -name '*.html' -printf '%s\n' | sort -n | tail -1)
    [ $rc = 0 ] && [ $took -lt 60 ] && [ "$heaviest" -lt $((2 << 20)) ]
    check "$SITE_RUNS runs of 40 workloads in $took s, the heaviest page has $heaviest bytes" $? "exit code $rc"
fi
