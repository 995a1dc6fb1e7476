/*
 * What a task does between its last kernel action and user mode when current->work or the kick word asks:
 * give the CPU away, take signals, run task work. Called by entry.S with interrupts off; returns so.
 */
#include "kernel/arch/x86/switch.h"
#include "kernel/signal/signal.h"
#include "kernel/task/rseq.h"

void task_work_run(void) __weak;        /* deferred work of front FS, if there is any */
void exit_to_user_work(struct pt_regs *regs);
void exit_to_user_work(struct pt_regs *regs)
{
    for (;;) {
        u32 work = atomic_load_relaxed(&current->work);

        if (unlikely(work & TIF_SLICE) && rseq_slice_is_over(regs, work)) {
            rseq_slice_revoke();
            continue;
        }
        if (need_resched()) {
            if (rseq_slice_extends(regs, work))
                continue;
            local_irq_enable();
            preempt_now();
        } else if (work & TIF_NOTIFY) {
            local_irq_enable();
            clear_work(TIF_NOTIFY);
            if (task_work_run)
                task_work_run();
        } else if (work & (TIF_SIGPENDING | TIF_RESTORE_SIGMASK)) {
            local_irq_enable();
            do_signal(regs);
        } else if (work & TIF_RSEQ) { /* after signals: over a handler it is outside of any section */
            local_irq_enable();
            rseq_return_to_user(regs);
        } else {
            break;
        }
        local_irq_disable();
    }
    if (atomic_load_relaxed(&current->work))
        clear_work(TIF_FULL_RETURN | TIF_RESTORE_FPU | TIF_AFFINITY | TIF_SINGLESTEP);
}
