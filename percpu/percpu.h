/* percpu.h: per-CPU variables. A variable lives in section .percpu; each CPU has its own copy on its own node at
 * (address of the variable + percpu_offset[cpu]); GS base holds the running CPU's offset.
 *
 * Access policy, stated beside each DEFINE_PER_CPU: NOMIGRATE (caller may not migrate), NOPREEMPT (preemption off),
 * NOIRQ (interrupts off), or ANYWHERE (a single instruction on the running CPU's copy).
 * this_cpu_* on scalars of 1..8 bytes is one instruction, safe against interrupts on the same CPU, not against others. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef CLOUDOS_KERNEL
#define DECLARE_PER_CPU(type, name) extern __typeof__(type) name
#define DEFINE_PER_CPU(type, name)  __attribute__((section(".percpu"), used)) __typeof__(type) name
extern uint64_t percpu_offset[]; /* set once at boot */
#define per_cpu_ptr(p, cpu) ((__typeof__(p))((char *)(p) + percpu_offset[cpu]))
#define per_cpu(name, cpu)  (*per_cpu_ptr(&(name), cpu))
#define this_cpu_offset() ({ uint64_t o_; __asm__("movq %%gs:this_cpu_off, %0" : "=r"(o_) : "m"(this_cpu_off)); o_; })
#define this_cpu_ptr(p)     ((__typeof__(p))((char *)(p) + this_cpu_offset()))
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
