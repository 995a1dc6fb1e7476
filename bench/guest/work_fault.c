/*
 * fault/touch: first write to an anonymous page. fault/cow: first write to a page shared by fork.
 * One iteration is one page of 4 KiB; pages come in chunks, mapped and unmapped (touch) or forked
 * (cow) inside the window.
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/guest/bench.h"

#define CHUNK 1024
#define PAGE 4096

static volatile char *map_chunk(struct bench *b)
{
    char *p = mmap(NULL, CHUNK * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bench_check(b, p != MAP_FAILED, "no memory");
    madvise(p, CHUNK * PAGE, MADV_NOHUGEPAGE); /* the row is about pages of 4 KiB */
    return p;
}

/* Computed in each loop of BENCH_LAP_LOOP alike: else the compiler steps a pointer in some of them, and a padded page costs less than one that is not. */
static inline volatile char *page_at(volatile char *p, long i)
{
    __asm__("" : "+r"(i));
    return p + i * PAGE;
}

/* A lap is one first write; mapping and forking lie between laps. */
static void begin_laps(struct bench *b)
{
    if (b->laps.tick) {
        lap_skip(&b->laps);
    }
}

static long add_to_pages(struct bench *b, volatile char *p, long pages)
{
    long sum = 0;
    begin_laps(b);
    BENCH_LAP_LOOP(b, pages, i, { sum += ++*page_at(p, i); });
    return sum;
}

static void touch_chunk(struct bench *b, long pages)
{
    volatile char *p = map_chunk(b);
    begin_laps(b);
    BENCH_LAP_LOOP(b, pages, i, { *page_at(p, i) = 1; });
    munmap((void *)p, CHUNK * PAGE);
}

static void cow_chunk(struct bench *b, volatile char *p, long pages)
{
    int pid = bench_fork(b);
    if (pid == 0) {
        _exit(add_to_pages(b, p, pages) == 4 * pages ? 11 : 12);
    }
    bench_reap(b, pid, 11);
    b->laps.count += b->laps.tick ? pages : 0;
    b->pad.taken = 1; /* by the child */
}

static void verify_touch(struct bench *b)
{
    volatile char *p = map_chunk(b);
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    for (long i = 0; i < CHUNK; i++) {
        bench_check(b, p[i * PAGE + i % PAGE] == 0, "a fresh page is not zero");
        p[i * PAGE] = 1;
    }
    getrusage(RUSAGE_SELF, &after);
    bench_check(b, after.ru_minflt - before.ru_minflt >= CHUNK, "faults are not counted");
}

void workload_run(struct bench *b)
{
    int cow = strcmp(b->variant, "cow") == 0;
    bench_check(b, cow || strcmp(b->variant, "touch") == 0, "bad variant %s", b->variant);
    volatile char *p = map_chunk(b);
    memset((void *)p, 3, CHUNK * PAGE);
    if (cow && laps_share(&b->laps, b->iters) < 0) {
        bench_call_failed(b, "mmap shared");
    }
    bench_pin(b, b->cpu[0]);
    bench_begin(b);
    for (long left = b->iters; left > 0; left -= CHUNK) {
        long pages = left < CHUNK ? left : CHUNK;
        if (cow) {
            cow_chunk(b, p, pages);
        } else {
            touch_chunk(b, pages);
        }
    }
    bench_end(b, (uint64_t)b->iters);

    long self = b->self_end.ru_minflt - b->self_begin.ru_minflt;
    long children = b->children_end.ru_minflt - b->children_begin.ru_minflt;
    long seen = cow ? children : self;
    bench_check(b, seen >= b->iters, "%ld faults counted, at least %ld happened", seen, b->iters);
    for (long i = 0; i < CHUNK; i++) {
        bench_check(b, p[i * PAGE] == 3, "page %ld of the parent is damaged", i);
    }
    verify_touch(b);
}
