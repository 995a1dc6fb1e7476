#!/usr/bin/env bash
# What compare and gate say of made runs, and by which exit code: rows that one run lacks, kernels that failed, runs of two
# emulators. Boots nothing.
prefix='verdicts: '
. "$(dirname "$0")/steps.bash"

# made NAME JSON [TIER [QEMU]]: a run (det, QEMU 7.2) with these rows, [workload, kernel, value or status] each.
made() {
    mkdir -p "$tmp/runs/$1"
    python3 - "$tmp/runs/$1/run.json" "$@" <<'P'
import json, sys
path, name, rows, tier, qemu = (sys.argv[1:] + ['det', '7.2'][len(sys.argv) - 4:])[:5]
def row(w, k, v):
    metric, unit = ('misses', 'misses') if w == 'deadline' else ('instructions', 'instructions/op') if tier == 'det' else ('mean_ns', 'ns')
    r = {'workload': w, 'kernel': k, 'metric': metric, 'unit': unit, 'status': v if isinstance(v, str) else 'ok', 'samples': []}
    return r | ({'reason': 'made so'} if isinstance(v, str) else {'value': v, 'samples': [{'status': 'ok', 'value': v}]})
rows = [row(*r) for r in json.loads(rows)]
kernels = {r['kernel']: {'family': r['kernel'].split('-')[0], 'label': r['kernel']} for r in rows}
json.dump({'schema': 'cloudbench-run/1', 'id': name, 'created': '2026-01-01T00:00:00Z', 'tier': tier, 'tier_why': 'x',
           'topology': {'name': '1', 'cpus': 1, 'memory_mb': 512, 'nodes': []},
           'identity': {'qemu': {'version': qemu}, 'kernels': kernels}, 'boots': [], 'rows': rows}, open(path, 'w'))
P
}
compare() { echo "$cb compare --runs $tmp/runs"; }
gate() { echo "$cb gate --runs $tmp/runs"; }

made few '[["pipe", "cloudos", 1000]]'
made more '[["pipe", "cloudos", 1000], ["fork", "cloudos", 5000]]'
made bad '[["pipe", "cloudos", 1000], ["fork", "cloudos", "failed"]]'
made lost '[["no-such", "cloudos", 1000]]'
made found '[["no-such", "cloudos", 900]]'
made zero '[["pipe", "cloudos", 1000], ["deadline", "cloudos", 0]]'
made old-qemu '[["pipe", "cloudos", 1000]]' tcg 7.2.22
made new-qemu '[["pipe", "cloudos", 1000]]' tcg 10.0.2
made both '[["pipe", "linux", 1000], ["pipe", "linux-2", 1010], ["pipe", "cloudos", 500]]'
made one-dies '[["pipe", "linux", 1000], ["pipe", "linux-2", "failed"], ["pipe", "cloudos", 500]]'
made one-lacks '[["pipe", "linux", 1000], ["pipe", "linux-2", "unsupported"], ["pipe", "cloudos", 500]]'
# shellcheck disable=SC2046 # words
{
    expect 'a row that only the run has is new and passes' 0 '^fork .* new ' $(gate) more --baseline few
    expect 'one that only the baseline has is missing and does not' 3 '^fork .* missing ' $(gate) few --baseline more
    expect 'one that failed in the run is a failure' 6 '^fork .* failed ' $(gate) bad --baseline more
    expect 'even when the baseline lacks it' 6 '^fork .* failed ' $(gate) bad --baseline few
    expect 'what failed in the baseline was not accepted' 0 '^fork .* new ' $(gate) more --baseline bad
    expect 'a run against itself is not judged' 2 'few is held against itself' $(gate) few --baseline few
    expect 'nor under the name of its file' 2 'few is held against itself' $(gate) few --baseline "$tmp/runs/few/run.json"
    expect 'what cannot be confirmed is shown as it was judged' 2 '^no-such .* regressed' $(gate) lost --baseline found --confirm
    expect 'what is 0 is left out of a baseline, and said' 0 'deadline misses is 0 and left out' $(gate) zero --accept --baseline "$tmp/zero.json"
    expect 'the others are in it' 0 '^pipe .* same ' $(gate) zero --baseline "$tmp/zero.json"
    expect 'two Linux that CloudOS beats' 0 '^pipe .* ahead ' $(compare) both --strict
    expect 'one of them failed: not strictly' 3 '^pipe .* ahead .*linux-2 failed' $(compare) one-dies --strict
    expect 'and without --strict it is only said' 0 '^pipe .* ahead .*linux-2 failed' $(compare) one-dies
    expect 'times of two emulators are not compared unasked' 2 'different emulators \("QEMU 7.2.22" and "QEMU 10.0.2"\)' $(compare) old-qemu new-qemu
    expect 'asked, the table says so' 0 '^different emulators: a on QEMU 7.2.22, b on QEMU 10.0.2' $(compare) old-qemu new-qemu --across
    expect 'and so does each row' 0 '"emulator_b": "QEMU 10.0.2"' $(compare) old-qemu new-qemu --across --format json
    expect 'nor by the gate' 2 'different emulators' $(gate) old-qemu --baseline new-qemu
    expect 'what a kernel does not have is no failure' 0 '^pipe .* ahead ' $(compare) one-lacks --strict
}
