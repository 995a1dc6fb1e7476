/* Resource usage as user space sees it (getrusage(2)), and the sums behind it. */
#pragma once
#include "kernel/signal/signal.h"

struct rusage {
    struct timeval ru_utime, ru_stime;
    long ru_maxrss, ru_ixrss, ru_idrss, ru_isrss, ru_minflt, ru_majflt, ru_nswap, ru_inblock,
        ru_oublock, ru_msgsnd, ru_msgrcv, ru_nsignals, ru_nvcsw, ru_nivcsw;
};
_Static_assert(sizeof(struct rusage) == 144, "Linux's struct rusage");

void rusage_add_task(struct rusage_acc *sum, struct task_struct *t);
void rusage_add(struct rusage_acc *sum, const struct rusage_acc *more);
/* The whole process of t: ended and living threads, each once. Any context; takes no lock. */
void rusage_of_threads(struct rusage_acc *sum, struct task_struct *t);
void process_cputime(struct task_struct *t, u64 *utime, u64 *stime);
void rusage_of_process(struct rusage_acc *sum, struct task_struct *t);
void rusage_to_user_form(struct rusage *to, const struct rusage_acc *from);
