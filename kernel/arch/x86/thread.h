/* struct thread_struct: the architecture's part of a task (guide). Owner: the task while it runs, the switch tail otherwise. */
#pragma once
#include "kernel/lib/types.h"
struct fpu_state; /* XSAVE area of the size that CPUID says, 64-byte aligned; kernel/arch/x86/fpu.h */
struct thread_struct {
    unsigned long fs_base;
    unsigned long gs_base; /* user GS */
    struct fpu_state *fpu; /* NULL until the task first uses the FPU */
    u32 fpu_last_cpu;
    unsigned long cr2, trap_nr, error_code; /* of the last user fault, for the signal frame */
    unsigned long debugreg[8];
};
