// What an instruction is, by its bytes (as GNU as assembles them); what an access to a device is. The names of what is seen by access stand
// last, so that a plugin which does not watch can leave them out.
#include "perf/plugin/insn_class.h"
#include "perf/util/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

struct encoding {
    const char *text, *bytes; // bytes: in hexadecimal
    int kernel, user;         // the event in each half
};

#define NONE(text, bytes)         {text, bytes, -1, -1}
#define BOTH(text, bytes, event)  {text, bytes, EV_##event, EV_##event}
#define LOCKED(text, bytes)       {text, bytes, EV_locked_kernel, EV_locked_user}
#define SIMD(text, bytes)         {text, bytes, EV_simd_kernel, -1}

static const struct encoding encodings[] = {
    LOCKED("lock incl (%rax)", "f0 ff 00"),
    LOCKED("lock xaddq %rcx,(%rdx), REX.W", "f0 48 0f c1 0a"),
    LOCKED("lock cmpxchg %r9w,%gs:(%r8): segment, operand size, REX", "65 66 f0 45 0f b1 08"),
    LOCKED("lock cmpxchg16b (%rsi)", "f0 48 0f c7 0e"),
    LOCKED("xchg %rax,(%rdi): without a prefix", "48 87 07"),
    LOCKED("xchg %al,(%r12)", "41 86 04 24"),
    LOCKED("xacquire xchg %eax,(%rdi)", "f2 87 07"),
    NONE("xchg %rax,%rdi: registers", "48 87 c7"),
    NONE("cmpxchg %ecx,(%rdx): not locked", "0f b1 0a"),

    BOTH("mov %rax,%cr3", "0f 22 d8", cr3_writes),
    BOTH("mov %r8,%cr3: REX.B", "41 0f 22 d8", cr3_writes),
    BOTH("mov %rax,%cr4", "0f 22 e0", cr_writes),
    BOTH("mov %rax,%cr8: REX.R", "44 0f 22 c0", cr_writes),
    NONE("mov %cr3,%rax: a read", "0f 20 d8"),
    BOTH("invlpg (%rax)", "0f 01 38", tlb_flushes),
    BOTH("invlpg (%r9)", "41 0f 01 39", tlb_flushes),
    NONE("swapgs: the same opcode, a register", "0f 01 f8"),
    NONE("lgdt (%rax)", "0f 01 10"),
    BOTH("invpcid (%rsp),%rax", "66 0f 38 82 04 24", tlb_flushes),
    BOTH("invpcid (%r8),%rbx: REX", "66 41 0f 38 82 18", tlb_flushes),
    NONE("invept (%rsp),%rax", "66 0f 38 80 04 24"),

    BOTH("wrmsr", "0f 30", msr_writes),
    NONE("rdmsr", "0f 32"),
    BOTH("out %al,(%dx)", "ee", port_io),
    BOTH("in $0x60,%ax", "66 e5 60", port_io),
    BOTH("rep outsb", "f3 6e", port_io),
    BOTH("hlt", "f4", halts),
    BOTH("iretq", "48 cf", irets),
    BOTH("syscall", "0f 05", syscalls),
    BOTH("sysretq", "48 0f 07", sysrets),
    BOTH("pause", "f3 90", pauses),
    NONE("nop", "90"),
    NONE("xchg %ax,%ax", "66 90"),
    NONE("xchg %r8,%rax after F3: REX.B", "f3 49 90"),
    BOTH("lfence", "0f ae e8", fences),
    BOTH("mfence", "0f ae f0", fences),
    BOTH("sfence", "0f ae f8", fences),
    NONE("incsspq %rax: F3", "f3 48 0f ae e8"),
    NONE("umwait %eax: F2", "f2 0f ae f0"),
    NONE("clflush (%rdi)", "0f ae 3f"),

    SIMD("movups (%rax),%xmm0", "0f 10 00"),
    SIMD("movdqa %xmm9,(%r10): 66, REX", "66 45 0f 7f 0a"),
    SIMD("paddb %mm1,%mm0", "0f fc c1"),
    SIMD("extrq $2,$1,%xmm0: SSE4A", "66 0f 78 c0 01 02"),
    SIMD("lddqu (%rax),%xmm0", "f2 0f f0 00"),
    SIMD("pfadd %mm1,%mm0: 3DNow!", "0f 0f c1 9e"),
    SIMD("pshufb %mm1,%mm0: 0F38", "0f 38 00 c1"),
    SIMD("pshufb %xmm1,%xmm0", "66 0f 38 00 c1"),
    SIMD("pshufb (%r8),%xmm9: REX", "66 45 0f 38 00 08"),
    SIMD("aesenc %xmm1,%xmm0", "66 0f 38 dc c1"),
    SIMD("sha256rnds2 %xmm0,%xmm1,%xmm0", "0f 38 cb c1"),
    SIMD("palignr $3,%xmm1,%xmm0: 0F3A", "66 0f 3a 0f c1 03"),
    SIMD("pclmulqdq $0,%xmm1,%xmm0", "66 0f 3a 44 c1 00"),
    SIMD("aeskeygenassist $1,%xmm1,%xmm0", "66 0f 3a df c1 01"),
    SIMD("sha1rnds4 $1,%xmm1,%xmm0", "0f 3a cc c1 01"),
    NONE("movbe (%rax),%ecx: 0F38", "0f 38 f0 08"),
    NONE("crc32q %rax,%rcx", "f2 48 0f 38 f1 c8"),
    NONE("adcx %rax,%rcx", "66 48 0f 38 f6 c8"),
    NONE("movnti %rax,(%rdi)", "48 0f c3 07"),
    NONE("emms", "0f 77"),
    NONE("ldmxcsr (%rax)", "0f ae 10"),
    NONE("xsave64 (%rdi)", "48 0f ae 27"),
    NONE("vmread %rax,%rbx", "0f 78 c3"),
    NONE("popcnt %rax,%rcx", "f3 48 0f b8 c8"),
    NONE("ud0 (%rax),%ecx", "0f ff 08"),
    NONE("nopl 0x0(%rax,%rax,1)", "0f 1f 44 00 00"),
    NONE("movzbl (%rax),%edx", "0f b6 10"),

    SIMD("vmovups (%rax),%ymm0: VEX2", "c5 fc 10 00"),
    SIMD("vpxor %xmm1,%xmm2,%xmm3: VEX2", "c5 e9 ef d9"),
    SIMD("vzeroupper", "c5 f8 77"),
    SIMD("vmovdqa (%r8),%xmm0: VEX3", "c4 c1 79 6f 00"),
    SIMD("vpshufb %xmm1,%xmm0,%xmm0: 0F38", "c4 e2 79 00 c1"),
    SIMD("vfmadd231ps %xmm1,%xmm0,%xmm2", "c4 e2 79 b8 d1"),
    SIMD("vpgatherqq %xmm2,(%rax,%xmm1,1),%xmm0", "c4 e2 e9 91 04 08"),
    SIMD("vpclmulqdq $0,%xmm1,%xmm0,%xmm0: 0F3A", "c4 e3 79 44 c1 00"),
    SIMD("vpaddd %zmm1,%zmm0,%zmm2: EVEX", "62 f1 7d 48 fe d1"),
    NONE("vldmxcsr (%rax)", "c5 f8 ae 10"),
    NONE("andn %rax,%rbx,%rcx: BMI1", "c4 e2 e0 f2 c8"),
    NONE("blsr %rax,%rcx", "c4 e2 f0 f3 c8"),
    NONE("bextr %rax,%rbx,%rcx", "c4 e2 f8 f7 cb"),
    NONE("bzhi %rax,%rbx,%rcx: BMI2", "c4 e2 f8 f5 cb"),
    NONE("mulx %rax,%rbx,%rcx", "c4 e2 e3 f6 c8"),
    NONE("shlx %rax,(%r8),%rcx", "c4 c2 f9 f7 08"),
    NONE("rorx $1,%rax,%rcx: 0F3A", "c4 e3 fb f0 c8 01"),

    NONE("mov $0x870f,%ax: an opcode in the immediate", "66 b8 0f 87"),
    NONE("mov (%rax),%r8: a load", "4c 8b 00"),
};

static size_t bytes_of(const char *hex, uint8_t bytes[16])
{
    size_t n = 0;
    for (char *end; *hex; hex = end)
        bytes[n++] = (uint8_t)strtoul(hex, &end, 16);
    return n;
}

static void each_encoding(void **state)
{
    size_t bad = 0;
    (void)state;
    for (size_t i = 0; i < sizeof(encodings) / sizeof(*encodings); i++) {
        const struct encoding *e = &encodings[i];
        uint8_t bytes[16];
        size_t n = bytes_of(e->bytes, bytes);
        int kernel = insn_event(bytes, n, true), user = insn_event(bytes, n, false);
        if (kernel == e->kernel && user == e->user)
            continue;
        bad++;
        print_error("%s: %s in the kernel, %s in user code\n", e->text, kernel < 0 ? "nothing" : event_names[kernel], user < 0 ? "nothing" : event_names[user]);
    }
    assert_int_equal(bad, 0);
}

// The bytes may end anywhere: nothing behind them is read.
static void cut_short(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(encodings) / sizeof(*encodings); i++) {
        uint8_t bytes[16];
        size_t n = bytes_of(encodings[i].bytes, bytes);
        for (size_t cut = 0; cut < n; cut++) {
            uint8_t *copy = malloc(cut ? cut : 1); // exactly: a sanitizer or Valgrind sees what is read behind it
            memcpy(copy, bytes, cut);
            assert_in_range(insn_event(copy, cut, true) + 1, 0, EV_MAX);
            free(copy);
        }
    }
}

static void accesses_to_devices(void **state)
{
    uint64_t n[EV_MAX] = {0};
    (void)state;
    add_io_access(n, false, 0xffffffffff5fc300); // a read of the ICR sends nothing
    add_io_access(n, true, 0xffffffffff5fc310);  // its high half
    add_io_access(n, true, 0xffffffffff5fc0b0);  // end of interrupt
    add_io_access(n, true, 0xffffffffff5fc300);
    assert_int_equal(n[EV_mmio_reads], 1);
    assert_int_equal(n[EV_mmio_writes], 3);
    assert_int_equal(n[EV_ipis], 1);
}

static void seen_by_access_stand_last(void **state)
{
    (void)state;
    assert_int_equal(EV_MAX - EV_BY_ACCESS, 3);
    assert_string_equal(event_names[EV_BY_ACCESS], "mmio_reads");
    assert_string_equal(event_names[EV_MAX - 1], "ipis");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_encoding), cmocka_unit_test(cut_short), cmocka_unit_test(accesses_to_devices),
                                       cmocka_unit_test(seen_by_access_stand_last)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
