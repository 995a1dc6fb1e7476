#!/usr/bin/env bash
# The history index and the static site, on made-up runs in a temporary folder: every number of every page is one of the
# results' (look_up_numbers.py says how they are looked up), the site needs no network, a changed level is marked, damage and bad places are
# survived. Boots nothing.
. "$(dirname "$0")/steps.bash"

publish() { timeout 100 $cb publish --runs "$tmp/runs" -o "$tmp/site" >"$tmp/out" 2>&1; }

made() { python3 tests/harness/made_results.py "$tmp" "$@"; }

mkdir -p "$tmp/runs"
publish
check 'a site of no runs' $?
made 0 50 40
made kinds
used() { TIMEFORMAT='%U %S'; { time "$@" >/dev/null 2>&1; echo $? >"$tmp/code"; } 2>&1 | awk '{ printf "%d", $1 + $2 + 0.5 }'; } # one process: on an idle host the time it takes
took=$(used publish) rc=$(cat "$tmp/code")
[ "$rc" = 0 ] && [ "$took" -lt 10 ] && grep -q 'scale/bad.json: line 1' "$tmp/out"
check '50 runs of 40 workloads in less than 10 s of a processor' $? "exit code $rc, $took s"
python3 tests/harness/look_up_numbers.py "$cb" "$tmp/runs" "$tmp/tune" "$tmp/site" >"$tmp/out" 2>&1
rc=$?
cat "$tmp/out"
check 'the numbers of all pages are looked up' $rc
python3 - "$tmp" <<'P'
import glob, os, re, sys
tmp = sys.argv[1]
pages = glob.glob(tmp + '/site/**/*.html', recursive=True)
text = {f: open(f).read() for f in pages}
def check(name, ok, why=''):
    print(f'ok {name}' if ok else f'not ok {name}: {why}')
# What is wrong with pages: each of these is also given a page that has that fault.
def heavy(t):
    return [f for f in t if len(t[f].encode()) >= 2 << 20]
def asking(t):
    return [f for f in t if re.search(r"https?:|<script|<link|@import|src=|url\(|href='//", t[f])]
index = tmp + '/site/index.html'
for name, f, planted in (('no page is heavy', heavy, text[index] + ' ' * (2 << 20)),
                         ('no network, no script', asking, text[index] + '<img src=https://example.org/x.png>')):
    check(name, not f(text), f(text)[:3])
    check(name + ': where it is not so, that is seen', f({index: planted}))
shown = {f: t.count('<data value=') for f, t in text.items()}
check('there are many numbers', sum(shown.values()) > 6000, shown)
least = {'compare': 240, 'dist/times': 24, 'scaling': 30, 'lines': 70, 'tuning': 14}
check('each kind of page shows its numbers', all(shown[f'{tmp}/site/{page}.html'] >= n for page, n in least.items()), shown)
check('a page for each run and workload', len(pages) == 6 + 58 + 68 + 1, len(pages))
check('labels are escaped', not any(re.search('Linux <b>|<asked>|L <i>|QEMU <[xy]>|[sncdhk]<[0-9]>|why <not>|<here>|<panicked>|Lin<u>|pipe<@|on <it>|[^t]a<<', t) for t in text.values()))
dist = text[tmp + '/site/dist/times.html']
check('a distribution has a line a boot, one a kernel, and the tail', dist.count("class='line thin") == 12 and dist.count("polyline class='line l") == 4, (dist.count("class='line thin"), dist.count("polyline class='line l")))
check('whether two kernels are distributed alike is said of each row', dist.count('Kolmogorov and Smirnov') == 1, dist.count('Kolmogorov and Smirnov'))
check('and a dot a boot', dist.count("class='dot l") == 6, dist.count("class='dot l"))
scale = text[tmp + '/site/scaling.html']
check('the law has its band, its knee and the points', scale.count("class='band l1'") == 1 and scale.count("class='change'") == 1 and scale.count("class='dot l") == 6)
check('a law without a band has its line and says why', scale.count("class='band") == 1 and scale.count("polyline class='line l") == 2 and 'no band: as &lt;many&gt;' in scale)
check('what has no number has its reason', 'why &lt;not&gt;' in scale and 'no law: too few' in scale)
lines = text[tmp + '/site/lines.html']
check('lines: a chart a workload, a line and dots a kernel', lines.count('<polyline class=\'line l') == 4 and lines.count("class='dot l") == 12 and 'exec</h3>' not in lines,
      (lines.count('<polyline class=\'line l'), lines.count("class='dot l")))
check('lines: a matrix names its machine', 'Lin&lt;u&gt;x, 4x2&lt; CPUs: ' in lines)
check('lines: the pairs that share are coloured, the others not', lines.count('<td class=s') == 1 and '1 of 2 pairs' in lines and 'share lines; 1 not measured<' in lines and "title='why &lt;not&gt;: exit code 137'>?" in lines)
tune = text[tmp + '/site/tuning.html']
check('a search names its winner or that there is none', tune.count('beats the default') == 1 and tune.count('No configuration beat the default') == 2)
three = tune.split('<h2>c&lt;</h2>')[1].split('<h2>')[0]
check('a search of three objectives has a chart of the first beside each other one', [re.findall("<svg class=plot.*?aria-label='[^']*default: ([^']*)'", s) for s in (three, tune.split('<h2>b&lt;</h2>')[1].split('<h2>')[0])] ==
      [['pipe p50_ns and fork p50_ns', 'pipe p50_ns and request p99_ns'], ['pipe p50_ns and fork p50_ns']], three)
check('and says that what no other trial beats was found over all three', 'as good in all 3 objectives' in three and 'as good in both' not in three and three.count("<circle class='dot l1 full' r='7'") == 8)
check('no NaN and no infinity', not any(re.search(r"[ ',](-?nan|-?inf)[ ',]", t) for t in text.values()))
links = [(f, l) for f, t in text.items() for l in re.findall(r"href='([^']*)'", t)]
dead = [x for x in links if not os.path.exists(os.path.join(os.path.dirname(x[0]), x[1]))]
check('links lead somewhere', len(links) > 500 and not dead, dead[:3])
index = text[index]
check('the overview shows each row by its newest run', index.count("class='n r") == 41 + 21 + 2 + 4 + 2 and 'run-00049.html' in index and '>earlier</a>' not in index, index.count("class='n r"))
both, alone = [index.split(f'topology {b}, QEMU 7.2</h2>')[1].split('<h2>')[0] for b in ('both', 'alone')]
check('what Linux is to Linux is not what CloudOS is', '0 of 2 rows ahead</b>; 0 unsupported, 0 failed, 2 lost' in both and 'families-0' in both and 'b: CloudOS' in both, both)
check('another number of iterations is another board', 'topology both, QEMU 7.2, scale 0.25, set workloads.pipe.det=400</h2>' in index)
check('what worked and is unsupported is compared', '>unsupported: cloudos: no call 53' in text[tmp + '/site/compare.html'])
check('kernels of one family are told apart', alone.count('<td>linux-612') == 2 and alone.count('<td>linux-stock') == 2 and 'a: Linux &lt;b&gt; 6.1; b: each other kernel' in alone, alone)
consoles = [re.findall('<summary>(Boot [^<]*)</summary><pre class=console>(.*?)</pre>', text[f'{tmp}/site/run/judged-{i}.html'], re.S) for i in range(2)]
check('a run shows the end of each console, of boots that failed first', [s.split(',')[0] for s, _ in consoles[1]] == ['Boot 3', 'Boot 0', 'Boot 1', 'Boot 2'] and
      all(c.count('\n') == 39 + 1 and 'line 199 of it' in c and 'red, a bell  and a byte ?' in c and 'line 150' not in c for _, c in consoles[1]), consoles[1])
check('without their files that of the boot that failed', [(s, c) for s, c in consoles[0]] == [('Boot 3, cloudos: panic, the kernel &lt;panicked&gt;',
      'boot 3 &lt;script&gt;&quot;says&quot; &amp; asks&lt;/script&gt;\npanic &lt;here&gt; at 0xffffffff80123456\n')], consoles[0])
runs = [text[f'{tmp}/site/run/families-{i}.html'] for i in range(3)]
check('a run names what it compares', ['b: CloudOS' in t for t in runs] == [True, False, False] and ['<th>kernel<th class=extra>' in t for t in runs] == [False, False, True] and
      '<td>linux-stock</td>' in runs[2])
check('a banner counts each verdict', '<b>3 of 21 rows ahead</b>; 1 unsupported, 5 failed, 4 lost, 5 same, 3 inconclusive. Not ahead: unsupported-0, ' in index)
w1 = [t for f, t in text.items() if '/history/w1-' in f][0]
w2 = [t for f, t in text.items() if '/history/w2-' in f][0]
check('a chart of links is a group of them, named by what it shows', "role=group aria-label='history of instructions/op'" in w1 and 'role=img' not in w1 and 'role=img' in dist)
check('a changed level is marked', w1.count("class='change'") == 1 and 'level changed at run-00020' in w1, w1.count("class='change'"))
check('a level that did not change is not', "class='change'" not in w2)
P
mkdir -p "$tmp/one" "$tmp/one-site/dist/times.html" && cp -r "$tmp/runs/times" "$tmp/one"
! $cb publish --runs "$tmp/one" -o "$tmp/one-site" >"$tmp/out" 2>&1 && grep -q 'cannot write .*dist/times.html' "$tmp/out"
check 'a distribution that cannot be written is said' $?
rmdir "$tmp/one-site/dist/times.html"
$cb publish --runs "$tmp/one" -o "$tmp/one-site" >"$tmp/out" 2>&1 && [ -f "$tmp/one-site/dist/times.html" ] && grep -q 'dist/times.html' "$tmp/one-site/run/times.html"
check 'and made the next time' $?
mkdir -p "$tmp/long/runs" && cp -r "$tmp/runs/judged-1" "$tmp/long/runs/"
python3 - "$tmp/long/runs/judged-1" <<'P'
import json, sys
path = sys.argv[1] + '/run.json'
run = json.load(open(path))
boot = run['boots'][0]
open(sys.argv[1] + '/' + boot['console'], 'w').write('<&' * 3000)
run['boots'] = [boot | {'boot': b} for b in range(300)] + [boot | {'boot': 300, 'status': 'hang', 'console': '../judged-1/' + boot['console'], 'console_tail': 'kept'}]
json.dump(run, open(path, 'w'))
P
$cb publish --runs "$tmp/long/runs" -o "$tmp/long/site" >"$tmp/out" 2>&1
page=$tmp/long/site/run/judged-1.html
[ "$(stat -c %s "$page")" -lt $((1 << 20)) ] && grep -o 'Boot [0-9]*, linux: hang</summary><pre class=console>kept' "$page" | grep -q 'Boot 300' && grep -q '<p>2[0-9][0-9] more have no room here' "$page"
check 'many long consoles leave a page of less than 1 MB, and none is read from elsewhere' $? "$(stat -c %s "$page") bytes"
mkdir -p "$tmp/odd/runs" && cp -r "$tmp/runs/judged-1" "$tmp/odd/runs/"
echo 'of somebody else' >"$tmp/odd/elsewhere"
python3 - "$tmp/odd/runs/judged-1" <<'P'
import json, os, sys
os.chdir(sys.argv[1])
run = json.load(open('run.json'))
boot = run['boots'][0]
os.mkfifo('pipe.console')
os.mkdir('folder.console')
os.symlink('../../elsewhere', 'link.console')
run['boots'] = [boot | {'boot': b, 'status': 'hang', 'console': f'{name}.console', 'console_tail': f'kept of {name}'} for b, name in enumerate(('pipe', 'folder', 'link'))]
json.dump(run, open('run.json', 'w'))
P
expect 'consoles that are a pipe, a folder and a link' 0 'site: ' timeout -k 1 20 $cb publish --runs "$tmp/odd/runs" -o "$tmp/odd/site"
[ "$(grep -o 'class=console>kept of [a-z]*' "$tmp/odd/site/run/judged-1.html" | wc -l)" = 3 ] && ! grep -rq 'somebody else' "$tmp/odd/site"
check 'are not read' $?
mkdir -p "$tmp/single/runs" && cp -r "$tmp/runs/judged-1" "$tmp/single/runs/"
python3 - "$tmp/single/runs/judged-1/run.json" <<'P'
import json, sys
run = json.load(open(sys.argv[1]))
del run['identity']['kernels']['linux']
run['rows'] = [r for r in run['rows'] if r['kernel'] == 'cloudos']
json.dump(run, open(sys.argv[1], 'w'))
P
$cb publish --runs "$tmp/single/runs" -o "$tmp/single/site" >"$tmp/out" 2>&1
page=$tmp/single/site/run/judged-1.html
grep -q "<td>fork</td><td>instructions</td><td class=n><data value='800.625'>801</data></td><td>instructions/op</td>" "$page" && grep -q "<td class='v note-text'>failed: exit code 134</td>" "$page"
check 'a run of one kernel shows its values' $? "$(grep -o 'there is nothing to compare.*<h2>How' "$page" | head -c 600)"
mkdir -p "$tmp/twins/runs" && cp -r "$tmp/runs/run-00000" "$tmp/twins/runs/"
sed -i 's|"w1"|"a/b"|g; s|"w2"|"a_b"|g; s|"w4"|"a b"|g' "$tmp/twins/runs/run-00000/run.json"
$cb publish --runs "$tmp/twins/runs" -o "$tmp/twins/site" >"$tmp/out" 2>&1
[ -e "$tmp/twins/site/history/a_b-det-1-QEMU_7.2.html" ] && for w in a/b a_b 'a b'; do grep -lF "<h1>$w</h1>" "$tmp/twins/site/history/"a_b-det-1-QEMU_7.2*; done | sort -u | wc -l | grep -qx 3
check 'workloads whose names look alike have a page each' $? "$(ls "$tmp/twins/site/history" | head -3)"
made 60 61 1 # one workload, the newest run
publish
[ "$(grep -o "class='n r" "$tmp/site/index.html" | wc -l)" = $((41 + 21 + 8)) ] && [ "$(grep -o '>earlier</a>' "$tmp/site/index.html" | wc -l)" = 39 ]
check 'a run of one workload does not hide the others' $?
rm -r "$tmp/runs/run-00060"
before=$(stat -c %Y "$tmp/site/run/run-00001.html")
made 50 52 40
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
rm "$tmp/runs/history.db"
for i in 1 2 3 4; do timeout 100 $cb publish --runs "$tmp/runs" -o "$tmp/at-once" >"$tmp/at.$i" 2>&1 & done
wait
! grep -qE 'made anew|could not be kept' "$tmp"/at.? && [ "$(grep -c '^site: ' "$tmp"/at.? | grep -c ':1$')" = 4 ] && [ -z "$(find "$tmp/at-once" -name '*.new')" ]
check 'four at once take the index for sound, one after the other' $? "$(cat "$tmp"/at.? | tr '\n' ' ')"
flock "$tmp/runs" timeout -k 5 1 $cb publish --runs "$tmp/runs" -o "$tmp/site" >"$tmp/out" 2>&1
[ $? = 124 ] && grep -q 'another cloudbench uses .*: waiting' "$tmp/out"
check 'one that waits for its turn can be interrupted' $?
made 70 130 40
(trap '' XFSZ && ulimit -f $(($(stat -c %s "$tmp/runs/history.db") / 1024 + 8)) && publish) # more than the index has room for; the pages have it
grep -q 'history.db could not be kept' "$tmp/out" && grep -q run-00129 "$tmp/site/index.html" && [ -e "$tmp/site/run/run-00129.html" ]
check 'an index that finds no room is made in memory' $?
rm -r "$tmp"/runs/run-00{07,08,09,10,11,12}?
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
# Asked for by ci/verify: a site of very many runs. One process makes it, so on an idle host its processor time is the time it takes; a busy one judges nothing else.
if [ -n "${SITE_RUNS:-}" ]; then
    rm -rf "$tmp/runs" "$tmp/site" && mkdir "$tmp/runs"
    made 0 "$SITE_RUNS" 40
    start=$(date +%s)
    publish() { timeout 600 $cb publish --runs "$tmp/runs" -o "$tmp/site" >"$tmp/out" 2>&1; }
    used=$(used publish) rc=$(cat "$tmp/code")
    took=$(($(date +%s) - start)) heaviest=$(find "$tmp/site" -name '*.html' -printf '%s\n' | sort -n | tail -1)
    [ "$rc" = 0 ] && [ "$used" -lt 60 ] && [ "$heaviest" -lt $((2 << 20)) ]
    check "$SITE_RUNS runs of 40 workloads in $used s of one processor, $took s by the clock, the heaviest page has $heaviest bytes" $? "exit code $rc"
fi
