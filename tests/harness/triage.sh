#!/usr/bin/env bash
# configs/triage.yaml: its schema, with lines; notes stand beside the rows and changes of their commits in compare, gate and the site, and
# change no verdict; an unknown workload, an unknown commit and a note that fits nothing are said. Boots nothing.
prefix='triage: '
. "$(dirname "$0")/steps.bash"
root=$tmp/root
mkdir -p "$root" && cp -r configs "$root"
export CLOUDBENCH_ROOT=$root
git -C "$root" init -q . && git -C "$root" config user.email a@b && git -C "$root" config user.name a
commits=()
for i in 0 1 2 3; do
    git -C "$root" commit -q --allow-empty -m "$i"
    commits+=("$(git -C "$root" rev-parse HEAD)")
done

# Runs 0 to 39; from run 20 on (commit 2; before it commit 1) pipe on CloudOS is slower, on Linux it always is as slow.
python3 - "$tmp/runs" "${commits[@]}" <<'P'
import json, os, sys
base, commits = sys.argv[1], sys.argv[2:]
for i in range(40):
    rows = [{'workload': w, 'kernel': k, 'metric': 'instructions', 'unit': 'instructions/op', 'status': 'ok', 'value': v, 'samples': [{'status': 'ok', 'value': v}]}
            for w, k, v in (('pipe', 'linux', 1000), ('pipe', 'cloudos', 500 + i % 3 + (900 if i >= 20 else 0)), ('fork', 'linux', 5000), ('fork', 'cloudos', 900 + i % 2))]
    os.makedirs(f'{base}/run-{i:02}')
    json.dump({'schema': 'cloudbench-run/1', 'id': f'run-{i:02}', 'created': f'2026-01-01T00:00:{i:02}Z', 'tier': 'det', 'tier_why': 'x',
               'topology': {'name': '1', 'cpus': 1, 'memory_mb': 512, 'nodes': []},
               'identity': {'commit': commits[2 if i >= 20 else 1], 'qemu': {'version': '7.2'}, 'kernels': {'linux': {'family': 'linux', 'label': 'L'},
                            'cloudos': {'family': 'cloudos', 'label': 'C'}}}, 'boots': [], 'rows': rows}, open(f'{base}/run-{i:02}/run.json', 'w'))
P
cat >"$root/configs/triage.yaml" <<T
slow-pipe: {workload: pipe, kernel: cloudos, state: bug, text: "a lock <too> many", link: 'https://example.org/7', from: ${commits[1]}, to: ${commits[2]}}
before: {workload: pipe, state: expected, text: too early, to: ${commits[1]}}
later: {workload: 'pi*', state: noise, text: too late, from: ${commits[2]}}
T
compare() { $cb compare --runs "$tmp/runs" "$@" >"$tmp/out" 2>&1; }
compare run-19 run-20
grep -qE '^pipe .*regressed|^pipe .*lost +\[bug\] a lock <too> many \(https://example.org/7\)$' "$tmp/out" && grep -q '1 lost' "$tmp/out"
check 'a loss has its note and stays a loss' $?
! grep -qE 'too early|too late' "$tmp/out"
check 'notes of other commits do not appear' $?
compare run-18 run-19
! grep -q 'a lock' "$tmp/out"
check 'nor does it beside rows that did not change' $?
expect 'gate shows it and refuses all the same' 3 'regressed +\[bug\] a lock' $cb gate --runs "$tmp/runs" run-20 --baseline run-19 --junit "$tmp/j.xml" --markdown "$tmp/m.md"
grep -q 'a lock &lt;too&gt; many' "$tmp/j.xml" && grep -q 'a lock \\<too> many' "$tmp/m.md"
check 'and so do its reports, escaped' $?
expect 'publish names the note that fits nothing' 0 'triage.yaml:3: note later is stale: no change of level and no loss' $cb publish --runs "$tmp/runs" -o "$tmp/site"
[ "$(grep -c 'is stale' "$tmp/out")" = 1 ] && grep -q 'a lock &lt;too&gt; many' "$tmp"/site/history/pipe-*.html && grep -q 'a lock &lt;too&gt; many' "$tmp/site/index.html"
check 'the site shows the one that fits, escaped' $?
expect 'list shows them' 0 'slow-pipe +pipe +bug' $cb list triage --runs "$tmp/runs"

note() { # NAME CODE PATTERN TEXT: the text as the file, the pattern in what compare says
    printf '%s\n' "$4" >"$root/configs/triage.yaml"
    expect "$1" "$2" "$3" $cb compare --runs "$tmp/runs" run-19 run-20
}
note 'an unknown workload' 0 'triage.yaml:2: note x: no workload is called "pine"' $'# first\nx: {workload: pine, state: bug, text: t}'
note 'an unknown commit is stale' 0 'triage.yaml:1: note x is stale: the history has no commit "00000000"' "x: {workload: pipe, state: bug, text: t, to: '00000000'}"
note 'a range that is none' 0 'note x: from is not before to' "x: {workload: pipe, state: bug, text: t, from: ${commits[2]}, to: ${commits[1]}}"
note 'a link that is none' 0 'note x: the link is no http address' "x: {workload: pipe, state: bug, text: t, link: 'javascript:alert(1)'}"
faulty() { # NAME TEXT: a note with a fault is neither beside a row nor on the site
    printf '%s\n' "$2" >"$root/configs/triage.yaml"
    compare run-19 run-20
    grep -q '^pipe .*regressed\|^pipe .*lost' "$tmp/out" && ! grep -q 'shown all the same' "$tmp/out"
    check "$1 is not shown" $?
    $cb publish --runs "$tmp/runs" -o "$tmp/site" >"$tmp/out" 2>&1
    ! grep -qE 'shown all the same|javascript:' "$tmp"/site/history/pipe-*.html "$tmp/site/index.html"
    check "$1 is not on the site" $?
}
faulty 'a note of an unknown commit' "x: {workload: pipe, state: bug, text: shown all the same, from: '00000000'}"
faulty 'a link that is none' "x: {workload: pipe, state: bug, text: shown all the same, link: 'javascript:alert(1)'}"
echo "x: {workload: pipe, state: bug, text: far and wide, from: ${commits[0]}, to: ${commits[3]}}" >"$root/configs/triage.yaml"
compare run-19 run-20
grep -q 'far and wide' "$tmp/out"
check 'a range around two commits fits' $?
compare run-20 run-21
grep -q '^pipe' "$tmp/out" && ! grep -q 'far and wide' "$tmp/out"
check 'nothing lies between two runs of one commit' $?
note 'an unknown state' 5 'triage.yaml:1: triage.x.state: "wrong" is none of' 'x: {workload: pipe, state: wrong, text: t}'
note 'an unknown key' 5 'triage.yaml:3: triage.x.txt: there is no such key' $'x:\n  workload: pipe\n  txt: t'
note 'a note without text' 5 'triage.yaml:1: triage.x: .*text' 'x: {workload: pipe, state: bug}'
note 'broken YAML' 5 'triage.yaml:[0-9]+: ' 'x: {'
