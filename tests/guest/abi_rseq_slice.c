/* abi_rseq_slice.c: time slice extensions of rseq, in Linux since 6.19: a thread asks not to lose its CPU in a section, is told that it got a
 * moment more, and gives the CPU away when it is done. A kernel that knows none says EINVAL and ENOSYS: there nothing more is asked of it. */
#include "tests/guest/abi.h"
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>

#define SIGNATURE 0x53053053
#define PR_SLICE_EXTENSION 79
#define SYS_slice_yield 471
enum { GET = 1, SET = 2, ENABLE = 1 };
#define AVAILABLE 0x10u
#define ENABLED 0x20u
#define GRANTED 0x100u
#define FIFO 1
#define TRIES 4000

static volatile struct area {
    uint32_t cpu_id_start, cpu_id;
    uint64_t section;
    uint32_t flags, node_id, mm_cid;
    union {
        uint32_t word;
        uint8_t request;
    };
} __attribute__((aligned(32))) area;

static long control(unsigned long what, unsigned long flags)
{
    return prctl(PR_SLICE_EXTENSION, what, flags, 0ul, 0ul);
}

static long slice_yield(void)
{
    return syscall(SYS_slice_yield);
}

static void needs_extensions(void)
{
    if (control(GET, 0) == 0)
        return;
    FAILS(control(GET, 0), EINVAL);
    FAILS(control(SET, ENABLE), EINVAL);
    FAILS(slice_yield(), ENOSYS);
    abi_absent("no time slice extension");
}

static void begin(void)
{
    EQ(syscall(SYS_rseq, &area, sizeof area, 0, SIGNATURE), 0);
    EQ(control(SET, ENABLE), 0);
}

static void only_cpu_0(void)
{
    unsigned long one = 1;
    EQ(sched_setaffinity(0, sizeof one, (void *)&one), 0);
}

/* One that computes for ever on the same CPU, so that somebody always waits for it. */
static pid_t hog(void)
{
    pid_t pid = fork();
    if (!pid) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) {
        }
    }
    return pid;
}

/* Somebody else waits for its CPU all the time; false where the kernel knows no extensions. */
static int begin_in_a_crowd(void)
{
    needs_extensions();
    only_cpu_0();
    hog();
    begin();
    return 1;
}

#define LOOKS 2000000000l /* without a system call, for that would end an extension; then the test's time is up, too */

/* Asks and computes until an extension is granted, which may be over when this returns. */
static int await_grant(void)
{
    for (long i = 0; i < LOOKS; i++) {
        uint32_t word = area.word;
        if (word == GRANTED)
            return 1;
        if (!word)
            area.request = 1;
    }
    return 0;
}

/* For some turns of a slice the word stays what it is. */
static void check_word_stays(uint32_t want)
{
    for (long i = 0; i < 100000000; i++) {
        if (area.word != want)
            EQ(area.word, want);
    }
}

TEST(prctl, slice_extension_is_switched_on_and_off)
{
    needs_extensions();
    FAILS(control(SET, ENABLE), ENXIO); /* no area */
    EQ(syscall(SYS_rseq, &area, sizeof area, 0, SIGNATURE), 0);
    EQ(area.flags, AVAILABLE);
    EQ(control(GET, 0), 0);
    EQ(control(SET, ENABLE), 0);
    EQ(control(GET, 0), ENABLE);
    EQ(area.flags, AVAILABLE | ENABLED);
    EQ(control(SET, ENABLE), 0);
    EQ(control(SET, 0), 0);
    EQ(control(GET, 0), 0);
    EQ(area.flags, AVAILABLE);
    EQ(control(SET, ENABLE), 0);
    EQ(syscall(SYS_rseq, &area, sizeof area, 1, SIGNATURE), 0); /* unregistered */
    EQ(control(GET, 0), 0);
}

TEST(prctl, EINVAL_of_slice_extensions)
{
    needs_extensions();
    EQ(syscall(SYS_rseq, &area, sizeof area, 0, SIGNATURE), 0);
    FAILS(control(0, 0), EINVAL);
    FAILS(control(3, 0), EINVAL);
    FAILS(control(SET, 2), EINVAL);
    FAILS(control(GET, 1), EINVAL);
    FAILS(prctl(PR_SLICE_EXTENSION, SET, ENABLE, 1, 0), EINVAL);
    FAILS(prctl(PR_SLICE_EXTENSION, SET, ENABLE, 0, 1), EINVAL);
    EQ(control(GET, 0), 0);
}

TEST(prctl, slice_extension_of_a_child)
{
    needs_extensions();
    begin();
    pid_t child = fork();
    if (!child)
        _exit(control(GET, 0) == ENABLE ? 0 : 1);
    abi_reap(child, 0);
}

TEST(rseq_slice_yield, nothing_was_granted)
{
    needs_extensions();
    EQ(slice_yield(), 0);
    begin();
    EQ(slice_yield(), 0);
    area.request = 1;
    EQ(slice_yield(), 0); /* asked for, but nobody wanted the CPU */
    EQ(area.word, 1);
}

/* A host that stops the VM may let an extension run out before the thread sees it: it tries again. */
TEST(rseq_slice_yield, gives_back_what_was_granted)
{
    if (!begin_in_a_crowd())
        return;
    long got = 0;
    for (int i = 0; i < TRIES && !got; i++) {
        CHECK(await_grant());
        got = slice_yield();
        EQ(area.word, 0);
    }
    EQ(got, 1);
    EQ(slice_yield(), 0);
}

static void go_on(void)
{
    for (long looks = 0; area.word == GRANTED; looks++)
        CHECK(looks < LOOKS);
}

static void call_something(void)
{
    syscall(SYS_getppid);
}

/* What ends an extension that nobody gave back. */
static void check_it_ends_by(void (*what)(void))
{
    if (!begin_in_a_crowd())
        return;
    for (int i = 0; i < 20; i++) {
        CHECK(await_grant());
        what();
        EQ(area.word, 0);
        EQ(slice_yield(), 0);
    }
}

TEST(rseq_slice_yield, taken_back_from_who_goes_on)
{
    check_it_ends_by(go_on);
}

TEST(rseq_slice_yield, another_call_ends_it)
{
    check_it_ends_by(call_something);
}

TEST(prctl, no_slice_extension_unless_switched_on)
{
    needs_extensions();
    only_cpu_0();
    hog();
    EQ(syscall(SYS_rseq, &area, sizeof area, 0, SIGNATURE), 0);
    area.request = 1;
    check_word_stays(1);
    EQ(control(SET, ENABLE), 0);
    CHECK(await_grant());
}

/* Only "request" is a request. */
TEST(prctl, slice_extension_asked_for_wrongly)
{
    if (!begin_in_a_crowd())
        return;
    static const uint32_t wrong[] = {2, 0x10001, 0x101};
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        area.word = wrong[i];
        check_word_stays(wrong[i]);
    }
}

static volatile int stop;
static volatile long wakes;

static void *urgent(void *arg)
{
    int priority = 10;
    (void)arg;
    if (syscall(SYS_sched_setscheduler, 0, FIFO, &priority))
        return (void *)1;
    for (wakes = 0; wakes < 200; wakes++)
        abi_sleep_ms(1);
    stop = 1;
    return NULL;
}

/* A real-time task preempts as if nothing was asked. Of the 200 times that it does none is put off; who else runs here now and then, the
 * program that waits for this test say, may be. */
TEST(prctl, slice_extension_puts_off_nobody_urgent)
{
    pthread_t t;
    void *failed;
    needs_extensions();
    only_cpu_0();
    EQ(pthread_create(&t, NULL, urgent, NULL), 0);
    begin();
    long grants = 0;
    while (!stop) {
        uint32_t word = area.word;
        if (word == GRANTED) {
            grants++;
            (void)slice_yield();
        } else if (!word) {
            area.request = 1;
        }
    }
    EQ(pthread_join(t, &failed), 0);
    EQ(failed, NULL);
    EQ(wakes, 200);
    if (grants > 50)
        abi_failed(__FILE__, __LINE__, "%ld extensions in 200 wake-ups", grants);
}

static volatile sig_atomic_t caught, word_in_handler;

static void handler(int sig)
{
    (void)sig;
    word_in_handler = (int)area.word;
    caught++;
}

/* A signal needs the kernel: whoever handles one has no extension. */
TEST(prctl, slice_extension_ends_with_a_signal)
{
    if (!begin_in_a_crowd())
        return;
    CHECK(signal(SIGUSR1, handler) != SIG_ERR);
    pid_t parent = getpid(), sender = fork();
    if (!sender) {
        for (int i = 0; i < 100; i++) {
            kill(parent, SIGUSR1);
            abi_sleep_ms(1);
        }
        _exit(0);
    }
    while (caught < 20) {
        CHECK(await_grant());
        CHECK(!word_in_handler || word_in_handler == 1);
    }
}
