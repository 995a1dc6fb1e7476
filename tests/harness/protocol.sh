#!/usr/bin/env bash
# The guest's side of docs/result-protocol.md, on Linux under icount: framing, sequence and CRC of the records, order of the
# markers, the plugin's count against the TSC, exact repetition, a workload that fails its check, one that does not exist;
# and the initramfs, which must be the same bytes when it is made again.
. "$(dirname "$0")/../../ci/lib.sh"
tmp=$(mktemp -d /tmp/protocol.XXXXXX)
trap 'rm -rf "$tmp"' EXIT
bad=0

check() {
    local name=$1
    shift
    if "$@"; then echo "ok protocol.$name"; else echo "not ok protocol.$name"; bad=1; fi
}

plain=syscall:100+syscall:200 padded=syscall:100:pad=31+syscall:200:pad=31
boot() {
    timeout 240 qemu-system-x86_64 -machine q35 -accel tcg,thread=single -icount shift=0,sleep=off -cpu max,-erms,-fsrm \
        -rtc base=2024-01-01T00:00:00,clock=vm -seed 1 -nodefaults -no-user-config -nic none -display none -no-reboot -m 1024 \
        -plugin "$ROOT/build/lib/cloudbench-count-v1.so,out=$tmp/count.$1" -serial null -serial "file:$tmp/port.$1" \
        -kernel "$CACHE/linux/6.1/vmlinux" -initrd "$ROOT/build/initramfs.cpio" \
        -append "console=ttyS0 quiet nokaslr norandmaps mitigations=off tsc=reliable panic=-1 -- bench r7 syscall:1000+syscall:2000 ctx/3bad:5 nosuch:1 fork:20 pipe:300:cpus=0,0:laps $plain+$plain+$plain $padded+$padded+$padded yield:300:laps+fault/touch:300:laps+fault/cow:300:laps+hackbench:40:laps fair/nice:5:pad=31+syscall:100:laps:pad_ns=5000"
}

crc_of() { printf '%s' "$1" | gzip -c | tail -c 8 | head -c 4 | od -An -tx4 | tr -d ' '; }

records_are_framed() {
    local line body seq=0
    while read -r line; do
        body=${line#@CB1 }
        [ "$body" != "$line" ] || return 1
        [ "$(crc_of "${body% *}")" = "${body##* }" ] || return 1
        case $body in "r7 $seq {"*) ;; *) return 1 ;; esac
        seq=$((seq + 1))
    done <"$tmp/port.1"
    [ "$seq" -ge 10 ]
}

marks() { awk '$1 == "marker" { printf "%s", $2 }' "$tmp/count.1"; }

# Instructions between markers 1 and 2 against TSC ticks of the record, of the second workload.
counts_agree() {
    local insns ticks
    insns=$(awk '$1 == "marker" && $2 == 1 { b[++n] = $4 } $1 == "marker" && $2 == 2 { e[n] = $4 } END { print e[2] - b[2] }' "$tmp/count.1")
    ticks=$(sed -n 's/.*"iters": *2000,.*"tsc_begin": *\([0-9]*\),"tsc_end": *\([0-9]*\).*/\2 \1/p' "$tmp/port.1" | awk 'NR == 1 { printf "%d", $1 - $2 }')
    [ $((ticks - insns)) -ge -64 ] && [ $((ticks - insns)) -le 64 ] && [ "$insns" -gt 400000 ]
}

# Instructions of a window, by its number.
window() { awk -v n="$1" '$1 == "marker" && $2 == 1 { b[++k] = $4 } $1 == "marker" && $2 == 2 { e[k] = $4 } END { print e[n] - b[n] }' "$tmp/count.1"; }

# The median of the three slopes between windows N and N + 1, N + 2 and N + 3, ...
slope() { for i in 0 2 4; do echo $(($(window $(($1 + i + 1))) - $(window $(($1 + i))))); done | sort -n | sed -n 2p; }

# 100 more iterations with and without padding differ by exactly the padding; a timer tick may hit one slope of three.
padding_is_exact() { [ $(($(slope 11) - $(slope 5))) = 3100 ]; }

# 5 microseconds more a call, by the TSC; under icount a tick of it is a nanosecond.
waiting_is_exact() {
    sed -n 's/.*"workload":"syscall","iters": *100,.*"tsc_begin": *\([0-9]*\),"tsc_end": *\([0-9]*\).*"timer".*/\2 \1/p' "$tmp/port.1" |
        awk '{ each = ($1 - $2) / 100; ok = each > 5100 && each < 5600 } END { exit !ok }'
}

# The counts of the histogram add up to the iterations, those of the slices to no more than the window; of a fault's mapping and
# forking lie outside of its laps.
laps_add_up() {
    python3 - "$tmp/port.1" <<'P'
import json, sys
seen = {}
for line in open(sys.argv[1]):
    r = json.loads(line[line.index('{'):line.rindex('}') + 1])
    if 'laps' in r:
        counts = [int(c.split(':')[1]) if ':' in c else 1 for c in r['laps']['hist'].split()[3:]]
        window = r['tsc_end'] - r['tsc_begin']
        least = {'pipe': 0.9, 'yield': 0.9, 'syscall': 0.9, 'hackbench': 0.001}.get(r['workload'], 0.1)
        seen[r['workload']] = sum(counts) == r['iters'] and r['iters'] in (300, 40, 100) and len(r['laps']['slices']) == 32 and least * window < sum(r['laps']['slices']) <= window
sys.exit(seen != dict.fromkeys(('pipe', 'yield', 'fault/touch', 'fault/cow', 'hackbench', 'syscall'), True))
P
}

boot 1 && boot 2
check records_are_framed records_are_framed
# two of syscall, ctx/3bad and nosuch without a window, fork, pipe, twelve of syscall, yield, two of fault, hackbench, fair, syscall
expected_marks=3124312434343124$(printf "%.0s3124" 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19)
check markers_in_order test "$(marks)" = $expected_marks
check unwatched_is_not_written sh -c "grep -q '^count halts' '$tmp/count.1' && ! grep -qE '^(count|sum) (ipis|mmio_)' '$tmp/count.1'"
check plugin_agrees_with_tsc counts_agree
check two_runs_are_identical cmp <(grep -E '^(marker|count)' "$tmp/count.1") <(grep -E '^(marker|count)' "$tmp/count.2")
check padding_is_exact padding_is_exact
check laps_add_up laps_add_up
check waiting_is_exact waiting_is_exact
check padding_unknown_is_told grep -q '"workload":"fair/nice".*"check":"this workload has no padding"' "$tmp/port.1"
check failed_check_is_told grep -q '"workload":"ctx/3bad".*"check":"bad variant' "$tmp/port.1"
check failed_check_exits_1 grep -q '"type":"exit","workload":"ctx/3bad","status":1' "$tmp/port.1"
check missing_workload_exits_127 grep -q '"type":"exit","workload":"nosuch","status":127' "$tmp/port.1"
check done_counts_all grep -q '"type":"done","n":24}' "$tmp/port.1"
check initramfs_is_reproducible sh -c "'$ROOT/build/bench/mkinitramfs' <'$ROOT/build/initramfs.list' | cmp - '$ROOT/build/initramfs.cpio'"
[ "$bad" = 0 ]
