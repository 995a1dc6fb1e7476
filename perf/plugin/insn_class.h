/*
 * insn_class.h: what an instruction is, from its bytes: a marker, or one of the operations that cost
 * more on hardware than an instruction count shows. Knows encodings only.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MARK_MAGIC 0xC1BEu
#define KERNEL_HALF 0xffff800000000000ull

/* The last three, from EV_BY_ACCESS on, are accesses to devices: seen when they run, not by insn_event(). */
#define EVENTS(X)                                                                          \
    X(cr3_writes) X(tlb_flushes) X(locked_kernel) X(locked_user) X(port_io) X(msr_writes)  \
    X(simd_kernel) X(halts) X(pauses) X(fences) X(syscalls) X(sysrets) X(irets) X(cr_writes) \
    X(mmio_reads) X(mmio_writes) X(ipis)

#define X(n) EV_##n,
enum event { EVENTS(X) EV_MAX, EV_BY_ACCESS = EV_mmio_reads };
#undef X
extern const char *const event_names[EV_MAX];

/* Region number of a marker (docs/result-protocol.md), 0 when it is none. */
unsigned marker_region(const uint8_t *p, size_t n);
/* Where control goes after it, a value of enum flow (perf/plugin/call_stack.h); *target: the address that a direct jump or call names,
 * else 0. vaddr is the instruction's own address; size its whole length, all of which is in p. */
int insn_flow(const uint8_t *p, size_t size, uint64_t vaddr, uint64_t *target);
/* An event, or -1, of 64-bit code. An instruction has one event: what is locked is nothing else. kernel: the instruction lies in the kernel's half of the address space. */
int insn_event(const uint8_t *p, size_t n, bool kernel);
/* Counts an access to a device in the last three of counts[EV_MAX]. IPIs are those of an APIC in memory: a VM that counts has no x2APIC. */
void add_io_access(uint64_t *counts, bool store, uint64_t vaddr);
