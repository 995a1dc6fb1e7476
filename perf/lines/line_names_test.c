// Source lines by an addr2line of our own: where its files lie, what is said when there is none, what a kill leaves.
#include "perf/lines/line_names.h"
#include "perf/util/cmocka_all.h"
#include "perf/util/host_file.h"
#include "perf/util/text_buf.h"
#include "perf/vm/host_signals.h"
#include "perf/vm/temp_dir.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PC 0xffffffff81000010ull

static char *base; // with tmp (TMPDIR), bin (PATH's first, or only) and what else a test leaves there

static char *in(const char *name)
{
    return x_printf("%s/%s", base, name);
}

static int set_up(void **state)
{
    (void)state;
    base = x_strdup("/tmp/line_names_test.XXXXXX");
    assert_non_null(mkdtemp(base));
    char *tmp = in("tmp"), *bin = in("bin"), *path = x_printf("%s:/usr/bin:/bin", bin);
    assert_int_equal(mkdir(tmp, 0700) | mkdir(bin, 0700), 0);
    setenv("TMPDIR", tmp, 1);
    setenv("PATH", path, 1);
    free(tmp);
    free(bin);
    free(path);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    remove_tree(base);
    free(base);
    return 0;
}

static void write_addr2line(const char *body)
{
    char *path = in("bin/addr2line"), *script = x_printf("#!/bin/sh\n%s\n", body);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(script, f);
    assert_int_equal(fclose(f) | chmod(path, 0700), 0);
    free(path);
    free(script);
}

// Names in TMPDIR.
static int left(void)
{
    int n = 0;
    DIR *d = opendir(getenv("TMPDIR"));
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static struct line_names *prepared(int times)
{
    struct line_names *n = line_names_open("/an 'image", "ffffffff81000000 T the_function\n");
    uint64_t pc[] = {PC, 0x400000};
    for (int i = 0; i < times; i++)
        line_names_prepare(n, pc, 2);
    return n;
}

// What is said meanwhile; the caller's.
static char *said(void (*act)(void))
{
    char *path = in("said");
    int old = dup(STDERR_FILENO);
    fflush(stderr);
    assert_non_null(freopen(path, "w", stderr));
    act();
    fflush(stderr);
    dup2(old, STDERR_FILENO);
    close(old);
    char *text = file_read(path, NULL);
    free(path);
    assert_non_null(text);
    return text;
}

// Its list lies in a folder of ours below TMPDIR, user addresses are not asked for, the image's name is one word whatever is in it.
static void source_lines(void **state)
{
    (void)state;
    write_addr2line("[ \"$3\" = \"/an 'image\" ] && ls -d $TMPDIR/cloudbench-$PPID-*/pcs >/dev/null || exit 1\n"
                    "while read -r pc; do echo $pc; echo a_function; echo /src/a_file.c:12; done");
    struct line_names *n = prepared(1);
    assert_string_equal(line_names_code(n, PC), "a_function a_file.c:12");
    assert_string_equal(line_names_code(n, 0x400000), "user");
    assert_int_equal(left(), 0);
    line_names_close(n);
}

static void named_by_symbol(void)
{
    struct line_names *n = prepared(2);
    assert_string_equal(line_names_code(n, PC), "the_function+0x10");
    line_names_close(n);
}

static void a_missing_addr2line_is_said_once(void **state)
{
    char *bin = in("bin");
    (void)state;
    setenv("PATH", bin, 1);
    char *text = said(named_by_symbol);
    const char *first = strstr(text, "/an 'image: addr2line is missing (Debian: binutils)");
    assert_non_null(first);
    assert_null(strstr(first + 1, "/an 'image"));
    assert_int_equal(left(), 0);
    free(text);
    free(bin);
}

static void one_that_fails_is_said(void **state)
{
    (void)state;
    write_addr2line("exit 1");
    char *text = said(named_by_symbol);
    assert_non_null(strstr(text, "/an 'image: addr2line cannot read it"));
    free(text);
}

static void no_folder_is_said(void **state)
{
    (void)state;
    setenv("TMPDIR", "/nosuch", 1);
    char *text = said(named_by_symbol);
    assert_non_null(strstr(text, "/an 'image: No such file or directory"));
    free(text);
}

static int pid_in(const char *path)
{
    for (int i = 0; i < 3000; i++, usleep(10000)) {
        char *text = file_read(path, NULL);
        int pid = text && strchr(text, '\n') ? atoi(text) : 0;
        free(text);
        if (pid)
            return pid;
    }
    return 0;
}

// Killed while addr2line runs: the next cloudbench takes the folder away.
static void what_a_kill_leaves_is_swept(void **state)
{
    (void)state;
    char *began = in("began"), *body = x_printf("echo $$ >'%s'; exec sleep 1000", began);
    write_addr2line(body);
    int pid = fork();
    if (pid == 0) {
        prepared(1);
        _exit(0);
    }
    int addr2line = pid_in(began);
    assert_true(addr2line > 0);
    kill(pid, SIGKILL);
    kill(addr2line, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_int_equal(left(), 1);
    temp_dir_sweep();
    assert_int_equal(left(), 0);
    free(began);
    free(body);
}

// An interrupt ends the addr2line that is waited for, though the whole program has that signal blocked, and is not lost.
static void an_interrupt_ends_it(void **state)
{
    (void)state;
    char *began = in("began"), *body = x_printf("echo $$ >'%s'; exec sleep 1000", began);
    write_addr2line(body);
    int pid = fork(), status, tries = 1000;
    if (pid == 0) {
        signals_block();
        line_names_close(prepared(1));
        _exit(signals_pending() ? 3 : 4);
    }
    int addr2line = pid_in(began);
    assert_true(addr2line > 0);
    kill(pid, SIGTERM);
    while (!waitpid(pid, &status, WNOHANG) && --tries)
        usleep(10000);
    if (!tries)
        kill(addr2line, SIGKILL);
    assert_true(tries);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 3);
    assert_int_equal(left(), 0);
    free(began);
    free(body);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {EACH(source_lines), EACH(a_missing_addr2line_is_said_once), EACH(one_that_fails_is_said), EACH(no_folder_is_said),
                                       EACH(what_a_kill_leaves_is_swept), EACH(an_interrupt_ends_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
