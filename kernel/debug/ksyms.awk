# Symbol map of the kernel: reads `nm -n cloudos.elf` of the first link, writes assembly for the second.
# Only text moves into the table, and the table lies behind the text: both links have the same text addresses.
BEGIN { n = 0 }
$3 == "__text_start" { start = $1; seen = 1; next }
$3 == "__text_end" { end = $1; seen = 0 }
seen && $2 ~ /^[tTwW]$/ && $3 !~ /^[.$]/ && $1 != last { addr[n] = $1; name[n++] = $3; last = $1 }
END {
    print ".section .ksymtab,\"a\""
    print ".balign 8\n.globl ksym_count, ksym_offsets, ksym_names, ksym_strings"
    print "ksym_count: .long " n + 0
    print "ksym_offsets:"
    for (i = 0; i < n; i++)
        print ".long 0x" addr[i] " - 0x" start
    print ".long 0x" end " - 0x" start
    print "ksym_names:"
    for (i = 0; i < n; i++) {
        print ".long " pos + 0
        pos += length(name[i]) + 1
    }
    print "ksym_strings:"
    for (i = 0; i < n; i++)
        print ".asciz \"" name[i] "\""
    print ".section .note.GNU-stack,\"\",@progbits"
}
