/*
 * insn_class.c: decodes as much of 64-bit code as the classes need: prefixes, opcode map, opcode, ModRM. EVEX is decoded, though QEMU
 * emulates no AVX-512; XOP is not (neither QEMU nor a newer CPU has it).
 */
#include "perf/plugin/insn_class.h"

#include "perf/plugin/call_stack.h"

#include <string.h>

#define X(n) #n,
const char *const event_names[EV_MAX] = {EVENTS(X)};
#undef X

enum opcode_map { MAP_ONE_BYTE, MAP_0F, MAP_0F38, MAP_0F3A };

struct decoded {
    bool lock, vex, rex_b; /* vex: VEX or EVEX */
    uint8_t map, op, modrm, prefix; /* prefix: the mandatory one, 66, F2, F3 or 0, of VEX and EVEX too */
};

static uint8_t byte_at(const uint8_t *p, size_t n, size_t i)
{
    return i < n ? p[i] : 0;
}

static bool is_segment_or_address_size(uint8_t b)
{
    return b == 0x67 || b == 0x2e || b == 0x36 || b == 0x3e || b == 0x26 || b == 0x64 || b == 0x65;
}

/* Takes the prefixes; returns where the opcode begins. A REX counts only as the last one; F2 and F3 go before 66. */
static size_t take_prefixes(struct decoded *d, const uint8_t *p, size_t n)
{
    size_t i = 0;
    for (; i < n; i++) {
        bool rex = (p[i] & 0xf0) == 0x40;
        if (p[i] == 0xf0) {
            d->lock = true;
        } else if (p[i] == 0xf2 || p[i] == 0xf3 || (p[i] == 0x66 && !d->prefix)) {
            d->prefix = p[i];
        } else if (p[i] != 0x66 && !rex && !is_segment_or_address_size(p[i])) {
            break;
        }
        d->rex_b = rex && (p[i] & 1);
    }
    return i;
}

/* C5 pp; C4 map pp; 62 map pp byte: then opcode and ModRM. Returns where the opcode is. */
static size_t take_vex(struct decoded *d, const uint8_t *p, size_t n, size_t i)
{
    static const uint8_t prefixes[4] = {0, 0x66, 0xf3, 0xf2};
    bool two = p[i] == 0xc5, evex = p[i] == 0x62;
    d->vex = true;
    d->map = two ? MAP_0F : byte_at(p, n, i + 1) & (evex ? 7 : 0x1f);
    d->prefix = prefixes[byte_at(p, n, i + (two ? 1 : 2)) & 3];
    return i + (two ? 2 : evex ? 4 : 3);
}

static size_t take_map(struct decoded *d, const uint8_t *p, size_t n, size_t i)
{
    if (byte_at(p, n, i) != 0x0f) {
        return i;
    }
    uint8_t next = byte_at(p, n, i + 1);
    d->map = next == 0x38 ? MAP_0F38 : next == 0x3a ? MAP_0F3A : MAP_0F;
    return i + (d->map == MAP_0F ? 1 : 2);
}

static struct decoded decode(const uint8_t *p, size_t n)
{
    struct decoded d = {0};
    size_t i = take_prefixes(&d, p, n);
    uint8_t first = byte_at(p, n, i);
    i = first == 0xc4 || first == 0xc5 || first == 0x62 ? take_vex(&d, p, n, i) : take_map(&d, p, n, i);
    d.op = byte_at(p, n, i);
    d.modrm = byte_at(p, n, i + 1);
    return d;
}

static bool is_memory(const struct decoded *d)
{
    return d->modrm < 0xc0;
}

static unsigned reg_field(const struct decoded *d)
{
    return d->modrm >> 3 & 7;
}

/*
 * What reads or writes MM, XMM, YMM, ZMM, mask or tile registers, by map. Not what only sets them up or puts them away (EMMS, LDMXCSR,
 * XSAVE), nor what has a vector encoding and works on general registers (BMI; MOVNTI, CRC32, MOVBE, ADCX).
 */
static bool is_simd_0f(const struct decoded *d)
{
    uint8_t op = d->op;
    if (op == 0x78 || op == 0x79) { /* SSE4A; without a prefix VMREAD, VMWRITE */
        return d->prefix != 0;
    }
    return op == 0x0f /* 3DNow! */ || (op >= 0x10 && op <= 0x17) || (op >= 0x28 && op <= 0x2f) || (op >= 0x50 && op <= 0x7f && op != 0x77) ||
           op == 0xc2 || (op >= 0xc4 && op <= 0xc6) || (op >= 0xd0 && op != 0xff);
}

/* 80 to 82 INVEPT to INVPCID, F0 to F9 MOVBE to MOVDIRI. */
static bool is_simd_0f38(const struct decoded *d)
{
    return d->op < 0x80 || (d->op >= 0xc8 && d->op <= 0xdf);
}

static bool is_simd_vex(const struct decoded *d)
{
    switch (d->map) {
    case MAP_0F:
        return d->op != 0xae; /* VLDMXCSR, VSTMXCSR */
    case MAP_0F38:
        return d->op < 0xf2 || d->op > 0xf7; /* ANDN, BLSR, BZHI, PDEP, MULX, BEXTR, SHLX and theirs */
    case MAP_0F3A:
        return d->op != 0xf0; /* RORX */
    default:
        return true;
    }
}

static bool is_simd(const struct decoded *d)
{
    if (d->vex) {
        return is_simd_vex(d);
    }
    switch (d->map) {
    case MAP_0F:
        return is_simd_0f(d);
    case MAP_0F38:
        return is_simd_0f38(d);
    case MAP_0F3A:
        return d->op < 0xf0; /* HRESET */
    default:
        return false;
    }
}

static int classify_0f(const struct decoded *d)
{
    switch (d->op) {
    case 0x22:
        return reg_field(d) == 3 ? EV_cr3_writes : EV_cr_writes;
    case 0x01:
        return is_memory(d) && reg_field(d) == 7 ? EV_tlb_flushes : -1; /* INVLPG */
    case 0x30:
        return EV_msr_writes;
    case 0x05:
        return EV_syscalls;
    case 0x07:
        return EV_sysrets;
    case 0xae: /* LFENCE, MFENCE, SFENCE; with a prefix others (INCSSP, UMWAIT) */
        return d->modrm >= 0xe8 && !d->prefix ? EV_fences : -1;
    default:
        return -1;
    }
}

static int classify_one_byte(const struct decoded *d)
{
    switch (d->op) {
    case 0xe4: case 0xe5: case 0xe6: case 0xe7: case 0xec: case 0xed: case 0xee: case 0xef:
    case 0x6c: case 0x6d: case 0x6e: case 0x6f:
        return EV_port_io;
    case 0xf4:
        return EV_halts;
    case 0xcf:
        return EV_irets;
    case 0x90: /* with REX.B it is XCHG with R8 */
        return d->prefix == 0xf3 && !d->rex_b ? EV_pauses : -1;
    default:
        return -1;
    }
}

static int classify(const struct decoded *d)
{
    switch (d->map) {
    case MAP_ONE_BYTE:
        return classify_one_byte(d);
    case MAP_0F:
        return classify_0f(d);
    case MAP_0F38:
        return d->op == 0x82 && d->prefix == 0x66 ? EV_tlb_flushes : -1; /* INVPCID */
    default:
        return -1;
    }
}

/* xchg with memory locks without a prefix. */
static bool is_locked(const struct decoded *d)
{
    return d->lock || (!d->vex && d->map == MAP_ONE_BYTE && (d->op == 0x86 || d->op == 0x87) && is_memory(d));
}

int insn_event(const uint8_t *p, size_t n, bool kernel)
{
    struct decoded d = decode(p, n);
    if (is_locked(&d))
        return kernel ? EV_locked_kernel : EV_locked_user;
    if (is_simd(&d))
        return kernel ? EV_simd_kernel : -1;
    return d.vex ? -1 : classify(&d);
}

void add_io_access(uint64_t *counts, bool store, uint64_t vaddr)
{
    if (!store) {
        counts[EV_mmio_reads]++;
        return;
    }
    counts[EV_mmio_writes]++;
    counts[EV_ipis] += (vaddr & 0xfff) == 0x300; /* the low half of the local APIC's ICR sends */
}

/* The signed displacement in the last n bytes, from the instruction's end on. */
static uint64_t displaced(const uint8_t *p, size_t size, uint64_t vaddr, size_t n)
{
    int8_t near = (int8_t)p[size - 1];
    int32_t far = 0;
    if (n == 1)
        return vaddr + size + near;
    memcpy(&far, p + size - 4, 4);
    return vaddr + size + far;
}

static int flow_0f(const struct decoded *d, const uint8_t *p, size_t size, uint64_t vaddr, uint64_t *target)
{
    if (d->op >= 0x80 && d->op <= 0x8f) {
        *target = displaced(p, size, vaddr, 4);
        return FLOW_JUMP;
    }
    return d->op == 0x07 || d->op == 0x35 ? FLOW_LEAVE : FLOW_ON; /* sysret, sysexit */
}

int insn_flow(const uint8_t *p, size_t size, uint64_t vaddr, uint64_t *target)
{
    struct decoded d = decode(p, size);
    *target = 0;
    if (d.vex)
        return FLOW_ON;
    if (d.map == MAP_0F)
        return flow_0f(&d, p, size, vaddr, target);
    if (d.map != MAP_ONE_BYTE)
        return FLOW_ON;
    if ((d.op >= 0x70 && d.op <= 0x7f) || (d.op >= 0xe0 && d.op <= 0xe3) || d.op == 0xeb) {
        *target = displaced(p, size, vaddr, 1);
        return FLOW_JUMP;
    }
    switch (d.op) {
    case 0xe8: case 0xe9:
        *target = displaced(p, size, vaddr, 4);
        return d.op == 0xe8 ? FLOW_CALL : FLOW_JUMP;
    case 0xff:
        return (reg_field(&d) & 6) == 2 ? FLOW_CALL : (reg_field(&d) & 6) == 4 ? FLOW_JUMP : FLOW_ON;
    case 0xc2: case 0xc3:
        return FLOW_RETURN;
    case 0xca: case 0xcb: /* far return: to a place that no near call left */
        return FLOW_JUMP;
    case 0xcf:
        return FLOW_LEAVE;
    default:
        return FLOW_ON;
    }
}

/* 0F 1F 84 00 imm32 with the magic in the high half: the region, else 0. */
unsigned marker_region(const uint8_t *p, size_t n)
{
    static const uint8_t nop[4] = {0x0f, 0x1f, 0x84, 0x00};
    if (n != 8 || memcmp(p, nop, 4) != 0 || (p[6] | p[7] << 8) != MARK_MAGIC) {
        return 0;
    }
    return (unsigned)(p[4] | p[5] << 8);
}
