#!/usr/bin/env bash
# ci/aa: a signal at any moment leaves no folder, no guest and no half line, and what was measured counts when it is called again; the
# intervals it prints are Clopper and Pearson's; a count of too few controls is no result.
prefix='aa: '
. "$(dirname "$0")/steps.bash"

guests() { for p in $(pgrep qemu-system); do case $(readlink "/proc/$p/cwd") in "$TMPDIR"/*) echo "$p" ;; esac; done; }

# stopped SIGNAL CONDITION: it gets the signal when the condition holds.
stopped() {
    ci/aa --tier det --suites 40 --controls 0 -o "$tmp/aa" >"$tmp/out" 2>&1 </dev/null &
    for _ in $(seq 4000); do
        eval "$2" && break
        sleep 0.05
    done
    kill -s "$1" $!
    wait $!
    rc=$?
    sleep 0.2
    [ "$rc" = 130 ] && [ -z "$(ls -A "$TMPDIR")" ] && [ -z "$(guests)" ]
    check "ended by SIG$1" $? "exit code $rc; left: $(ls -A "$TMPDIR") $(guests); $(tail -2 "$tmp/out" | tr '\n' ' ')"
}

# shellcheck disable=SC2016 # evaluated there
stopped TERM '[ -n "$(guests)" ]'
# shellcheck disable=SC2016
stopped INT '[ -s "$tmp/aa/suites.jsonl" ]'
kept=$(wc -l <"$tmp/aa/suites.jsonl")
python3 -c 'import json, sys; [json.loads(l) for l in open(sys.argv[1])]' "$tmp/aa/suites.jsonl" && [ "$kept" -ge 1 ]
check 'whole lines are kept' $?
expect 'what is kept is not measured again' 0 "suites without a difference that alarm: 0 of $kept " timeout 60 ci/aa --tier det --suites "$kept" --controls 0 -o "$tmp/aa"
[ "$(wc -l <"$tmp/aa/suites.jsonl")" = "$kept" ] && ! grep -q 'no difference' "$tmp/out"
check 'and nothing is added' $?
python3 - <<'P'
import contextlib, importlib.machinery, importlib.util, io, sys
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader('aa', 'ci/aa')
aa = importlib.util.module_from_spec(importlib.util.spec_from_loader('aa', loader))
loader.exec_module(aa)
# none and all have a closed form; one of ten by its tails
known = {(96, 0): (0, 1 - 0.025 ** (1 / 96)), (22, 22): (0.025 ** (1 / 22), 1), (10, 1): (0.0025286, 0.4450161)}
bad = {nk: aa.interval(*nk) for nk, want in known.items() if any(abs(a - b) > 1e-6 for a, b in zip(aa.interval(*nk), want))}
# (controls that count, found; of how many) and the exit code: 1 also where another row alarms, however few count
def code(steady, found, all_, alarms=()):
    control = {"control": ("pipe", 3), "percent": 3, "moved": 0, "rows": 7}
    suites = [dict(control, alarms=alarms, found=i < found, noise=0.0 if i < steady else 0.5) for i in range(all_)]
    with contextlib.redirect_stdout(io.StringIO()):
        return aa.report("tcg", suites)
codes = {(3, 3, 20): 77, (9, 9, 20): 77, (10, 10, 20): 0, (20, 20, 20): 0, (20, 18, 20): 1, (1, 1, 1): 0, (0, 0, 1): 77, (3, 3, 20, ("x",)): 1}
wrong = {k: code(*k) for k, want in codes.items() if code(*k) != want}
print('ok aa: too few controls are no result' if not wrong else f'not ok aa: too few controls are no result: {wrong}')
print('ok aa: its intervals' if not bad else f'not ok aa: its intervals: {bad}')
P
