/* fuzz_host.c: how a failed assertion of a structure ends a fuzz target: with the place and the object. Host only. */
#include "lockfree/env.h"
#include "lockfree/fuzz.h"

void lockfree_fail(const char *expr, const char *file, int line, const void *object)
{
    dprintf(2, "%s:%d: %s: object %p\n", file, line, expr, object);
    abort();
}

void lockfree_misuse(const char *what, const void *object, const void *before, const void *now)
{
    dprintf(2, "misuse: %s: object %p, before at %p, now at %p\n", what, object, before, now);
    abort();
}
