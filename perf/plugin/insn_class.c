/* insn_class.c: decodes as much of x86-64 as the classes need: prefixes, opcode, ModRM. */
#include "perf/plugin/insn_class.h"

#include "perf/plugin/call_stack.h"

#include <string.h>

#define X(n) #n,
const char *const event_names[EV_MAX] = {EVENTS(X)};
#undef X

struct decoded {
    bool lock, two_byte, vex;
    uint8_t op, modrm, prefix; /* prefix: 66, F2, F3 or 0 */
};

static struct decoded decode(const uint8_t *p, size_t n)
{
    struct decoded d = {0};
    size_t i = 0;
    for (; i < n; i++) {
        if (p[i] == 0xf0) {
            d.lock = true;
        } else if (p[i] == 0x66 || p[i] == 0xf2 || p[i] == 0xf3) {
            d.prefix = p[i];
        } else if (p[i] != 0x67 && p[i] != 0x2e && p[i] != 0x36 && p[i] != 0x3e && p[i] != 0x26 &&
                   p[i] != 0x64 && p[i] != 0x65 && (p[i] & 0xf0) != 0x40) {
            break;
        }
    }
    if (i < n && (p[i] == 0xc4 || p[i] == 0xc5 || p[i] == 0x62)) {
        d.vex = true;
        return d;
    }
    if (i < n && p[i] == 0x0f) {
        d.two_byte = true;
        i++;
    }
    d.op = i < n ? p[i] : 0;
    d.modrm = i + 1 < n ? p[i + 1] : 0;
    return d;
}

/* The SSE, SSE2 and MMX parts of the 0F map. */
static bool is_simd(const struct decoded *d)
{
    uint8_t op = d->op;
    return d->vex || (d->two_byte && ((op >= 0x10 && op <= 0x17) || (op >= 0x28 && op <= 0x2f) ||
                                      (op >= 0x50 && op <= 0x7f && op != 0x77) || op == 0xc2 ||
                                      (op >= 0xc4 && op <= 0xc6) || op >= 0xd0) &&
                      op != 0xff);
}

static int classify_two_byte(const struct decoded *d)
{
    switch (d->op) {
    case 0x22:
        return (d->modrm >> 3 & 7) == 3 ? EV_cr3_writes : EV_cr_writes;
    case 0x01:
        return d->modrm < 0xc0 && (d->modrm >> 3 & 7) == 7 ? EV_tlb_flushes : -1;
    case 0x38: /* invpcid: 66 0F 38 82 */
        return d->prefix == 0x66 && d->modrm == 0x82 ? EV_tlb_flushes : -1;
    case 0x30:
        return EV_msr_writes;
    case 0x05:
        return EV_syscalls;
    case 0x07:
        return EV_sysrets;
    case 0xae:
        return d->modrm >= 0xe8 ? EV_fences : -1;
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
    case 0x90:
        return d->prefix == 0xf3 ? EV_pauses : -1;
    default:
        return -1;
    }
}

/* xchg with memory locks without a prefix. */
static bool is_locked(const struct decoded *d)
{
    return d->lock || (!d->vex && !d->two_byte && (d->op == 0x86 || d->op == 0x87) && d->modrm < 0xc0);
}

int insn_event(const uint8_t *p, size_t n, bool kernel)
{
    struct decoded d = decode(p, n);
    if (is_locked(&d))
        return kernel ? EV_locked_kernel : EV_locked_user;
    if (kernel && is_simd(&d))
        return EV_simd_kernel;
    if (d.vex)
        return -1;
    return d.two_byte ? classify_two_byte(&d) : classify_one_byte(&d);
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

static int flow_two_byte(const struct decoded *d, const uint8_t *p, size_t size, uint64_t vaddr, uint64_t *target)
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
    if (d.two_byte)
        return flow_two_byte(&d, p, size, vaddr, target);
    if ((d.op >= 0x70 && d.op <= 0x7f) || (d.op >= 0xe0 && d.op <= 0xe3) || d.op == 0xeb) {
        *target = displaced(p, size, vaddr, 1);
        return FLOW_JUMP;
    }
    switch (d.op) {
    case 0xe8: case 0xe9:
        *target = displaced(p, size, vaddr, 4);
        return d.op == 0xe8 ? FLOW_CALL : FLOW_JUMP;
    case 0xff:
        return (d.modrm >> 3 & 6) == 2 ? FLOW_CALL : (d.modrm >> 3 & 6) == 4 ? FLOW_JUMP : FLOW_ON;
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
