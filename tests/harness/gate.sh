#!/usr/bin/env bash
# The gate end to end on CloudOS in the det tier: an accepted run passes, a padded workload is the one row that does not,
# confirmation measures again, reports can be read, exit codes hold.
. "$(dirname "$0")/steps.bash"

run() { $cb run syscall futex pipe -k cloudos --tier det --scale 0.25 -q -o "$tmp/runs" "$@" >/dev/null 2>&1; }
gate() { echo "$cb gate --runs $tmp/runs --baseline $tmp/base.json"; }

run
# shellcheck disable=SC2046 # words
expect 'a first baseline' 0 '^pipe +- -> ' $(gate) --accept
expect 'the run that was accepted passes' 0 '3 rows, 0 do not pass' $(gate)
run
expect 'the same again passes' 0 '3 rows, 0 do not pass' $(gate)
run --set workloads.futex.pad=301
expect 'what was slowed down does not pass, and nothing else' 3 '3 rows, 1 do not pass' $(gate) --junit "$tmp/j.xml" --markdown "$tmp/g.md"
expect 'it is the row that was slowed down' 3 '^futex +cloudos .*regressed' $(gate)
padded=$(ls "$tmp/runs" | tail -1)
expect 'it does not pass when measured again either' 3 '1 do not pass' $(gate) --confirm
first=$(ls "$tmp/runs" | head -1)
expect 'two runs' 3 '^futex .*regressed' $cb gate --runs "$tmp/runs" --baseline "$tmp/runs/$first" "$padded"
mkdir "$tmp/two"
cp -r "$tmp/runs/$first" "$tmp/two/"
check 'a run says its iterations' "$(grep -q '"iterations": 80000' "$tmp/runs/$first/run.json"; echo $?)"
expect 'the latest run against itself' 2 'is held against itself' $cb gate --runs "$tmp/two" --baseline latest
expect 'what is measured to confirm is not the baseline, as the latest run either' 3 '^futex .*regressed' $cb gate --runs "$tmp/two" --baseline latest --confirm "$tmp/runs/$padded/run.json"
beside() { $cb run futex -k cloudos --aa --tier det --scale 0.25 -q -o "$tmp/aa" "$@" >/dev/null 2>&1; }
beside
beside --set workloads.futex.pad=301
expect 'a run beside itself is confirmed by another' 3 '2 rows, 2 do not pass' $cb gate --runs "$tmp/aa" --baseline "$tmp/aa/$(ls "$tmp/aa" | head -1)" --confirm
check 'with both arms again' "$([ "$(ls "$tmp/aa" | wc -l)" = 3 ] && grep -q '"cloudos-again"' "$tmp/aa/$(ls "$tmp/aa" | tail -1)/run.json"; echo $?)"
expect 'another kernel' 2 'no kernel "linux"' $(gate) -k linux
# Counts that were measured otherwise are not held against those of the file, by the rule of two runs; a file that does not say how is taken as it is.
run --scale 0.1
expect 'another scale' 2 'different scales ."0.25" and "0.1".' $(gate)
expect 'nor is it accepted' 2 'different scales ."0.25" and "0.1".' $(gate) --accept
run -k twin --set kernels.twin.label=Twin --set kernels.twin.family=cloudos --set kernels.twin.image=build/cloudos.elf --set 'kernels.twin.cmdline=console=ttyS0 quiet nokaslr panic=-1'
expect 'rows that share a boot, as those of two kernels do' 2 'different boots ."each row alone" and "at most 24 rows".' $(gate)
run --set workloads.pipe.det=800
expect 'other iterations' 2 'different settings ."none" and "workloads.pipe.det=800".' $(gate)
python3 -c 'import json, sys
b = json.load(open(sys.argv[1]))
print("ok a baseline says how it was measured" if b["measured"] == {"scale": 0.25, "rows_per_boot": 1, "settings": [], "knobs": ""} and all(r["iterations"] for r in b["rows"]) else "not ok a baseline says: %s" % b)
del b["measured"]
json.dump(b, open(sys.argv[2], "w"))' "$tmp/base.json" "$tmp/old.json"
expect 'a file that does not say it' 0 'old.json does not say how its values were measured' $cb gate --runs "$tmp/runs" --baseline "$tmp/old.json" "$first"
expect 'no baseline' 2 'no run is called' $cb gate --runs "$tmp/runs" --baseline /nonexistent
# A machine without QEMU and without the right to install it: ci/gate says what is missing, and git bisect skips.
mkdir "$tmp/bare"
printf '#!/bin/sh\ncase $3 in qemu*) exit 1 ;; *) printf installed ;; esac\n' >"$tmp/bare/dpkg-query"
printf '#!/bin/sh\necho 1000\n' >"$tmp/bare/id"
printf '#!/bin/sh\nexit 1\n' >"$tmp/bare/sudo"
chmod +x "$tmp"/bare/*
expect 'without QEMU the gate says what to install' 125 'an administrator must run: .*qemu-system-x86' env PATH="$tmp/bare:$PATH" ci/gate
echo '{"schema":"cloudbench-baseline/1"}' >"$tmp/bad.json"
expect 'a damaged baseline' 2 'bad.json: the member "tier" is missing' $cb gate --runs "$tmp/runs" --baseline "$tmp/bad.json"
expect 'a report that cannot be written' 5 'cannot write' $(gate) --junit /nonexistent/x.xml "$first"
python3 - "$tmp" <<'P'
import sys, xml.etree.ElementTree as et
suite = et.parse(sys.argv[1] + '/j.xml').getroot()
bad = [c.get('name') for c in suite if c.find('failure') is not None]
ok = suite.get('tests') == '3' and bad == ['futex instructions'] and 'does not pass' in open(sys.argv[1] + '/g.md').read()
print('ok JUnit and Markdown' if ok else f'not ok JUnit and Markdown: {bad}')
P
