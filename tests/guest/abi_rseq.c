/* abi_rseq.c: restartable sequences: registering, what the area says, and that a critical section is taken back whenever its thread was
 * switched away, moved or got a signal in it. Linked with musl, which registers nothing itself. */
#include "tests/guest/abi.h"
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdatomic.h>
#include <ucontext.h>

#define SIGNATURE 0x53053053
#define UNREGISTER 1

struct area {
    uint32_t cpu_id_start, cpu_id;
    uint64_t section;
    uint32_t flags;
} __attribute__((aligned(32)));

struct section {
    uint32_t version, flags;
    uint64_t start_ip, post_commit_offset, abort_ip;
} __attribute__((aligned(32)));

static __thread volatile struct area area;

/* spin(area, section, stop): waits in a section for *stop: 0; 1 when it was aborted.
 * add(area, section, counters): adds 1 to the 64-byte counter of the CPU, slowly: 0, or 1 when it was aborted. */
int spin(volatile struct area *a, const struct section *s, const volatile int *stop);
int add(volatile struct area *a, const struct section *s, volatile uint64_t *counters);
extern char spin_begin[], spin_end[], spin_abort[], add_begin[], add_end[], add_abort[];
__asm__(".text\n"
        "spin: mov %rsi, 8(%rdi)\n"
        "spin_begin: cmpl $0, (%rdx)\n"
        "    je spin_begin\n"
        "spin_end: xor %eax, %eax\n"
        "    ret\n"
        "    .long 0x53053053\n"
        "spin_abort: mov $1, %eax\n"
        "    ret\n"
        "add: mov %rsi, 8(%rdi)\n"
        "add_begin: mov 4(%rdi), %eax\n"
        "    shl $6, %rax\n"
        "    mov (%rdx,%rax), %rcx\n"
        "    mov $100, %r8d\n"
        "1:  dec %r8d\n"
        "    jnz 1b\n"
        "    inc %rcx\n"
        "    mov %rcx, (%rdx,%rax)\n"
        "add_end: xor %eax, %eax\n"
        "    ret\n"
        "    .long 0x53053053\n"
        "add_abort: mov $1, %eax\n"
        "    ret\n");

static struct section of_spin(void)
{
    return (struct section){.start_ip = (uint64_t)spin_begin, .post_commit_offset = (uint64_t)(spin_end - spin_begin), .abort_ip = (uint64_t)spin_abort};
}

static struct section of_add(void)
{
    return (struct section){.start_ip = (uint64_t)add_begin, .post_commit_offset = (uint64_t)(add_end - add_begin), .abort_ip = (uint64_t)add_abort};
}

static long rseq(volatile void *a, unsigned len, int flags, unsigned sig)
{
    return syscall(SYS_rseq, a, len, flags, sig);
}

static int nr_cpus;

__attribute__((constructor)) static void count_cpus(void)
{
    nr_cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
}

static void begin(void)
{
    EQ(rseq(&area, sizeof area, 0, SIGNATURE), 0);
}

/* Before a thread ends: its area goes with its stack, and the kernel would still write to it. */
static void finish(void)
{
    EQ(rseq(&area, sizeof area, UNREGISTER, SIGNATURE), 0);
}

static void only_cpu(pid_t pid, int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    EQ(sched_setaffinity(pid, sizeof set, &set), 0);
}

/* Before the test bound itself to one. */
static int cpus(void)
{
    return nr_cpus;
}

TEST(rseq, says_the_cpu)
{
    area.cpu_id = 77;
    begin();
    for (int cpu = 0; cpu < cpus(); cpu++) {
        only_cpu(0, cpu);
        EQ(area.cpu_id, cpu);
        EQ(area.cpu_id_start, cpu);
    }
    finish();
    EQ(area.cpu_id, (uint32_t)-1);
    EQ(area.cpu_id_start, 0);
    only_cpu(0, cpus() - 1);
    EQ(area.cpu_id, (uint32_t)-1);
    begin(); /* once more */
    EQ(area.cpu_id, cpus() - 1);
}

TEST(rseq, EINVAL_EFAULT_EBUSY_EPERM)
{
    FAILS(rseq(&area, sizeof area, UNREGISTER, SIGNATURE), EINVAL); /* nothing is registered */
    FAILS(rseq(&area, sizeof area, 2, SIGNATURE), EINVAL);
    FAILS(rseq(&area, sizeof area - 1, 0, SIGNATURE), EINVAL);
    FAILS(rseq(&area, sizeof area + 32, 0, SIGNATURE), EINVAL);
    FAILS(rseq((char *)&area + 16, sizeof area, 0, SIGNATURE), EINVAL);
    FAILS(rseq((void *)0xffff800000001000, sizeof area, 0, SIGNATURE), EFAULT);
    begin();
    FAILS(rseq(&area, sizeof area, 0, SIGNATURE), EBUSY);
    FAILS(rseq(&area, sizeof area, 0, SIGNATURE + 1), EPERM);
    FAILS(rseq(&area, sizeof area + 32, 0, SIGNATURE), EINVAL);
    FAILS(rseq((char *)&area + 32, sizeof area, 0, SIGNATURE), EINVAL);
    FAILS(rseq(&area, sizeof area, UNREGISTER | 2, SIGNATURE), EINVAL);
    FAILS(rseq(&area, sizeof area, UNREGISTER, SIGNATURE + 1), EPERM);
    FAILS(rseq(&area, sizeof area - 1, UNREGISTER, SIGNATURE), EINVAL);
    FAILS(rseq((char *)&area + 32, sizeof area, UNREGISTER, SIGNATURE), EINVAL);
    finish();
}

TEST(rseq, EFAULT_unregistering_what_cannot_be_written)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EQ(rseq(page, 32, 0, SIGNATURE), 0);
    EQ(mprotect(page, 4096, PROT_READ), 0);
    FAILS(rseq(page, 32, UNREGISTER, SIGNATURE), EFAULT);
    FAILS(rseq(page, 32, 0, SIGNATURE), EBUSY);
    EQ(mprotect(page, 4096, PROT_READ | PROT_WRITE), 0);
    EQ(rseq(page, 32, UNREGISTER, SIGNATURE), 0);
}

/* ---- who has it ---- */

static void *second_thread(void *unused)
{
    FAILS(rseq(&area, sizeof area, UNREGISTER, SIGNATURE), EINVAL);
    begin();
    EQ(area.cpu_id, sched_getcpu());
    finish();
    return unused;
}

TEST(rseq, fork_keeps_it_threads_do_not)
{
    pthread_t t;
    begin();
    pid_t pid = fork();
    if (pid == 0) {
        bool same = rseq(&area, sizeof area, 0, SIGNATURE) == -1 && errno == EBUSY;
        only_cpu(0, cpus() - 1);
        _exit(same && area.cpu_id == (uint32_t)cpus() - 1 ? 0 : 1);
    }
    abi_reap(pid, 0);
    EQ(pthread_create(&t, NULL, second_thread, NULL), 0);
    EQ(pthread_join(t, NULL), 0);
    pid = vfork();
    if (pid == 0) {
        _exit(rseq(&area, sizeof area, UNREGISTER, SIGNATURE) == -1 && errno == EINVAL ? 0 : 1);
    }
    abi_reap(pid, 0);
}

/* The new program, this one again, would die of an area that is no longer mapped. */
TEST(rseq, exec_drops_it)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pid_t pid = fork();
    if (pid == 0) {
        EQ(rseq(page, 32, 0, SIGNATURE), 0);
        execl("/proc/self/exe", "abi_rseq", "no_such_test", NULL);
        _exit(99);
    }
    int status;
    EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) != 99);
}

/* ---- sections ---- */

static const volatile int never;

static volatile uint64_t interrupted_at;

static void on_signal(int sig, siginfo_t *info, void *context)
{
    (void)sig, (void)info;
    interrupted_at = (uint64_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
}

/* A child sends `sig` to the caller, who will be in its section by then. */
static pid_t signal_soon(int sig)
{
    pid_t me = getpid(), pid = fork();
    if (pid == 0) {
        abi_sleep_ms(50);
        kill(me, sig);
        _exit(0);
    }
    return pid;
}

TEST(rseq, a_signal_restarts)
{
    struct section s = of_spin();
    struct sigaction sa = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &sa, NULL);
    begin();
    pid_t pid = signal_soon(SIGUSR1);
    EQ(spin(&area, &s, &never), 1);
    EQ(area.section, 0);
    abi_reap(pid, 0);
    while (!interrupted_at) { /* it was another interruption that ended the section */
    }
    CHECK(interrupted_at < s.start_ip || interrupted_at >= s.start_ip + s.post_commit_offset);
}

TEST(rseq, a_switch_restarts)
{
    struct section s = of_spin();
    pid_t pid = fork();
    only_cpu(0, 0);
    while (pid == 0) {
    }
    begin();
    EQ(spin(&area, &s, &never), 1);
    kill(pid, SIGKILL);
    EQ(waitpid(pid, NULL, 0), pid);
}

static atomic_int in_section, enough;

static atomic_int wanted_cpu;

/* Restarts for other reasons do not end it: it must be enough, and it must be on the CPU that is wanted. */
static void *spinner(void *cpu)
{
    struct section s = of_spin();
    only_cpu(0, (int)(long)cpu);
    begin();
    atomic_store(&in_section, gettid());
    do {
        EQ(spin(&area, &s, &never), 1);
    } while (!atomic_load(&enough) || (int)area.cpu_id != atomic_load(&wanted_cpu));
    void *cpu_id = (void *)(long)area.cpu_id;
    finish();
    return cpu_id;
}

static pthread_t begin_spinner(int cpu)
{
    pthread_t t;
    EQ(pthread_create(&t, NULL, spinner, (void *)(long)cpu), 0);
    while (!atomic_load(&in_section)) {
        abi_sleep_ms(1);
    }
    abi_sleep_ms(20); /* it is in its section by now */
    return t;
}

static bool joined(pthread_t t, void **result)
{
    for (int i = 0; i < 200; i++) {
        if (pthread_tryjoin_np(t, result) == 0) {
            return true;
        }
        abi_sleep_ms(10);
    }
    return false;
}

TEST(rseq, a_move_restarts)
{
    void *cpu;
    only_cpu(0, 0);
    atomic_store(&wanted_cpu, 0);
    pthread_t t = begin_spinner(cpus() - 1);
    atomic_store(&enough, 1);
    only_cpu(atomic_load(&in_section), 0);
    CHECK(joined(t, &cpu));
    EQ((long)cpu, 0);
}

/* Everything else is left as it was: the descriptor is cleared, the section not entered. */
TEST(rseq, outside_of_its_section_only_forgets_it)
{
    struct section s = of_spin();
    begin();
    area.section = (uint64_t)&s;
    struct sigaction sa = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &sa, NULL);
    raise(SIGUSR1);
    EQ(area.section, 0);
}

#define ADDERS 6
#define ADDS 20000
#define MOST_ADDS (100 * ADDS) /* by one who waits for a section that is interrupted */
static volatile uint64_t counters[64 * 8];
static atomic_int adders_left = ADDERS, adder_tid[ADDERS];
static atomic_long aborted, added;

static void *adder(void *number)
{
    struct section s = of_add();
    begin();
    adder_tid[(long)number] = gettid();
    long n = 0;
    while (n < ADDS || (n < MOST_ADDS && !atomic_load(&aborted))) {
        while (add(&area, &s, counters)) {
            atomic_fetch_add(&aborted, 1);
        }
        n++;
    }
    finish();
    atomic_fetch_add(&added, n);
    atomic_fetch_sub(&adders_left, 1);
    return NULL;
}

TEST(rseq, no_increment_is_lost)
{
    pthread_t t[ADDERS];
    uint64_t sum = 0;
    CHECK(cpus() <= 64);
    for (long i = 0; i < ADDERS; i++) {
        EQ(pthread_create(t + i, NULL, adder, (void *)i), 0);
    }
    for (unsigned i = 0; atomic_load(&adders_left); i++) { /* some are moved about, some left to the scheduler */
        pid_t tid = atomic_load(&adder_tid[i % (ADDERS / 2)]);
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(i * 7 / 3 % (unsigned)cpus(), &set);
        if (tid) {
            sched_setaffinity(tid, sizeof set, &set);
        }
        usleep(200);
    }
    for (int i = 0; i < ADDERS; i++) {
        EQ(pthread_join(t[i], NULL), 0);
    }
    for (int cpu = 0; cpu < cpus(); cpu++) {
        sum += counters[cpu * 8];
    }
    EQ(sum, atomic_load(&added));
    CHECK(atomic_load(&aborted) > 0);
}

/* ---- what is wrong in user memory ---- */

static void nothing(int sig)
{
    (void)sig;
}

/* A signal that has a handler meets descriptor s, from inside of its section or not: is the process killed by SIGSEGV? */
static bool dies_of(const struct section *s, bool inside, uint32_t flags)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGALRM, nothing);
        begin();
        area.flags = flags;
        if (inside) {
            ualarm(20000, 0);
            spin(&area, s, &never);
        } else {
            area.section = (uint64_t)s;
            raise(SIGALRM);
        }
        _exit(0);
    }
    EQ(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

TEST(rseq, SIGSEGV_of_what_is_wrong)
{
    struct section good = of_spin(), s = good;
    CHECK(!dies_of(&s, true, 0) && !dies_of(&s, false, 0));
    s.version = 1;
    CHECK(dies_of(&s, true, 0) && dies_of(&s, false, 0));
    s = good, s.abort_ip++;
    CHECK(dies_of(&s, false, 0)); /* no signature there */
    s = good, s.abort_ip = s.start_ip + 1;
    CHECK(dies_of(&s, false, 0));
    s = good, s.abort_ip = 1ul << 47;
    CHECK(dies_of(&s, false, 0));
    s = good, s.abort_ip = 4096;
    CHECK(dies_of(&s, false, 0));
    s = good, s.start_ip = -4096ul;
    CHECK(dies_of(&s, false, 0));
    s = good, s.post_commit_offset = -1ul - s.start_ip;
    CHECK(dies_of(&s, false, 0));
    s = good, s.post_commit_offset = -s.start_ip + 16; /* it wraps around */
    CHECK(dies_of(&s, false, 0));
    CHECK(dies_of(BAD_ADDRESS, false, 0));
    CHECK(dies_of(BAD_LOW, false, 0));
}

TEST(rseq, SIGSEGV_of_flags_where_a_restart_is_due)
{
    struct section s = of_spin();
    CHECK(dies_of(&s, true, 1) && dies_of(&s, true, 8));
    CHECK(!dies_of(&s, false, 1));
    s.flags = 4;
    CHECK(dies_of(&s, true, 0));
    CHECK(!dies_of(&s, false, 0));
}

TEST(rseq, SIGSEGV_of_an_area_that_is_gone)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        EQ(rseq(page, 32, 0, SIGNATURE), 0);
        munmap(page, 4096);
        for (;;) {
            abi_sleep_ms(1);
        }
    }
    EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

/* ---- membarrier(2) ---- */

#define RESTART 128
#define REGISTER_RESTART 256
#define OF_ONE_CPU 1

TEST(membarrier, restarts_sections)
{
    CHECK(syscall(SYS_membarrier, 0, 0, 0) & RESTART);
    CHECK(syscall(SYS_membarrier, 0, 0, 0) & REGISTER_RESTART);
    FAILS(syscall(SYS_membarrier, RESTART, 0, 0), EPERM);
    FAILS(syscall(SYS_membarrier, RESTART, OF_ONE_CPU, 0), EPERM);
    EQ(syscall(SYS_membarrier, REGISTER_RESTART, 0, 0), 0);
    FAILS(syscall(SYS_membarrier, RESTART, 2, 0), EINVAL);
    FAILS(syscall(SYS_membarrier, REGISTER_RESTART, OF_ONE_CPU, 0), EINVAL);
    EQ(syscall(SYS_membarrier, RESTART, OF_ONE_CPU, 100000), 0);
    only_cpu(0, 0);
    for (int flags = 0; flags <= OF_ONE_CPU; flags++) {
        atomic_store(&in_section, 0);
        atomic_store(&enough, 0);
        atomic_store(&wanted_cpu, cpus() - 1);
        pthread_t t = begin_spinner(cpus() - 1);
        atomic_store(&enough, 1);
        EQ(syscall(SYS_membarrier, RESTART, flags, cpus() - 1), 0);
        CHECK(joined(t, NULL));
    }
}
