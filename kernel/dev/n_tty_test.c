/* Host test of the line discipline: bytes come in, echo, lines and signals come out. The port is a
 * buffer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define CLOUDOS_KERNEL 1
#include "kernel/dev/n_tty.c"

static char echoed[1024];
static size_t echoed_n;
static int woken;

void uart_write(unsigned port, const char *text, size_t n)
{
    assert_true(echoed_n + n < sizeof(echoed));
    memcpy(echoed + echoed_n, text, n);
    echoed_n += n;
    echoed[echoed_n] = '\0';
}

void __wake_up(wait_queue_head_t *wq, unsigned mode, int nr, unsigned poll_events, bool sync)
{
    woken++;
}

static const struct ktermios standard = {
    .c_iflag = ICRNL | IXON,
    .c_oflag = OPOST | ONLCR,
    .c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
    .c_cc = {[VINTR] = 3,
             [VQUIT] = 28,
             [VERASE] = 127,
             [VKILL] = 21,
             [VEOF] = 4,
             [VMIN] = 1,
             [VSTART] = 17,
             [VSTOP] = 19,
             [VSUSP] = 26,
             [VREPRINT] = 18,
             [VWERASE] = 23,
             [VLNEXT] = 22},
};
static struct tty_struct tty;

/* Positions begin just below the wrap-around of 32 bits. */
static int fresh(void **state)
{
    memset(&tty, 0, sizeof(tty));
    tty.termios = standard;
    tty.read_head = tty.canon_head = tty.read_tail = (u32)-6;
    echoed_n = 0;
    echoed[0] = '\0';
    woken = 0;
    return 0;
}

static int type(const char *text)
{
    size_t n = 0;
    int sig = 0;

    while (text[n])
        n++;
    while (n && !sig) {
        size_t used = n_tty_receive_locked(&tty, text, n, &sig);

        text += used;
        n -= used;
    }
    return sig;
}

static void reads(const char *want)
{
    char got[64];
    bool done = false;
    size_t n = n_tty_take_locked(&tty, got, sizeof(got) - 1, &done);

    got[n] = '\0';
    assert_string_equal(got, want);
}

static void test_line(void **state)
{
    type("ab");
    assert_int_equal(n_tty_readable_locked(&tty), 0);
    assert_int_equal(woken, 0);
    type("c\rnext");
    assert_int_equal(n_tty_readable_locked(&tty), 4);
    assert_int_equal(woken, 1);
    reads("abc\n");
    reads("");
    assert_string_equal(echoed, "abc\r\nnext");
}

static void test_two_lines(void **state)
{
    type("one\ntwo\n");
    reads("one\n");
    reads("two\n");
}

static void test_erase(void **state)
{
    type("abx\177c\n");
    reads("abc\n");
    assert_string_equal(echoed, "abx\b \bc\r\n");
}

/* A program has written much beside the line: only what the byte took on the screen is wiped, and never what lies before column 0. */
static void test_erase_after_output(void **state)
{
    type("x");
    tty.column += 1000000;
    type("\177");
    assert_string_equal(echoed, "x\b \b");
    type("\ty");
    tty.column = 1;
    echoed_n = 0;
    type("\177\177z\n");
    assert_string_equal(echoed, "\b \bz\r\n");
    reads("z\n");
}

static void test_erase_stops_at_the_line(void **state)
{
    type("one\n\177\177x\n");
    reads("one\n");
    reads("x\n");
}

static void test_erase_control_and_tab(void **state)
{
    type("a\001\177");
    assert_string_equal(echoed, "a^A\b \b\b \b");
    echoed_n = 0;
    type("\t\177b\n");
    assert_string_equal(echoed, "\t\b\b\b\b\b\b\bb\r\n");
    reads("ab\n");
}

static void test_word_and_kill(void **state)
{
    type("one two\027x\n");
    reads("one x\n");
    type("lost\025kept\n");
    reads("kept\n");
}

static void test_utf8(void **state)
{
    tty.termios.c_iflag |= IUTF8;
    type("a\303\244\177b\n");
    reads("ab\n");
    assert_string_equal(echoed, "a\303\244\b \bb\r\n");
}

static void test_eof(void **state)
{
    char got[8];
    bool done = false;

    type("abc\004");
    assert_int_equal(n_tty_take_locked(&tty, got, 3, &done),
                     3); /* the mark goes with the last byte */
    assert_true(done);
    assert_int_equal(n_tty_readable_locked(&tty), 0);
    type("\004");
    assert_int_equal(n_tty_readable_locked(&tty), 1);
    done = false;
    assert_int_equal(n_tty_take_locked(&tty, got, 8, &done), 0);
    assert_true(done);
}

static void test_short_reads(void **state)
{
    char got[8];
    bool done = false;

    type("abcdef\n");
    assert_int_equal(n_tty_take_locked(&tty, got, 4, &done), 4);
    assert_false(done);
    reads("ef\n");
}

static void test_literal_next(void **state)
{
    assert_int_equal(type("\026\003x\026\177\n"), 0);
    reads("\003x\177\n");
}

static void test_signals_flush(void **state)
{
    assert_int_equal(type("lost\003"), SIGINT);
    assert_string_equal(echoed, "lost^C");
    assert_int_equal(type("\032"), SIGTSTP);
    assert_int_equal(type("\034"), SIGQUIT);
    type("kept\n");
    reads("kept\n");
    tty.termios.c_lflag |= NOFLSH;
    assert_int_equal(type("stays\003"), SIGINT);
    type("\n");
    reads("stays\n");
    tty.termios.c_lflag &= ~ISIG;
    assert_int_equal(type("\003\n"), 0);
    reads("\003\n");
}

static void test_flow_control(void **state)
{
    type("\023");
    assert_true(tty.stopped);
    type("\021x\n");
    assert_false(tty.stopped);
    reads("x\n");
}

static void test_full_line(void **state)
{
    char got[64];
    size_t total = 0, n;
    bool done = false;

    for (int i = 0; i < 5000; i++) {
        echoed_n = 0;
        type("z");
    }
    echoed_n = 0;
    type("\n");
    while (!done && (n = n_tty_take_locked(&tty, got, sizeof(got), &done)))
        total += n;
    assert_int_equal(total, TTY_INPUT_BYTES); /* 4095 bytes and the newline */
    type("again\n");
    reads("again\n");
}

static void test_raw(void **state)
{
    struct ktermios old = tty.termios;

    type("part");
    tty.termios.c_lflag = 0;
    tty.termios.c_iflag = 0;
    n_tty_termios_changed_locked(&tty, &old);
    assert_int_equal(n_tty_readable_locked(&tty), 4);
    echoed_n = 0;
    assert_int_equal(type("\003\r\177"), 0);
    reads("part\003\r\177");
    assert_int_equal(echoed_n, 0);
    type("left");
    old = tty.termios;
    tty.termios = standard;
    n_tty_termios_changed_locked(&tty, &old);
    reads("left");
}

static void test_input_modes(void **state)
{
    tty.termios.c_iflag = IGNCR | ISTRIP | INLCR;
    tty.termios.c_lflag = 0;
    type("a\r\341\n");
    reads("aa\r");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, fresh)
    const struct CMUnitTest tests[] = {
        T(test_line),
        T(test_two_lines),
        T(test_erase),
        T(test_erase_after_output),
        T(test_erase_stops_at_the_line),
        T(test_erase_control_and_tab),
        T(test_word_and_kill),
        T(test_utf8),
        T(test_eof),
        T(test_short_reads),
        T(test_literal_next),
        T(test_signals_flush),
        T(test_flow_control),
        T(test_full_line),
        T(test_raw),
        T(test_input_modes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
