/*
 * rcu_roles.c: plays the roles of /proc/rcu-torture, several processes a CPU, and judges the counts: no reader saw an object
 * that had been removed for longer than a grace period, every way to wait was used, no callback was lost. Then an updater that
 * does not wait: the readers must notice it. Ends with `rcu-torture ok`. Usage: rcu_roles SECONDS. CloudOS only.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILE_NAME "/proc/rcu-torture"

struct counts {
    unsigned long sections, errors, srcu_sections, srcu_errors, srcu_periods, flood_run, flood_queued;
    unsigned ways_used;
};

__attribute__((noreturn)) static void bad(const char *what)
{
    printf("rcu-torture: %s\n", what);
    exit(1);
}

static void play(const char *role, unsigned ms)
{
    char text[64];
    int fd = open(FILE_NAME, O_WRONLY), n = snprintf(text, sizeof(text), "%s %u", role, ms);

    _exit(fd < 0 || write(fd, text, (size_t)n) != n);
}

static unsigned start(const char *role, unsigned copies, unsigned ms)
{
    for (unsigned i = 0; i < copies; i++) {
        pid_t pid = fork();

        if (pid < 0)
            bad("fork");
        if (pid == 0)
            play(role, ms);
    }
    return copies;
}

static void wait_for(unsigned children)
{
    int status;

    for (; children; children--)
        if (wait(&status) < 0 || status)
            bad("a role failed");
}

static struct counts read_counts(int print)
{
    struct counts c = {0};
    unsigned long periods;
    char line[128], way[32];
    FILE *f = fopen(FILE_NAME, "r");

    if (!f)
        bad("no " FILE_NAME);
    while (fgets(line, sizeof(line), f)) {
        if (print)
            printf("%s", line);
        if (sscanf(line, "rcu: %lu periods by %31s", &periods, way) == 2)
            c.ways_used += periods > 0;
        sscanf(line, "rcu: %lu sections, %lu errors", &c.sections, &c.errors);
        sscanf(line, "rcu: %lu of %lu callbacks", &c.flood_run, &c.flood_queued);
        sscanf(line, "srcu: %lu sections, %lu errors, %lu periods", &c.srcu_sections, &c.srcu_errors, &c.srcu_periods);
    }
    fclose(f);
    return c;
}

/* Processes with nothing to do with RCU: CPUs switch, and user mode is a quiet state. */
static unsigned start_noise(unsigned ms)
{
    pid_t pid = fork();

    if (pid == 0) {
        for (unsigned slept = 0; slept < ms; slept += 10) {
            for (volatile unsigned i = 0; i < 300000; i++)
                ;
            usleep(10000);
        }
        _exit(0);
    }
    return 1;
}

static void whole(unsigned cpus, unsigned ms)
{
    unsigned n = start("read", 2 * cpus, ms) + start("sleepread", cpus, ms) + start("update", 1, ms) + start("sleepupdate", 1, ms);
    struct counts c;

    n += start("flood", 1, ms / 4) + start_noise(ms);
    wait_for(n);
    c = read_counts(1);
    if (c.errors || c.srcu_errors)
        bad("a period was too short");
    if (!c.sections || !c.srcu_sections || !c.srcu_periods || c.ways_used != 5)
        bad("something did not run");
    if (!c.flood_queued || c.flood_run != c.flood_queued)
        bad("callbacks were lost");
}

/* On one CPU no reader of RCU can be interrupted by an updater; those of SRCU can. */
static void broken(unsigned cpus)
{
    struct counts c;

    wait_for(start("read", 2 * cpus, 1500) + start("break", 1, 1500) + start("sleepread", cpus, 1500) + start("sleepbreak", 1, 1500));
    c = read_counts(1);
    if (!c.srcu_errors || (cpus > 1 && !c.errors))
        bad("an updater that does not wait was not noticed");
}

int main(int argc, char **argv)
{
    unsigned cpus = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);

    setvbuf(stdout, NULL, _IOLBF, 0);
    whole(cpus, 1000 * (unsigned)(argc > 1 ? atoi(argv[1]) : 3));
    broken(cpus);
    printf("rcu-torture ok\n");
    return 0;
}
