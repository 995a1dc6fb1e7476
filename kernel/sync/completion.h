/* A one-shot (or counting) event. complete() may be called in any context; the object may die once the waiter returns. */
#pragma once
#include "kernel/sched/wait.h"
struct completion {
    u32 done;
    wait_queue_head_t wait;
};
void init_completion(struct completion *c);
void complete(struct completion *c);
void complete_all(struct completion *c);
void wait_for_completion(struct completion *c);
int wait_for_completion_killable(struct completion *c); /* 0 or -ERESTARTSYS */
