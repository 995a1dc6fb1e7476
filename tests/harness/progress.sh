#!/usr/bin/env bash
# What is only seen on a terminal: the bar with the time left of every verb that takes long, and colours. Each command runs with a terminal of a given width
# as its standard error (at_terminal.py), and once more without one. Boots CloudOS a few times.
prefix='progress: '
. "$(dirname "$0")/steps.bash"
unset NO_COLOR

at() { timeout 300 python3 tests/harness/at_terminal.py "$@" >"$tmp/said" 2>"$tmp/err"; } # COLUMNS COMMAND...

# bar_faults COLUMNS LEAST [CAPTION]: what is wrong with the bar in $tmp/said, a line each. Every drawing is whole and not wider than the terminal, none goes
# back, `LEAST` per cent are reached, a message never stands behind a bar, nothing of it is left in the end, CAPTION (a pattern) is seen.
bar_faults() {
    python3 - "$tmp/said" "$@" <<'P'
import re, sys
text = open(sys.argv[1], errors='replace', newline='').read()
columns, least, caption = int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] if len(sys.argv) > 4 else ''
shown = [re.sub('\x1b\\[[0-9;]*m', '', s).split('\n')[0] for s in text.split('\r\x1b[K')[1:]]
bars = [s for s in shown if s.startswith('[')]
shares = []
for s in bars:
    m = re.fullmatch(r'\[(#*)(\.*)\] +(\d+) % (?:\d+:\d\d|--:--) left .*', s)
    if not m or len(m[1] + m[2]) != 24 or abs(len(m[1]) - int(24 * int(m[3]) / 100)) > 1:
        print('no whole bar:', s)
    else:
        shares.append(int(m[3]))
    if len(s) >= columns:
        print('wider than the terminal:', s)
if not bars or max(shares, default=0) < least:
    print(f'{len(bars)} bars, up to {max(shares, default=0)} %')
if shares != sorted(shares):
    print('goes back:', shares)
if not any(re.search(caption, s) for s in bars):
    print('no caption', caption)
lines = re.sub('\x1b\\[[0-9;]*m', '', text).split('\n')
print(*('a message behind a bar: ' + l for l in lines[:-1] if re.search(r'\[[#.]{24}\]', l.split('\r\x1b[K')[-1])), sep='\n', end='')
if lines[-1].split('\r\x1b[K')[-1]:
    print('left in the end:', lines[-1])
P
}

# shows_bar NAME COLUMNS LEAST CAPTION COMMAND...: on a terminal, and with -q or without a terminal nothing of it.
shows_bar() {
    local name=$1 columns=$2 least=$3 caption=$4 rc faults
    shift 4
    at "$columns" "$@"
    rc=$?
    faults=$(bar_faults "$columns" "$least" "$caption")
    [ $rc = 0 ] && [ -z "$faults" ]
    check "$name shows a bar with the time left" $? "exit code $rc; $(head -6 <<<"$faults"); $(tail -qc 300 "$tmp/said" "$tmp/err" | cat -v)"
}

silent() { # NAME COMMAND...: on a terminal with -q, and where stderr is none
    local name=$1 rc
    shift
    at 100 "$@" -q
    rc=$?
    [ $rc = 0 ] && ! grep -qE ' left|trial [0-9]|workloads?$' "$tmp/said" && ! grep -q $'\r' "$tmp/said"
    check "$name is silent with -q" $? "exit code $rc; $(head -c 300 "$tmp/said")"
}

no_bar() { # NAME COMMAND...
    local name=$1 rc
    shift
    timeout 300 "$@" >"$tmp/out" 2>&1 </dev/null
    rc=$?
    [ $rc = 0 ] && ! grep -qE '\[[#.]{24}\]' "$tmp/out" && ! grep -q $'[\r\033]' "$tmp/out"
    check "$name has no bar and no colour where stderr is no terminal" $? "exit code $rc; $(head -c 300 "$tmp/out")"
}

mkdir -p "$tmp/runs"
python3 tests/harness/made_results.py "$tmp" 0 120 40
python3 tests/harness/made_results.py "$tmp" kinds
publish() { rm -rf "$tmp/site" "$tmp/runs/history.db"; "$1" "${@:2}" $cb publish --runs "$tmp/runs" -o "$tmp/site"; }
publish shows_bar publish 100 50 '(pages of runs|histories): [0-9]+ of [0-9]+'
grep -qE 'bad.json: line 1' "$tmp/said" && grep -q 'site: ' "$tmp/said"
check 'what is said meanwhile takes its place' $?
publish shows_bar 'a narrow terminal' 50 50 '^.*left pages'
publish silent publish
publish no_bar publish
! grep -q ' left' "$tmp/out"
check 'publish without a terminal says no line for each run' $?

boot=(-k cloudos -o "$tmp/measured")
shows_bar run 100 40 'CloudOS: (pipe|fork|exec|hackbench)' "$cb" run pipe fork exec hackbench --tier det "${boot[@]}"
shows_bar lines 100 50 'share/getppid@2' "$cb" lines getppid pipe dup open -t 2 --iters 10 "${boot[@]}"
grep -q '^.*CloudOS, 2 CPUs: 4 workloads' "$tmp/said"
check 'and says what it boots' $?
silent lines "$cb" lines getppid -t 2 --iters 10 "${boot[@]}"
no_bar lines "$cb" lines getppid -t 2 --iters 10 "${boot[@]}"

shows_bar scale 100 70 'CloudOS: copies/pipe' "$cb" scale pipe --cpus 1,2 --tier det --scale 0.1 "${boot[@]}"
python3 - "$tmp/said" <<'P'
import re, sys
before, after = open(sys.argv[1], errors='replace', newline='').read().split('scale: 2 CPUs')
last = lambda text, which: int(which(re.findall(r'\] +(\d+) %', text)))
sys.exit(not (last(before, lambda l: l[-1]) <= 40 <= last(after, lambda l: l[0]) + 5)) # the first is 2 of 5 parts
P
check 'the bar of scale is one of all sizes' $?
silent scale "$cb" scale pipe --cpus 1 --tier det --scale 0.1 "${boot[@]}"

search=("$cb" tune t --set workloads.pipe.det=100 --set tune.t.about=x --set tune.t.kernel=cloudos --set tune.t.budget=4
    --set 'tune.t.knobs={slice: {about: x, path: /proc/sys/kernel/sched_rr_timeslice_ms, values: [50, 100, 200], default: 100}}'
    --set 'tune.t.objectives=[{workload: pipe, metric: instructions}]')
shows_bar tune 100 40 'trial: pipe|CloudOS: pipe' "${search[@]}" -o "$tmp/search"
grep -q 'trial 1 of at most' "$tmp/said"
check 'and says each trial' $?
silent tune "${search[@]}" -o "$tmp/search-q"

# Colours: of a message, and of the bar's caption.
wrong=("$cb" report nosuch --runs "$tmp/runs")
at 100 "${wrong[@]}"
grep -q $'^\033\[31mcloudbench: ' "$tmp/said"
check 'a fault is red on a terminal' $? "$(head -c 200 "$tmp/said" | cat -v)"
NO_COLOR=1 at 100 "${wrong[@]}"
grep -q '^cloudbench: ' "$tmp/said" && ! grep -q $'\033' "$tmp/said"
check 'with NO_COLOR it is not' $? "$(head -c 200 "$tmp/said" | cat -v)"
NO_COLOR='' at 100 "${wrong[@]}"
grep -q $'\033\[31m' "$tmp/said"
check 'an empty NO_COLOR asks for nothing' $?
export NO_COLOR=1
publish shows_bar 'with NO_COLOR publish' 100 50 '(pages of runs|histories): [0-9]+ of [0-9]+'
! grep -q $'\033\[[0-9;]*m' "$tmp/said"
check 'and its bar has no colour' $?
