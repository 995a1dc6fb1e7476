#!/usr/bin/env bash
# What compare and gate say of made runs, and by which exit code: rows that one run lacks, kernels that failed. Boots nothing.
prefix='verdicts: '
. "$(dirname "$0")/steps.bash"

# made NAME JSON: a run of the tier det with these rows, [workload, kernel, value or status] each.
made() {
    mkdir -p "$tmp/runs/$1"
    python3 - "$tmp/runs/$1/run.json" "$@" <<'P'
import json, sys
path, name, rows = sys.argv[1:4]
def row(w, k, v):
    r = {'workload': w, 'kernel': k, 'metric': 'instructions', 'unit': 'instructions/op', 'status': v if isinstance(v, str) else 'ok', 'samples': []}
    return r | ({'reason': 'made so'} if isinstance(v, str) else {'value': v, 'samples': [{'status': 'ok', 'value': v}]})
rows = [row(*r) for r in json.loads(rows)]
kernels = {r['kernel']: {'family': r['kernel'].split('-')[0], 'label': r['kernel']} for r in rows}
json.dump({'schema': 'cloudbench-run/1', 'id': name, 'created': '2026-01-01T00:00:00Z', 'tier': 'det', 'tier_why': 'x',
           'topology': {'name': '1', 'cpus': 1, 'memory_mb': 512, 'nodes': []},
           'identity': {'qemu': {'version': '7.2'}, 'kernels': kernels}, 'boots': [], 'rows': rows}, open(path, 'w'))
P
}
compare() { echo "$cb compare --runs $tmp/runs"; }
gate() { echo "$cb gate --runs $tmp/runs"; }

made few '[["pipe", "cloudos", 1000]]'
made more '[["pipe", "cloudos", 1000], ["fork", "cloudos", 5000]]'
made bad '[["pipe", "cloudos", 1000], ["fork", "cloudos", "failed"]]'
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
    expect 'two Linux that CloudOS beats' 0 '^pipe .* ahead ' $(compare) both --strict
    expect 'one of them failed: not strictly' 3 '^pipe .* ahead .*linux-2 failed' $(compare) one-dies --strict
    expect 'and without --strict it is only said' 0 '^pipe .* ahead .*linux-2 failed' $(compare) one-dies
    expect 'what a kernel does not have is no failure' 0 '^pipe .* ahead ' $(compare) one-lacks --strict
}
