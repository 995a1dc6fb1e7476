/* explain.c: traces that a person can read: thread, operation, file and line, the name of the place, the value. Used when a failure is
 * replayed; finds lines with addr2line, names by explore_name and the program's symbol table. */
#include "lockfree/explorer/engine.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void explore_name(const void *p, size_t size, unsigned count, const char *name)
{
    struct name *n;

    if (E->names == sizeof(E->name) / sizeof(E->name[0]))
        return;
    n = &E->name[E->names++];
    n->addr = (uintptr_t)p;
    n->size = size;
    n->count = count;
    snprintf(n->text, sizeof(n->text), "%s", name);
}

static const struct name *name_of(uintptr_t addr)
{
    const struct name *best = NULL;

    for (unsigned i = 0; i < E->names; i++) {
        const struct name *n = &E->name[i];

        if (addr >= n->addr && addr < n->addr + n->size * n->count && (!best || n->size < best->size))
            best = n;
    }
    return best;
}

const char *explain_place(uintptr_t addr, unsigned size, char *text, size_t n)
{
    const struct name *name = name_of(addr);
    unsigned t = (unsigned)((addr - (uintptr_t)E->stack) / STACK_BYTES);

    if (name) {
        size_t at = addr - name->addr, in = at % name->size;
        int used = name->count > 1 ? snprintf(text, n, "%s[%zu]", name->text, at / name->size) : snprintf(text, n, "%s", name->text);

        if (in && used > 0 && (size_t)used < n)
            snprintf(text + used, n - (size_t)used, "+%zu", in);
    } else if (addr >= (uintptr_t)E->stack && t < THREADS) {
        snprintf(text, n, "stack of T%u at %#lx", t, addr % STACK_BYTES);
    } else if (addr >= (uintptr_t)E->region && addr < (uintptr_t)E->region + E->region_bytes) {
        snprintf(text, n, "global+%#lx/%u", addr - (uintptr_t)E->region, size);
    } else {
        snprintf(text, n, "%#lx/%u", addr, size);
    }
    return text;
}

static const char *value_text(uint64_t v, char *text, size_t n)
{
    if (v > 4096 && name_of((uintptr_t)v))
        return explain_place((uintptr_t)v, 0, text, n);
    snprintf(text, n, v < 10 ? "%lu" : "%#lx", v);
    return text;
}

extern char __executable_start[];

static void print_line(uintptr_t pc)
{
    char command[160], line[256];
    FILE *f;

    snprintf(command, sizeof(command), "addr2line -i -s -e /proc/%d/exe %#lx", getpid(),
             pc - 1 - (uintptr_t)__executable_start);
    f = popen(command, "r");
    for (int i = 0; f && i < 2 && fgets(line, sizeof(line), f); i++) {
        line[strcspn(line, " \n")] = 0;
        printf("%s%s", i ? " < " : "", line);
    }
    if (f)
        pclose(f);
}

static const char *const rmw_names[] = {"xchg", "add", "sub", "and", "or", "xor", "nand"};

static void print_access(const struct request *r)
{
    char a[96], b[96], c[96];
    const char *place = explain_place(r->addr, r->size, a, sizeof(a));
    const char *value = value_text(r->value, b, sizeof(b)), *result = value_text(r->result, c, sizeof(c));

    switch (r->kind) {
    case REQ_PLAIN_READ:
        printf("plain read %s", place);
        break;
    case REQ_PLAIN_WRITE:
        printf("plain write %s", place);
        break;
    case REQ_LOAD:
        printf("load %s = %s", place, result);
        break;
    case REQ_STORE:
        printf("store %s := %s", place, value);
        break;
    case REQ_RMW:
        printf("%s %s, %s: was %s", rmw_names[r->rmw], place, value, result);
        break;
    case REQ_CAS:
        printf("cas %s := %s: %s, was %s", place, value, r->success ? "done" : "failed", result);
        break;
    case REQ_FENCE:
        printf("fence");
        break;
    case REQ_FREE:
        printf("free %s", place);
        break;
    default:
        printf("looks again");
    }
}

static const char *order_name(const struct request *r)
{
    static const char *const names[] = {"relaxed", "consume", "acquire", "release", "acq_rel", "full"};

    return r->kind >= REQ_LOAD && r->kind <= REQ_FENCE && r->order < 6 ? names[r->order] : "";
}

void explain_step(unsigned t, const struct request *r, const char *note)
{
    const struct thread *th = &E->w.thread[t];

    printf("  %*sT%u %-12s ", (int)(t * 2), "", t, th->begun ? E->op[t][th->begun - 1]->name : "");
    print_access(r);
    printf(" %s%s  [", order_name(r), note);
    print_line(r->pc);
    printf("]\n");
}

void explain_flush(unsigned t, const struct store *s)
{
    char a[96], b[96];

    printf("  %*sT%u buffer       %s := %s arrives in memory\n", (int)(t * 2), "", t,
           explain_place(s->addr, s->size, a, sizeof(a)), value_text(s->value, b, sizeof(b)));
}

void explain_op(unsigned t, const char *what, uint64_t result)
{
    const struct thread *th = &E->w.thread[t];
    unsigned k = th->begun - 1u;

    printf("  %*sT%u %-12s %s (operation %u)", (int)(t * 2), "", t, E->op[t][k]->name, what, E->serial[t][k]);
    if (what[0] == 'r')
        printf(": %#lx", result);
    printf("\n");
}
