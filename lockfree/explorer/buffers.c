/* buffers.c: memory of 1 to 8 bytes, and the store buffers of TSO. While a thread runs, its buffered stores are laid over memory, so
 * that its own loads, plain ones too, see them; they are lifted before anybody else looks. */
#include "lockfree/explorer/engine.h"
#include <string.h>

uint64_t memory_read(uintptr_t addr, unsigned size)
{
    uint64_t v = 0;

    memcpy(&v, (const void *)addr, size);
    return v;
}

void memory_write(uintptr_t addr, unsigned size, uint64_t value)
{
    memcpy((void *)addr, &value, size);
}

void buffer_lay(unsigned t)
{
    for (unsigned i = 0; i < E->w.thread[t].stores; i++) {
        struct store *s = &E->w.buffer[t][i];

        s->saved = memory_read(s->addr, s->size);
        memory_write(s->addr, s->size, s->value);
    }
}

void buffer_lift(unsigned t)
{
    for (unsigned i = E->w.thread[t].stores; i-- > 0;) {
        struct store *s = &E->w.buffer[t][i];

        memory_write(s->addr, s->size, s->saved);
        s->saved = 0;
    }
}

/* The buffer is laid over memory, and stays so. */
void buffer_push(unsigned t, uintptr_t addr, unsigned size, uint64_t value, vclock msg)
{
    struct thread *th = &E->w.thread[t];
    struct store *s = &E->w.buffer[t][th->stores++];

    *s = (struct store){
        .addr = addr,
        .size = (uint8_t)size,
        .value = value,
        .saved = memory_read(addr, size),
        .msg = msg,
        .loc = (uint16_t)(loc_of(addr, size) - E->loc),
        .op = th->begun,
    };
    memory_write(addr, size, value);
}

bool buffer_overlaps(unsigned t, uintptr_t addr, unsigned size)
{
    for (unsigned i = 0; i < E->w.thread[t].stores; i++) {
        const struct store *s = &E->w.buffer[t][i];

        if (addr < s->addr + s->size && s->addr < addr + size)
            return true;
    }
    return false;
}

/* The oldest store arrives in memory. The buffer is lifted. */
void buffer_flush(unsigned t)
{
    struct thread *th = &E->w.thread[t];
    struct store *s = &E->w.buffer[t][0];

    memory_write(s->addr, s->size, s->value);
    E->w.meta[s->loc].sync = s->msg;
    th->stores--;
    memmove(s, s + 1, th->stores * sizeof(*s));
    memset(&E->w.buffer[t][th->stores], 0, sizeof(*s));
}
