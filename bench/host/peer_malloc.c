/* peer_malloc.c: the allocators of glibc, jemalloc and mimalloc, with an object's size known at compile time. jemalloc and mimalloc are
 * loaded beside the program's own malloc, so that the other rows keep glibc's; each call goes through a pointer, as it would through
 * the linker's table. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include "bench/host/alloc_subject.h"

struct allocator {
    void *(*get)(size_t bytes);
    void (*put)(void *p);
};

static struct allocator jemalloc, mimalloc;

static void load(struct allocator *a, const char *library, const char *get, const char *put)
{
    void *handle = a->get ? NULL : dlopen(library, RTLD_NOW | RTLD_LOCAL);

    if (a->get)
        return;
    if (!handle) {
        fprintf(stderr, "hostbench: %s\n", dlerror());
        exit(5);
    }
    a->get = (void *(*)(size_t))dlsym(handle, get);
    a->put = (void (*)(void *))dlsym(handle, put);
}

static void jemalloc_init(void *object, const struct bench_cell *cell)
{
    (void)object;
    (void)cell;
    load(&jemalloc, "libjemalloc.so.2", "malloc", "free");
}

static void mimalloc_init(void *object, const struct bench_cell *cell)
{
    (void)object;
    (void)cell;
    load(&mimalloc, "libmimalloc.so.2", "mi_malloc", "mi_free");
}

#define JE_PUT(p) a->put(p)
BENCH_ALLOC_LOOPS(je, struct allocator *a = &jemalloc, a->get(ALLOC_BYTES), JE_PUT)
BENCH_ALLOC_LOOPS(mi, struct allocator *a = &mimalloc, a->get(ALLOC_BYTES), JE_PUT)
BENCH_ALLOC_LOOPS(glibc, (void)0, malloc(ALLOC_BYTES), free)

static const struct bench_subject subjects[] = {
    BENCH_ALLOC_SUBJECTS(je, "any size", "jemalloc", "jemalloc " HOSTBENCH_JEMALLOC_VERSION, SIDE_PEER, 64, jemalloc_init, NULL, NULL),
    BENCH_ALLOC_SUBJECTS(mi, "any size", "mimalloc", "mimalloc " HOSTBENCH_MIMALLOC_VERSION, SIDE_PEER, 64, mimalloc_init, NULL, NULL),
    BENCH_ALLOC_SUBJECTS(glibc, "any size", "malloc", "glibc " HOSTBENCH_GLIBC_VERSION, SIDE_PEER, 64, NULL, NULL, NULL),
};
BENCH_LIST(list_malloc, subjects);
