/* Proves kernel/arch/x86/asm_offsets.h against the C structures. Holds no code. */
#include "kernel/arch/x86/asm_offsets.h"
#include "kernel/arch/x86/ptregs.h"
#include "kernel/task/task.h"

#define CHECK(symbol, type, member) _Static_assert((symbol) == offsetof(type, member), #symbol)

CHECK(TASK_WORK, struct task_struct, work);
CHECK(TASK_STACK, struct task_struct, stack);
CHECK(TASK_SP, struct task_struct, sp);
CHECK(PT_BX, struct pt_regs, bx);
CHECK(PT_AX, struct pt_regs, ax);
CHECK(PT_CX, struct pt_regs, cx);
CHECK(PT_DI, struct pt_regs, di);
CHECK(PT_ORIG_AX, struct pt_regs, orig_ax);
CHECK(PT_IP, struct pt_regs, ip);
CHECK(PT_CS, struct pt_regs, cs);
CHECK(PT_FLAGS, struct pt_regs, flags);
CHECK(PT_SP, struct pt_regs, sp);
CHECK(PT_SS, struct pt_regs, ss);
_Static_assert(PT_BYTES == sizeof(struct pt_regs), "pt_regs");
