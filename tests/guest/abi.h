/*
 * abi.h: how the guest ABI tests are written. A test is TEST(call, what) { ... }: `what` names the
 * effect shown, or the error (EBADF, EFAULT, ...). Each runs in its own process and process group with a time limit,
 * so a crash or a hang is that test's failure only. docs/syscalls.md finds tests by the call's name.
 * Every test must pass on Linux; none may ask which kernel it runs on. Those of own_NAME.c look at what CloudOS alone shows, those of
 * counted_NAME.c judge times that a busy host would spoil (ci/guest-tests --counted): guest_run runs them only when they are named.
 */
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct abi_test {
    const char *call, *what;
    void (*run)(void);
    struct abi_test *next;
};

void abi_register(struct abi_test *t);
__attribute__((noreturn, format(printf, 3, 4))) void abi_failed(const char *file, int line, const char *fmt, ...);
/* Ends the test: this kernel lacks what it is about, as docs/caveats.md says. A skipped test; on CloudOS a failed one. */
__attribute__((noreturn)) void abi_absent(const char *what);
/* An address that no program may use: for EFAULT. */
#define BAD_ADDRESS ((void *)0xffff800000001000ul)
#define BAD_LOW ((void *)8)

#define TEST(call, what)                                                          \
    static void test_##call##_##what(void);                                       \
    static struct abi_test entry_##call##_##what = {#call, #what, test_##call##_##what, NULL}; \
    __attribute__((constructor)) static void register_##call##_##what(void)       \
    {                                                                             \
        abi_register(&entry_##call##_##what);                                     \
    }                                                                             \
    static void test_##call##_##what(void)

/* cond must hold; the text says what was seen. */
#define CHECK(cond)                                              \
    do {                                                         \
        errno = 0;                                               \
        if (!(cond)) {                                           \
            abi_failed(__FILE__, __LINE__, "%s (errno %d)", #cond, errno); \
        }                                                        \
    } while (0)
#define EQ(expr, want)                                                                   \
    do {                                                                                 \
        errno = 0;                                                                       \
        long got_ = (long)(expr), want_ = (long)(want);                                  \
        if (got_ != want_) {                                                             \
            abi_failed(__FILE__, __LINE__, "%s is %ld, want %ld (errno %d)", #expr, got_, want_, errno); \
        }                                                                                \
    } while (0)
/* The call must fail with exactly this errno. */
#define FAILS(expr, err)                                                                 \
    do {                                                                                 \
        errno = 0;                                                                       \
        long got_ = (long)(expr);                                                        \
        if (got_ != -1 || errno != (err)) {                                              \
            abi_failed(__FILE__, __LINE__, "%s is %ld with errno %d, want errno %d (%s)", #expr, got_, errno, err, #err); \
        }                                                                                \
    } while (0)

/* Waits for the child, which must exit with code. */
void abi_reap(pid_t pid, int code);
/* A child that sleeps until killed; killed with the test's group at the latest. */
pid_t abi_sleeper(void);
void abi_sleep_ms(long ms);
long abi_now_ms(void);
/* Where a test is the reference's, too, and only the bound is ours. */
int abi_is_linux(void);
/* The state letter of /proc/PID/stat, '?' when it cannot be read. */
int abi_state(pid_t pid);
/* Polls until the state is one of the letters; fails after 5 s. */
void abi_await_state(pid_t pid, const char *letters);
/* Makes a fresh empty directory under /tmp and goes there. */
void abi_scratch(void);
/* Creates a file of the text. */
void abi_file(const char *path, const char *text);
