/* percpu.h: per-CPU variables. A variable lives in section .percpu; each CPU has its own copy on its own node at
 * (address of the variable + percpu_offset[cpu]); GS base holds the running CPU's offset.
 *
 * Access policy, declared with each variable: where a pointer to the running CPU's copy may be taken and used.
 *   ANYWHERE   by single instructions only (this_cpu_read, _write, _add ...), or set once
 *   NOPREEMPT  preemption off: not used in interrupts
 *   NOIRQ      interrupts off
 * A policy is a part of the section, so a debug kernel knows it by the address: this_cpu_ptr checks it, also for a pointer that was handed
 * on. Other CPUs reach a copy by per_cpu and see what stands beside the variable. this_cpu_* on scalars of 1..8 bytes is one instruction,
 * safe against interrupts on the same CPU, not against other CPUs, and allowed under each policy. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef CLOUDOS_KERNEL
#define DECLARE_PER_CPU(type, name) extern __typeof__(type) name
#define PERCPU_ANYWHERE  ".percpu.anywhere"
#define PERCPU_NOPREEMPT ".percpu.nopreempt"
#define PERCPU_NOIRQ     ".percpu.noirq"
#define DEFINE_PER_CPU(type, name, policy) __attribute__((section(PERCPU_##policy), used)) __typeof__(type) name
extern uint64_t percpu_offset[]; /* set once at boot */
#define per_cpu_ptr(p, cpu) ((__typeof__(p))((char *)(p) + percpu_offset[cpu]))
#define per_cpu(name, cpu)  (*per_cpu_ptr(&(name), cpu))
#define this_cpu_offset() ({ uint64_t o_; __asm__("movq %%gs:this_cpu_off, %0" : "=r"(o_) : "m"(this_cpu_off)); o_; })
/* Of what is set once, or where any CPU's answer will do: no check. */
#define this_cpu_hint(p)    ((__typeof__(p))((char *)(p) + this_cpu_offset()))
#ifdef CLOUDOS_DEBUG
void percpu_check(const void *p); /* kernel/debug/percpu_check.c: panics where p's policy is broken */
#define this_cpu_ptr(p)     ({ __typeof__(p) p_ = (p); percpu_check(p_); this_cpu_hint(p_); })
#else
#define this_cpu_ptr(p)     this_cpu_hint(p)
#endif
#define this_cpu_read(name) ({ __typeof__(name) v_;                                                \
    __asm__ volatile("mov %%gs:%c1, %0" : "=r"(v_) : "i"(&(name)) : "memory"); v_; })
/* For values that never change while this context runs (current): the compiler may cache it. */
#define this_cpu_read_stable(name) ({ __typeof__(name) v_; __asm__("mov %%gs:%c1, %0" : "=r"(v_) : "i"(&(name))); v_; })
#define this_cpu_write(name, v) do { __typeof__(name) w_ = (v);                                    \
    __asm__ volatile("mov %0, %%gs:%c1" :: "r"(w_), "i"(&(name)) : "memory"); } while (0)
#define percpu_op_(op, name, v) do { switch (sizeof(name)) {                                       \
    case 4: __asm__ volatile(op "l %0, %%gs:%c1" :: "ri"((uint32_t)(v)), "i"(&(name)) : "memory", "cc"); break; \
    default: __asm__ volatile(op "q %0, %%gs:%c1" :: "re"((uint64_t)(v)), "i"(&(name)) : "memory", "cc"); } } while (0)
#define this_cpu_add(name, v) percpu_op_("add", name, v)
#define this_cpu_sub(name, v) percpu_op_("sub", name, v)
#define this_cpu_inc(name)    percpu_op_("add", name, 1)
#define this_cpu_dec(name)    percpu_op_("sub", name, 1)
DECLARE_PER_CPU(uint64_t, this_cpu_off); /* ANYWHERE: this CPU's own offset */
DECLARE_PER_CPU(uint32_t, cpu_number);   /* ANYWHERE: set once */
#define smp_processor_id() this_cpu_read(cpu_number)
#endif
