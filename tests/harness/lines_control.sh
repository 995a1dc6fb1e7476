#!/usr/bin/env bash
# A fault of known size in the kernel, seen by the lines tier: a debug kernel whose getppid adds one to one counter of all CPUs (boot option
# getppid_shared_counter) has one transfer a getppid and process, N a round of N, and --top names the counter and who writes it; the same kernel
# without the option has none. Without the newer QEMU (ci/qemu) there is nothing to test.
prefix='lines_control: '
. "$(dirname "$0")/steps.bash"

if ! ci/qemu >/dev/null 2>"$tmp/err"; then
    echo "skip lines_control: $(tail -1 "$tmp/err")"
    exit 0
fi
{ cmake --preset debug && ninja -C build-debug cloudos.elf; } >"$tmp/out" 2>&1
check 'the debug kernel is built' $?

# arm NAME OPTION: a kernel of this name, the debug one with the option.
args=()
arm() {
    args+=(-k "$1" --set "kernels.$1.label=$1" --set "kernels.$1.family=cloudos" --set "kernels.$1.image=build-debug/cloudos.elf"
        --set "kernels.$1.cmdline=console=ttyS0 quiet nokaslr panic=-1 $2")
}
arm plain ''
arm counted getppid_shared_counter
timeout 500 "$cb" lines getppid "${args[@]}" -t 2,8 --top 3 -o "$tmp/runs" --format json >"$tmp/lines.json" 2>"$tmp/out"
check 'both are counted' $?

python3 - "$tmp/lines.json" <<'P'
import json, sys
def check(name, ok, why=''):
    print(f'ok lines_control: {name}' if ok else f'not ok lines_control: {name}: {why}')
found = json.load(open(sys.argv[1]))
rows = {(r['kernel'], r['cpus']): r for r in found['rows']}
sites = {t['title']: t['sites'] for t in found['top']}
for n in (2, 8):
    kernel = {k: rows[k, n]['transfers'] - rows[k, n]['user_transfers'] for k in ('plain', 'counted')}
    check(f'{n} processes share nothing without the counter', kernel['plain'] == 0, kernel)
    check(f'with it {n} transfers a round of {n} processes', round(kernel['counted'] * n, 3) == n, kernel)
    top = sites[f'getppid on counted, {n} CPUs']
    check(f'its name and its writer, {n} CPUs', [(s['data'], s['code'].split()[0], s['met_code'].split()[0], s['lines']) for s in top] ==
          [('getppid_shared_counter', 'shared_counter_count', 'shared_counter_count', 1)], top)
P
