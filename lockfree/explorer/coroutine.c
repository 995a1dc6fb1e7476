/* coroutine.c: the threads of an execution as coroutines on stacks at fixed addresses. A switch saves the callee-saved registers
 * on the stack it leaves, so that a stack's bytes and its pointer are the whole thread. Must never leave a thread's stack in use
 * while the engine works: hooks do nothing but fill the request and yield. */
#include "lockfree/explorer/engine.h"

void coroutine_switch(void **save, void *load);
__asm__(".text\n"
        ".type coroutine_switch, @function\n"
        "coroutine_switch:\n"
        "    push %rbp\n"
        "    push %rbx\n"
        "    push %r12\n"
        "    push %r13\n"
        "    push %r14\n"
        "    push %r15\n"
        "    mov %rsp, (%rdi)\n"
        "    mov %rsi, %rsp\n"
        "    pop %r15\n"
        "    pop %r14\n"
        "    pop %r13\n"
        "    pop %r12\n"
        "    pop %rbx\n"
        "    pop %rbp\n"
        "    ret\n"
        ".size coroutine_switch, . - coroutine_switch\n");

void coroutine_start(unsigned t, void (*entry)(void))
{
    uint8_t *base = E->stack + (size_t)t * STACK_BYTES;
    void **sp = (void **)(base + STACK_BYTES - 64);

    __builtin_memset(base, 0, STACK_BYTES);
    *sp = NULL; /* entry never returns */
    *--sp = (void *)entry;
    sp -= 6;
    E->w.thread[t].sp = sp;
}

void coroutine_resume(unsigned t)
{
    E->current = t;
    E->inside = true;
    coroutine_switch(&E->sp, E->w.thread[t].sp);
    E->inside = false;
}

void coroutine_yield(void)
{
    if (E->inside)
        coroutine_switch(&E->w.thread[E->current].sp, E->sp);
    else
        step_outside(&E->req); /* a specification or observe: runs in the engine */
}
