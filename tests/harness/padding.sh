#!/usr/bin/env bash
# The positive control of the workloads that measure values of their own, and of storm and forkjoin: asked for N instructions more a round, the
# row moves by about N; one without padding says so.
prefix='padding: '
. "$(dirname "$0")/steps.bash"

n=1001
rows='request/8 message/8 cyclic/4 cyclic/1-rt-storm pipe/hog deadline/90 storm/2 storm/64 forkjoin'
pads=()
for w in $rows; do pads+=(--set "workloads.$w.pad=$n"); done
run() { # NAME OPTION...: all of them on CloudOS
    local name=$1
    shift
    # shellcheck disable=SC2086 # names
    timeout 280 "$cb" run $rows --tier det --scale 0.5 -k cloudos --set policy.run.rows_per_boot.alone=24 -o "$tmp/runs" --format json "$@" >"$tmp/$name.json" 2>"$tmp/$name.err"
    check "$name runs" $? "$(tail -3 "$tmp/$name.err" | tr '\n' ' ')"
}
run plain
run padded "${pads[@]}"

# moved WORKLOAD METRIC LOW HIGH: by how much, as a part of the padding.
moved() {
    python3 - "$tmp" "$n" "$@" >"$tmp/out" 2>&1 <<'P'
import json, sys
tmp, n, workload, metric, low, high = sys.argv[1:]
plain, padded = ([r["value"] for r in json.load(open(f"{tmp}/{name}.json"))["rows"] if (r["workload"], r["metric"]) == (workload, metric)][0]
                 for name in ("plain", "padded"))
print(f"{plain:g} to {padded:g}")
sys.exit(not float(low) <= (padded - plain) / float(n) <= float(high))
P
    check "$1 moves by what was added" $?
}
moved request/8 p50_ns 0.9 1.3
moved message/8 each_ns 0.9 1.3 # its percentiles wait for other workers' work
moved cyclic/4 p50_ns 0.9 1.3
moved cyclic/1-rt-storm p50_ns 0.9 1.3
moved pipe/hog p50_ns 0.9 1.3
moved deadline/90 response_ppm 0.05 1.3 # 1,001 ns are 91 to 200 millionths of a period
moved storm/2 instructions 0.9 1.3
moved storm/64 instructions 0.9 1.3
moved forkjoin instructions 0.9 1.3
expect 'one that has none says so' 6 'this workload has no padding' "$cb" run fair/nice --tier det --scale 0.2 -k cloudos --set workloads.fair/nice.pad=$n -o "$tmp/runs"
