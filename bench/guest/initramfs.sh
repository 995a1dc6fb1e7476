#!/bin/sh
# Prints the list of the project's initramfs for mkinitramfs: busybox with its applet links, the
# init program, the workloads, the guest tests, and the few files that programs expect.
# Usage: initramfs.sh BUSYBOX GUEST_DIR ETC_DIR TESTS_DIR
set -eu
export LC_ALL=C
busybox=$1 guest=$2 etc=$3 tests=$4

for d in bin sbin usr usr/bin usr/sbin etc dev proc sys root bench tests var var/tmp run mnt; do
    echo "dir /$d 755"
done
echo "dir /tmp 1777"
echo "node /dev/console 600 5 1"
echo "node /dev/null 666 1 3"
for f in passwd group profile; do echo "file /etc/$f 644 $etc/$f"; done
echo "file /init 755 $guest/guest_init"
echo "file /bin/busybox 755 $busybox"
"$busybox" --list | sort | while read -r applet; do
    [ "$applet" = busybox ] || echo "link /bin/$applet busybox"
done
echo "link /sbin/init ../init"
for w in canary syscall yield ctx pipe futex fork exec thread fault hackbench share \
    cyclic message request fair deadline storm forkjoin migrate repair copies pull; do
    echo "file /bench/$w 755 $guest/work_$w"
done
echo "link /bench/vfork exec"
echo "file /bench/nop 755 $guest/nop"
for t in "$tests"/*; do
    [ ! -f "$t" ] || [ ! -x "$t" ] || echo "file /tests/${t##*/} 755 $t"
done
