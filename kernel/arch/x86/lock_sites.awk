# Table of the lock prefixes in the kernel's text: reads `objdump -d` of the first link, writes assembly for the second. The table
# lies behind the text, so both links have the same addresses. Offsets are from KERNEL_BASE.
BEGIN { print ".section .lock_sites,\"a\"\n.balign 4\n.globl lock_sites, lock_sites_end\nlock_sites:" }
/^ffffffff8[0-9a-f]+:/ && /[\t ]lock / { at = $1; sub(/:/, "", at); print ".long 0x" at " - 0xffffffff80000000" }
END { print "lock_sites_end:\n.section .note.GNU-stack,\"\",@progbits" }
