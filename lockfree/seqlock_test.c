/* seqlock_test.c: a reader never returns a mixture of two writers' states; the counter wraps all the time. */
#include "lockfree/check.h"
#include "lockfree/seqlock.h"
#include "lockfree/ticket_lock.h"

#define WORDS 8

static struct seqcount seq = SEQCOUNT_INIT;
static raw_spinlock_t writers = RAW_SPINLOCK_INIT;
static uint64_t data[WORDS];
static uint32_t stop;

/* Nearly half of the counter's range at once, so that it wraps again and again; no two values are the same within any reader's section.
 * A writer's, outside its section. */
static void leap(void)
{
    atomic_store_release(&seq.seq, atomic_load_relaxed(&seq.seq) + 0x7ffffff0u);
}

static void writer(struct check_thread *t)
{
    double end = check_now() + check_seconds;

    while (check_now() < end) {
        raw_spin_lock(&writers);
        if (data[0] % 64 == 0)
            leap();
        seq_write_begin(&seq);
        for (int i = 0; i < WORDS; i++)
            atomic_store_relaxed(&data[i], data[0] + 1 - (i != 0));
        seq_write_end(&seq);
        raw_spin_unlock(&writers);
        t->done++;
    }
    atomic_store_release(&stop, 1);
}

static void reader(struct check_thread *t)
{
    uint64_t seen[WORDS];
    uint32_t begun;

    while (!atomic_load_acquire(&stop)) {
        do {
            begun = seq_read_begin(&seq);
            for (int i = 0; i < WORDS; i++)
                seen[i] = atomic_load_relaxed(&data[i]);
        } while (seq_read_retry(&seq, begun));
        for (int i = 1; i < WORDS; i++)
            CHECK(seen[i] == seen[0]);
        t->done++;
    }
}

int main(int argc, char **argv)
{
    void (*bodies[])(struct check_thread *) = {writer, reader};
    uint64_t done;

    check_options(argc, argv);
    done = check_run(4, bodies, 2);
    CHECK(data[0] > 0 && done > data[0]);
    printf("seqlock: ok, %llu writes, %llu reads\n", (unsigned long long)data[0], (unsigned long long)(done - data[0]));
    return 0;
}
