/*
 * space_stress.c: one address space under fire: threads write, fork (children check and rewrite what
 * they inherited) and map, protect, move and unmap, all at once. `space-stress ok` when every byte was what it should be.
 * Usage: space_stress [ROUNDS]. Passes on Linux too.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096u
#define PAGES 2048u /* 8 MiB: tables that fork may share */
#define MARK 100u   /* byte of each page that nobody but a child changes */

static char *area;
static volatile int stop;
static int rounds = 10;

__attribute__((noreturn)) static void bad(const char *what)
{
    printf("space-stress: %s (errno %d)\n", what, errno);
    exit(1);
}

/* Writes words of its own all over the area. */
static void *writer(void *arg)
{
    unsigned seed = (unsigned)(long)arg;
    while (!stop) {
        unsigned i = (unsigned)rand_r(&seed) % PAGES;
        area[i * PAGE + 8 * (unsigned long)arg]++;
        if (i % 16 == 0) {
            usleep(500);
        }
    }
    return NULL;
}

static int child(unsigned seed)
{
    for (int k = 0; k < 300; k++) {
        unsigned i = (unsigned)rand_r(&seed) % PAGES;
        char *mark = &area[i * PAGE + MARK];
        if (*mark != (char)i && *mark != 'c') {
            return 3;
        }
        *mark = 'c';
    }
    for (unsigned i = 0; i < PAGES; i += 17) {
        char mark = area[i * PAGE + MARK];
        if (mark != (char)i && mark != 'c') {
            return 4;
        }
    }
    return 0;
}

static void *forker(void *arg)
{
    for (int i = 0; i < rounds; i++) {
        int status;
        pid_t pid = fork();
        if (pid == 0) {
            _exit(child((unsigned)i + (unsigned)(long)arg));
        }
        if (pid < 0 || waitpid(pid, &status, 0) != pid || status) {
            bad("a child saw memory that is not its own");
        }
    }
    return NULL;
}

static void map_once(unsigned *seed, int i)
{
    size_t n = (1 + (unsigned)rand_r(seed) % 100) * PAGE;
    char *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        bad("mmap");
    }
    for (size_t k = 0; k < n; k += PAGE) {
        if (p[k]) {
            bad("a fresh page is not zero");
        }
        p[k] = 1;
    }
    if (i % 5 == 0 && (madvise(p, PAGE, MADV_DONTNEED) || p[0])) {
        bad("a dropped page is not zero");
    }
    if (i % 3 == 0) {
        mprotect(p + n / 2 / PAGE * PAGE, n - n / 2 / PAGE * PAGE, PROT_READ);
    } else if (i % 7 == 0) {
        p = mremap(p, n, 2 * n, MREMAP_MAYMOVE);
        n *= 2;
        if (p == MAP_FAILED || p[n - 1]) {
            bad("mremap");
        }
    }
    munmap(p, n);
}

static void *mapper(void *arg)
{
    unsigned seed = (unsigned)(long)arg;
    for (int i = 0; i < rounds * 15; i++) {
        map_once(&seed, i);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static void *(*const body[])(void *) = {writer, writer, writer, forker, forker, mapper, mapper};
    pthread_t t[7];
    rounds = argc > 1 ? atoi(argv[1]) : rounds;
    area = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (area == MAP_FAILED) {
        bad("mmap");
    }
    for (unsigned i = 0; i < PAGES; i++) {
        area[i * PAGE + MARK] = (char)i;
    }
    for (long i = 0; i < 7; i++) {
        if (pthread_create(&t[i], NULL, body[i], (void *)(i + 1))) {
            bad("pthread_create");
        }
    }
    for (int i = 3; i < 7; i++) {
        pthread_join(t[i], NULL);
    }
    stop = 1;
    for (int i = 0; i < 3; i++) {
        pthread_join(t[i], NULL);
    }
    for (unsigned i = 0; i < PAGES; i++) {
        if (area[i * PAGE + MARK] != (char)i) {
            bad("the parent's memory is damaged");
        }
    }
    printf("space-stress ok\n");
    return 0;
}
