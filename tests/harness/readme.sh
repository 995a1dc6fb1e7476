#!/usr/bin/env bash
# The QEMU command of the README, word for word, with an initramfs that holds only a static busybox and a script as /init.
set -u
cd "$(dirname "$0")/../.." || exit 1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
command=$(sed -n 's/^    \(qemu-system-x86_64 .*\)$/\1/p' README.md)
case $command in
*' -initrd ANY.cpio.gz '*) ;;
*) echo "not ok README has the QEMU command: $command"; exit 1 ;;
esac
tests/boot/make-initrd busybox build/initramfs.cpio "${CLOUDOS_CACHE:-.cache}/busybox/root/bin/busybox" "$tmp/any.cpio.gz"
rc=0
eval "timeout 120 ${command/ANY.cpio.gz/$tmp/any.cpio.gz}" >"$tmp/out" 2>&1 </dev/null || rc=$?
if [ "$rc" = 0 ] && grep -q '^plain-init pipes' "$tmp/out"; then
    echo 'ok the QEMU command of the README'
else
    echo "not ok the QEMU command of the README: exit code $rc; $(tail -n 3 "$tmp/out" | tr '\n' ' ')"
fi
for path in $(grep -oE '`(kernel|percpu|lockfree|docs|bench|perf|configs|ci|tests)/[A-Za-z0-9_/.-]*`' README.md | tr -d '`' | sort -u); do
    [ -e "$path" ] || { echo "not ok README names $path"; exit 1; }
done
echo 'ok what the README names is there'
if grep -qaF "$PWD" build/initramfs.cpio; then
    echo "not ok the initramfs is the same wherever it is built: it names $PWD"
else
    echo 'ok the initramfs is the same wherever it is built'
fi
