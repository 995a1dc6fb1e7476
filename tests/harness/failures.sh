#!/usr/bin/env bash
# Guests that misbehave: panic, hang, early end, garbage on the result port; interruption; nothing is left behind.
# Guests are Linux with a static busybox script as /init, so that only the harness is tested.
. "$(dirname "$0")/steps.bash"

# guest NAME: an initramfs whose /init is the script on stdin.
guest() {
    local d=$tmp/$1.d
    mkdir -p "$d/bin" "$d/dev"
    cp "${CLOUDOS_CACHE:-.cache}/busybox/root/bin/busybox" "$d/bin/busybox"
    ln -sf busybox "$d/bin/sh"
    { echo '#!/bin/sh'; echo 'b=/bin/busybox; $b mount -t devtmpfs d /dev'; cat; } >"$d/init"
    chmod 755 "$d/init"
    (cd "$d" && find . | cpio -o -H newc --quiet >"$tmp/$1.cpio")
}

leftovers() {
    ls -A "$TMPDIR"
    pgrep -f "$tmp/.*cpio" | while read -r pid; do
        [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = qemu-system-x86 ] && echo "qemu $pid"
    done
}

# suffer NAME CODE PATTERN GUEST OPTIONS...: expect, of a run on that guest; and nothing is left behind.
suffer() {
    local name=$1 code=$2 pattern=$3 initrd=$tmp/$4.cpio rc=0 left kernel=linux
    shift 4
    [ "${1:-}" = -k ] && kernel=$2 && shift 2
    timeout 120 "$cb" run syscall -k "$kernel" --tier tcg -b 1 -t 1 -o "$tmp/runs" --initrd "$initrd" "$@" \
        >"$tmp/out" 2>&1 </dev/null || rc=$?
    left=$(leftovers)
    verdict "$name" "$rc" "$code" "$pattern" || return
    if [ -n "$left" ]; then
        echo "not ok $name: left behind: $left"
    else
        echo "ok $name"
    fi
}

# said NAME PATTERN: the last run said that, too.
said() { grep -qE -- "$2" "$tmp/out"; check "$1" $?; }

echo '$b echo boom >/dev/kmsg; exit 1' | guest panic
echo '$b printf "panic: \377\n" >/dev/console; $b sleep 1000' | guest latin
echo 'echo here I stand; while :; do :; done' | guest busy
echo 'echo here I sleep; $b sleep 1000000' | guest idle
echo '$b poweroff -f' | guest early
echo 'echo "this is no record" >/dev/ttyS1; $b sleep 1000' | guest garbage
echo '$b dd if=/dev/urandom of=/dev/ttyS1 bs=1k count=64 2>/dev/null; $b sleep 1000' | guest noise
echo '$b stty raw </dev/ttyS1; echo "@CB1 x 0 {\"type\":\"done\"} 00000000" >/dev/ttyS1; $b sleep 1000' | guest forged
echo '$b mkdir -p /proc; $b mount -t proc p /proc; run=$($b sed "s/.*bench \([^ ]*\) .*/\1/" /proc/cmdline); $b stty raw </dev/ttyS1; $b printf "@CB1 %s 0 {\"type\":\"boot\",\"uptime" "$run" >/dev/ttyS1; $b sleep 1; $b poweroff -f' | guest cut
echo '$b mkdir -p /proc; $b mount -t proc p /proc; run=$($b sed "s/.*bench \([^ ]*\) .*/\1/" /proc/cmdline); $b stty raw </dev/ttyS1; $b printf "@CB1 %s 0 {\"type\":\"boot\",\"uptime\n" "$run" >/dev/ttyS1; $b sleep 1000' | guest truncated
head -c 65536 /dev/urandom >"$tmp/nonsense.cpio"

suffer 'panic is reported with its reason' 6 'the kernel panicked: Attempted to kill init' panic -q
said 'panic shows the end of the console' 'end of its console'
suffer 'a reason that is not UTF-8' 6 'the kernel panicked: \?' latin -q
suffer 'busy hang' 6 'the guest hangs' busy --deadline 12
said 'a hang shows the end of the console' 'here I stand'
suffer 'idle hang' 6 'the guest hangs' idle --deadline 12
suffer 'early power-off' 6 'ended the VM before it was done' early
suffer 'garbage on the result port' 6 'garbage on the result port: not a record: "this is no record' garbage
suffer 'noise on the result port' 6 'garbage on the result port' noise
suffer 'a forged record' 6 'garbage on the result port' forged
suffer 'a record that is cut off' 6 'ended the VM before it was done' cut
suffer 'a truncated record' 6 'garbage on the result port: not a record: "@CB1 r[0-9a-f]* 0 ' truncated
suffer 'a nonsense initramfs' 6 'the kernel panicked' nonsense

# A workload that crashes, or that says nothing: the project's initramfs with one program replaced.
replaced() {
    local d=$tmp/$1.r
    mkdir -p "$d/bench"
    { echo '#!/bin/sh'; cat; } >"$d/bench/syscall"
    chmod 755 "$d/bench/syscall"
    { cat build/initramfs.cpio; (cd "$d" && find bench | cpio -o -H newc --quiet); } >"$tmp/$1.cpio"
}
echo 'kill -SEGV $$' | replaced crash
echo 'exit 0' | replaced silent
suffer 'a workload that crashes' 6 'killed by signal 11' crash
suffer 'a workload that says nothing' 6 'garbage on the result port|gave no result|out of sequence' silent
if [ -e build/cloudos.elf ]; then
    suffer 'a workload that crashes on CloudOS' 6 'killed by signal 11' crash -k cloudos
    # It ends its VM with a code of its own, which with a warning of QEMU's looks like QEMU's.
    printf '#!/bin/sh\necho "qemu: warning: it is Monday" >&2\nexec qemu-system-x86_64 "$@"\n' >"$tmp/warning-qemu"
    chmod 755 "$tmp/warning-qemu"
    suffer 'a panic of CloudOS under a QEMU that warns' 6 'the kernel panicked' nonsense -k cloudos --qemu "$tmp/warning-qemu"
fi

# A failed row never has a number, and the run says so.
python3 - "$tmp/runs" <<'P'
import glob, json, sys
runs = [json.load(open(f)) for f in glob.glob(sys.argv[1] + '/*/run.json')]
rows = [row for run in runs for row in run['rows'] if not row['workload'].startswith('canary')]
ok = rows and all(r['status'] == 'failed' and 'value' not in r and r['reason'] for r in rows)
print('ok failed rows have no number' if ok else 'not ok failed rows have no number')
tails = all(b.get('console_tail') is not None for run in runs for b in run['boots'] if b['status'] != 'ok')
print('ok failed boots keep the end of the console' if tails else 'not ok failed boots keep the end of the console')
P

# The image of a kernel that is no kernel.
mkdir -p "$tmp/root/build/lib"
cp -r configs "$tmp/root"
ln -s "$PWD/.cache" "$tmp/root/.cache"
head -c 65536 /dev/urandom >"$tmp/root/build/cloudos.elf"
rc=0
CLOUDBENCH_ROOT=$tmp/root timeout 60 "$cb" run syscall -k cloudos --tier tcg -b 1 --deadline 10 -o "$tmp/runs2" \
    --initrd "$tmp/early.cpio" >"$tmp/out" 2>&1 || rc=$?
if [ "$rc" = 5 ] || [ "$rc" = 6 ]; then
    echo 'ok a nonsense kernel image'
else
    echo "not ok a nonsense kernel image: exit code $rc"
fi

# The virtual machines of ours; machine PID: until one runs, or the harness has ended.
below() { for p in $(pgrep qemu-system); do case $(readlink "/proc/$p/cwd") in "$TMPDIR"/*) echo "qemu $p" ;; esac; done; }
machine() {
    for _ in $(seq 600); do
        [ -z "$(below)" ] && kill -0 "$1" 2>/dev/null || break
        sleep 0.05
    done
    [ -n "$(below)" ]
}

# Interruption: QEMU, sockets and the unfinished run's folder go; the code is 130.
for signal in INT TERM HUP; do
    "$cb" run syscall -k linux --tier tcg -b 1 -o "$tmp/runs3" --initrd "$tmp/idle.cpio" >"$tmp/out" 2>&1 </dev/null &
    pid=$!
    machine $pid
    ran=$?
    kill -s $signal $pid
    wait $pid
    rc=$?
    left=$(leftovers)$(ls -A "$tmp/runs3" 2>/dev/null)
    [ "$ran" = 0 ] && [ "$rc" = 130 ] && [ -z "$left" ]
    check "interrupted by SIG$signal" $? "a machine ran: $ran, exit code $rc, left: $left; $(tail -1 "$tmp/out")"
done

# A boot that is being stopped already is not interrupted, but the run is: this QEMU says what is no record, and does not end when it is told to.
cat >"$tmp/stuck-qemu" <<S
#!/bin/sh
case \$* in *-kernel*) ;; *) exec qemu-system-x86_64 "\$@" ;; esac
echo 'this is no record' >results.out
echo x >"$tmp/stuck"
exec sleep 1000
S
chmod 755 "$tmp/stuck-qemu"
"$cb" run syscall -k linux --tier tcg -b 3 -o "$tmp/runs6" --initrd "$tmp/idle.cpio" --qemu "$tmp/stuck-qemu" >"$tmp/out" 2>&1 </dev/null &
pid=$!
for _ in $(seq 600); do
    [ -e "$tmp/stuck" ] || ! kill -0 $pid 2>/dev/null && break
    sleep 0.05
done
sleep 0.5
kill -TERM $pid
wait $pid
rc=$?
[ "$rc" = 130 ] && [ -e "$tmp/stuck" ] && grep -q '1 of 3 rounds are kept' "$tmp/out" && [ -z "$(leftovers)" ]
check 'interrupted while a boot is being stopped' $? "exit code $rc; $(leftovers); $(tail -2 "$tmp/out" | tr '\n' ' ')"

# The other verbs that boot: wherever they are when the signal comes, nothing is left.
interrupted() { # VERB OPTIONS...
    local left rc pid ran
    "$cb" "$@" >"$tmp/out" 2>&1 </dev/null &
    pid=$!
    machine "$pid"
    ran=$?
    kill -s TERM "$pid"
    wait "$pid"
    rc=$?
    sleep 0.2
    left=$(ls -A "$TMPDIR")$(below)
    [ "$ran" = 0 ] && [ "$rc" = 130 ] && [ -z "$left" ]
    check "interrupted: $1" $? "a machine ran: $ran, exit code $rc, left: $left; $(tail -1 "$tmp/out")"
}
interrupted scale syscall --cpus 1,2 --tier tcg -k linux -o "$tmp/runs5"
interrupted profile pipe -k linux
interrupted trace pipe -k cloudos -o "$tmp/trace.json"
interrupted tune linux-sched -o "$tmp/tune5"
if ci/qemu >/dev/null 2>&1; then interrupted lines fork -k linux -o "$tmp/runs5"; fi

# Killed without warning: QEMU dies with us; the next run sweeps the folder.
"$cb" run syscall -k linux --tier tcg -b 1 -o "$tmp/runs4" --initrd "$tmp/idle.cpio" >"$tmp/out" 2>&1 </dev/null &
pid=$!
machine $pid
ran=$?
kill -KILL $pid
wait $pid 2>/dev/null
for _ in $(seq 100); do
    [ -n "$(leftovers | grep '^qemu')" ] || break
    sleep 0.05
done
[ "$ran" = 0 ] && [ -z "$(leftovers | grep '^qemu')" ]
check 'QEMU dies with a killed cloudbench' $? "a machine ran: $ran; $(leftovers)"
suffer 'the next run sweeps what a killed one left' 6 'ended the VM' early

# So does the cloudbench that a verb started: it ends as by a signal, with its QEMU and its unfinished run; what is left is swept by the next start.
# Who executed /proc/self/exe is called "exe".
ours() { for p in $(pgrep 'cloudbench|qemu-system|^exe$'); do tr '\0' '\n' 2>/dev/null <"/proc/$p/environ" | grep -qxF "TMPDIR=$TMPDIR" && echo "$p"; done; }
killed() { # VERB OPTIONS..., which measure into $tmp/VERB
    local left pid ran
    touch "$tmp/before"
    "$cb" "$@" >"$tmp/out" 2>&1 </dev/null &
    pid=$!
    machine "$pid"
    ran=$?
    kill -KILL "$pid"
    wait "$pid" 2>/dev/null
    for _ in $(seq 400); do
        [ -n "$(ours)" ] || break
        sleep 0.05
    done
    left=$(ours)
    # shellcheck disable=SC2086 # numbers
    [ -z "$left" ] || kill $left
    "$cb" gc --runs "$tmp/$1" >/dev/null 2>&1
    left=$left$(ls -A "$TMPDIR")$(find "$tmp/$1" -newer "$tmp/before" \( -name 'boot-*' -o -name 'round-*' -o -name 'partial.json*' \) -printf ' %p')
    [ "$ran" = 0 ] && [ -z "$left" ]
    check "killed: $1" $? "a machine ran: $ran, left: $left"
}
killed scale syscall --cpus 1,2 --tier tcg -k linux -o "$tmp/scale"
killed tune linux-sched -o "$tmp/tune"
"$cb" run syscall -k linux --tier det --scale 0.01 -q -o "$tmp/gate" >/dev/null 2>&1
"$cb" gate --runs "$tmp/gate" -k linux --baseline "$tmp/base.json" --accept >/dev/null 2>&1
python3 - "$tmp/base.json" <<'P'
import json, sys
base = json.load(open(sys.argv[1]))
for row in base['rows']:
    row['accepted'] = [v / 2 for v in row['accepted']]
json.dump(base, open(sys.argv[1], 'w'))
P
killed gate --runs "$tmp/gate" -k linux --baseline "$tmp/base.json" --confirm
