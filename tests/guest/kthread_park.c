/*
 * kthread_park.c: kernel threads that park. First one of /proc/kthread-park, on one CPU and on any: what it shows in /proc, that it takes
 * no turn while it is parked, that nothing but its own unparking wakes it, and every misuse with its error. The same thread in the states
 * that no program can hold a task in: TASK_NEW, which nothing but its start ends, TASK_NOLOAD, which stays out of the load (of /proc/loadavg, too), TASK_WAKING. Then
 * rcuc/N, which runs RCU callbacks: parked while its CPU is away, at work when it is back. Ends with `kthread-park ok`. CloudOS only.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILE_NAME "/proc/kthread-park"
#define PF_NO_SETAFFINITY 0x04000000u
#define PF_KTHREAD 0x00200000u
#define TASK_WAKING 0x40u
#define TASK_NEW 0x200u
#define DEBUG_FILE "/sys/kernel/debug/sched/debug"

__attribute__((noreturn)) static void bad(int line, const char *what)
{
    printf("kthread-park: line %d: %s (errno %d)\n", line, what, errno);
    exit(1);
}
#define CHECK(cond) do { if (!(cond)) bad(__LINE__, #cond); } while (0)

/* 0 or the errno. */
static int write_word(const char *file, const char *word)
{
    int fd = open(file, O_WRONLY);
    CHECK(fd >= 0);
    int err = write(fd, word, strlen(word)) < 0 ? errno : 0;
    close(fd);
    return err;
}

static int tell(const char *word)
{
    return write_word(FILE_NAME, word);
}

static int read_text(const char *file, char *text, size_t size)
{
    int fd = open(file, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);
    close(fd);
    text[n > 0 ? n : 0] = 0;
    return n > 0;
}

static unsigned long turns(pid_t *pid)
{
    char text[64];
    unsigned long n;
    CHECK(read_text(FILE_NAME, text, sizeof text));
    CHECK(sscanf(text, "%d %lu", pid, &n) == 2);
    return n;
}

static unsigned long turns_now(void)
{
    pid_t pid;
    return turns(&pid);
}

/* What /proc/PID/stat says behind the name: the letter, the flags, the CPU. */
static char look(pid_t pid, unsigned *flags, int *cpu)
{
    char file[64], text[512], letter;
    snprintf(file, sizeof file, "/proc/%d/stat", pid);
    CHECK(read_text(file, text, sizeof text));
    CHECK(sscanf(strrchr(text, ')') + 1,
                 " %c %*d %*d %*d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %*u %*u %*d %*u %*u %*u %*u"
                 " %*u %*u %*u %*u %*u %*u %*u %*u %*u %*d %d", &letter, flags, cpu) == 3);
    return letter;
}

static char letter(pid_t pid)
{
    unsigned flags;
    int cpu;
    return look(pid, &flags, &cpu);
}

static int is_parked(pid_t pid)
{
    char file[64], text[2048];
    snprintf(file, sizeof file, "/proc/%d/status", pid);
    CHECK(read_text(file, text, sizeof text));
    return strstr(text, "State:\tP (parked)\n") != NULL;
}

/* The CPU to which the thread was sent has to take it first. */
static void await_unparked(pid_t pid)
{
    for (int i = 0; is_parked(pid); i++) {
        CHECK(i < 1000);
        usleep(1000);
    }
}

static void await_turn(void)
{
    unsigned long seen = turns_now();
    for (int i = 0; turns_now() == seen; i++) {
        CHECK(i < 1000);
        usleep(5000);
    }
}

static void stands_still(void)
{
    unsigned long seen = turns_now();
    usleep(30000);
    CHECK(turns_now() == seen);
}

static int pin(pid_t pid, int cpu)
{
    unsigned long mask[16] = {0};
    mask[cpu / 64] = 1ul << (cpu % 64);
    return syscall(SYS_sched_setaffinity, pid, sizeof mask, mask) ? errno : 0;
}

static void end_thread(pid_t pid)
{
    CHECK(tell("end") == 0);
    CHECK(tell("unpark") == 0);
    for (int i = 0; kill(pid, 0) == 0; i++) {
        CHECK(i < 1000);
        usleep(5000);
    }
    CHECK(tell("park") == ENOSYS); /* it has ended */
    CHECK(tell("unpark") == 0);
    CHECK(tell("forget") == 0);
}

static void one_thread(int bound, int last)
{
    unsigned flags;
    pid_t pid;
    int cpu;
    CHECK(tell("park") == ESRCH && tell("unpark") == ESRCH && tell("forget") == ESRCH);
    CHECK(tell(bound ? "bound" : "unbound") == 0);
    CHECK(tell("bound") == EBUSY);
    (void)turns(&pid);
    await_turn();
    CHECK(look(pid, &flags, &cpu) != 'P');
    CHECK(flags & PF_KTHREAD && !!(flags & PF_NO_SETAFFINITY) == bound);
    CHECK(!bound || cpu == last);
    CHECK(pin(pid, 0) == (bound ? EINVAL : 0));
    CHECK(tell("unpark") == 0); /* nobody asked: nothing */
    await_turn();
    CHECK(tell("park") == 0);
    CHECK(is_parked(pid) && letter(pid) == 'P');
    CHECK(tell("park") == EBUSY);
    CHECK(kill(pid, SIGCONT) == 0 && kill(pid, SIGKILL) == 0);
    stands_still();
    CHECK(is_parked(pid));
    CHECK(tell("unpark") == 0);
    await_turn();
    CHECK(!is_parked(pid));
    for (int i = 0; i < 200; i++) {
        CHECK(tell("park") == 0);
        CHECK(letter(pid) == 'P');
        CHECK(tell("unpark") == 0);
    }
    await_turn();
    CHECK(tell("park") == 0);
    end_thread(pid); /* its function may return only after the unparking */
}

/* One parks, another unparks, whoever comes first: neither waits for ever, and in the end it does what it is told. */
static void both_at_once(void)
{
    pid_t thread, children[2];
    CHECK(tell("bound") == 0);
    (void)turns(&thread);
    for (int i = 0; i < 2; i++) {
        children[i] = fork();
        for (int n = 0; children[i] == 0 && n < 2000; n++) {
            int err = tell(i ? "unpark" : "park");
            CHECK(err == 0 || err == EBUSY);
        }
        if (children[i] == 0) {
            _exit(0);
        }
    }
    CHECK(waitpid(children[1], NULL, 0) == children[1]);
    int status, done;
    while (!(done = waitpid(children[0], &status, WNOHANG))) { /* it may park the thread once more */
        CHECK(tell("unpark") == 0);
    }
    CHECK(done == children[0] && status == 0);
    CHECK(tell("unpark") == 0);
    await_turn();
    CHECK(tell("park") == 0);
    stands_still();
    end_thread(thread);
}

/* ---- states ---- */

static unsigned long switches(pid_t pid)
{
    char file[64], text[2048];
    unsigned long n = 0;
    snprintf(file, sizeof file, "/proc/%d/status", pid);
    CHECK(read_text(file, text, sizeof text));
    CHECK(strstr(text, "\nvoluntary_ctxt_switches:"));
    CHECK(sscanf(strstr(text, "\nvoluntary_ctxt_switches:"), "\nvoluntary_ctxt_switches: %lu", &n) == 1);
    return n;
}

static unsigned state_now(unsigned *kept)
{
    char text[64];
    unsigned state;
    CHECK(read_text(FILE_NAME, text, sizeof text));
    CHECK(sscanf(text, "%*d %*u %x %x", &state, kept) == 2);
    return state;
}

/* Nothing runs or wakes a task that fork has made before wake_up_new_task() does. */
static void new_thread(void)
{
    unsigned long seen = turns_now();
    unsigned kept;
    pid_t pid;
    CHECK(tell("start") == EINVAL && tell("new") == 0 && tell("new") == EBUSY);
    (void)turns(&pid);
    CHECK(state_now(&kept) == TASK_NEW && letter(pid) == 'R');
    CHECK(kill(pid, SIGCONT) == 0 && kill(pid, SIGKILL) == 0 && kill(pid, SIGSTOP) == 0);
    for (int i = 0; i < 20; i++) {
        CHECK(tell("wake") == EAGAIN);
        usleep(1000);
    }
    CHECK(turns_now() == seen && switches(pid) == 0);
    CHECK(state_now(&kept) == TASK_NEW);
    CHECK(tell("start") == 0 && tell("start") == EINVAL);
    await_turn();
    CHECK(state_now(&kept) != TASK_NEW);
}

static long uninterruptible(void)
{
    static char text[256 * 1024];
    long sum = 0, n;
    int fd = open(DEBUG_FILE, O_RDONLY), got;
    size_t have = 0;
    CHECK(fd >= 0);
    while ((got = (int)read(fd, text + have, sizeof text - 1 - have)) > 0) {
        have += (size_t)got;
    }
    close(fd);
    text[have] = 0;
    for (char *at = text; (at = strstr(at, ".nr_uninterruptible")); at++) {
        CHECK(sscanf(at, ".nr_uninterruptible : %ld", &n) == 1);
        sum += n;
    }
    return sum;
}

/* Others may sleep so for a moment. */
static void await_uninterruptible(long sum)
{
    for (int i = 0; uninterruptible() != sum; i++) {
        CHECK(i < 1000);
        usleep(2000);
    }
}

static void await_letter(pid_t pid, char c)
{
    for (int i = 0; letter(pid) != c; i++) {
        CHECK(i < 1000);
        usleep(2000);
    }
}

#define LOAD_STEP_S 5
#define LOAD_KEEPS 0.91992 /* of the average of a minute in one step */

static double load_average(void)
{
    char text[64];
    double load;
    CHECK(read_text("/proc/loadavg", text, sizeof text));
    CHECK(sscanf(text, "%lf", &load) == 1);
    return load;
}

/* How many the next step of the load average counted, by how far it moved: whoever was running then, and who sleeps D. */
static double counted_in_the_load(void)
{
    double before = load_average();
    sleep(LOAD_STEP_S);
    return (load_average() - LOAD_KEEPS * before) / (1 - LOAD_KEEPS);
}

/* Nobody ticks while all sleep: the step is taken by who reads the average, which is one. What else runs just then calls for another look. */
static void await_load(double least, double most)
{
    double n = counted_in_the_load();
    for (int i = 0; n < least || n > most; i++) {
        CHECK(i < 5);
        n = counted_in_the_load();
    }
}

/* One that sleeps D counts in the load, one that sleeps I does not; no signal wakes either. */
static void sleeps(const char *how, char shown, long load)
{
    pid_t pid;
    (void)turns(&pid);
    await_uninterruptible(0);
    CHECK(tell(how) == 0);
    await_letter(pid, shown);
    await_uninterruptible(load);
    CHECK(kill(pid, SIGCONT) == 0 && kill(pid, SIGKILL) == 0);
    stands_still();
    await_uninterruptible(load);
    await_load((double)load + 0.5, (double)load + 1.5);
    CHECK(letter(pid) == shown);
    CHECK(tell("wake") == 0);
    await_turn();
    await_uninterruptible(0);
}

/* Between the wake-up and the arrival at a CPU that takes no interrupts the thread is TASK_WAKING, and nobody wakes it twice. */
static void slow_wakeups(void)
{
    pid_t pid;
    (void)turns(&pid);
    CHECK(tell("wake-slowly") == EINVAL);
    CHECK(pin(0, 0) == 0);
    for (int i = 0; i < 20; i++) {
        unsigned kept, tries = 0;
        int err;
        CHECK(tell("sleep") == 0);
        await_letter(pid, 'D');
        while ((err = tell("wake-slowly")) == EINVAL && tries++ < 1000) { /* it has not left its CPU yet */
            usleep(1000);
        }
        CHECK(err == 0);
        (void)state_now(&kept);
        CHECK(kept == TASK_WAKING);
        await_turn();
    }
}

static void states(int last)
{
    CHECK(tell("sleep") == ESRCH && tell("idle") == ESRCH && tell("wake") == EAGAIN && tell("wake-slowly") == EINVAL);
    mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
    new_thread();
    sleeps("sleep", 'D', 1);
    sleeps("idle", 'I', 0);
    if (last) {
        slow_wakeups();
    }
    CHECK(tell("park") == 0);
    pid_t pid;
    (void)turns(&pid);
    end_thread(pid);
}

/* ---- while a CPU is away ---- */

static void set_online(int cpu, const char *text)
{
    char file[96];
    snprintf(file, sizeof file, "/sys/devices/system/cpu/cpu%d/online", cpu);
    CHECK(write_word(file, text) == 0);
}

static void parked_over_an_absence(int last)
{
    unsigned flags;
    pid_t pid;
    int cpu;
    CHECK(tell("bound") == 0);
    (void)turns(&pid);
    await_turn();
    CHECK(tell("park") == 0);
    set_online(last, "0");
    stands_still();
    CHECK(is_parked(pid));
    set_online(last, "1");
    CHECK(is_parked(pid));
    CHECK(tell("unpark") == 0);
    await_turn();
    CHECK(look(pid, &flags, &cpu) != 'P' && cpu == last);
    end_thread(pid);
}

static pid_t find_thread(const char *name)
{
    DIR *dir = opendir("/proc");
    struct dirent *d;
    pid_t found = 0;
    CHECK(dir);
    while (!found && (d = readdir(dir))) {
        char file[300], text[64];
        snprintf(file, sizeof file, "/proc/%s/comm", d->d_name);
        if (atoi(d->d_name) > 0 && read_text(file, text, sizeof text) && !strncmp(text, name, strlen(name)) && text[strlen(name)] == '\n') {
            found = atoi(d->d_name);
        }
    }
    closedir(dir);
    CHECK(found);
    return found;
}

/* More callbacks than the switches of that CPU get round to. */
static void flood(int cpu)
{
    pid_t pid = fork();
    if (pid == 0) {
        _exit(pin(0, cpu) || write_word("/proc/rcu-torture", "flood 100"));
    }
    int status;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static void works(pid_t pid, int cpu)
{
    unsigned long before = switches(pid);
    for (int i = 0; switches(pid) == before; i++) {
        CHECK(i < 50);
        flood(cpu);
    }
}

static void rcu_thread(int last)
{
    char name[32];
    snprintf(name, sizeof name, "rcuc/%d", last);
    pid_t pid = find_thread(name);
    CHECK(!is_parked(pid));
    CHECK(pin(pid, 0) == EINVAL);
    works(pid, last);
    for (int i = 0; last && i < 10; i++) {
        set_online(last, "0");
        CHECK(is_parked(pid));
        flood(0);
        CHECK(is_parked(pid));
        set_online(last, "1");
        await_unparked(pid);
    }
    works(pid, last);
}

int main(void)
{
    int last = (int)sysconf(_SC_NPROCESSORS_ONLN) - 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    CHECK(tell("init") == EINVAL);
    CHECK(tell("nonsense") == EINVAL);
    one_thread(1, last);
    one_thread(0, last);
    both_at_once();
    states(last);
    if (last) {
        parked_over_an_absence(last);
    }
    rcu_thread(last);
    puts("kthread-park ok");
    return 0;
}
