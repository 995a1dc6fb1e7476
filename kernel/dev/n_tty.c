/* The line discipline, input side: what arrives at a port becomes lines or raw bytes, echo, signals
 * and flow control. Runs in the port's interrupt under tty->lock. Owns the input ring of the tty.
 * Must never sleep. Semantics: POSIX.1-2017 chapter 11, termios(3); where they leave room, Linux.
 */
#include "kernel/dev/tty.h"
#include "kernel/dev/uart.h"
#include "kernel/lib/string.h"
#include "kernel/signal/signal.h"

#define RING(pos) ((pos) & (TTY_INPUT_BYTES - 1))
#define DISABLED  '\0'

/* Echo of one batch of input, sent as one piece. */
struct echo {
    struct tty_struct *tty;
    size_t n;
    char text[256];
};

static bool lflag(const struct tty_struct *tty, u32 bit)
{
    return tty->termios.c_lflag & bit;
}
static bool iflag(const struct tty_struct *tty, u32 bit)
{
    return tty->termios.c_iflag & bit;
}

static bool is_cc(const struct tty_struct *tty, u8 c, unsigned which)
{
    return c == tty->termios.c_cc[which] && c != DISABLED;
}

static bool is_cntrl(u8 c)
{
    return c < 0x20 || c == 0x7f;
}

static bool is_continuation(const struct tty_struct *tty, u8 c)
{
    return iflag(tty, IUTF8) && (c & 0xc0) == 0x80;
}

static bool test_eol(const struct tty_struct *tty, u32 pos)
{
    return tty->eol_map[RING(pos) / 64] >> (pos % 64) & 1;
}

static void set_eol(struct tty_struct *tty, u32 pos, bool on)
{
    u64 bit = 1UL << (pos % 64);

    if (on)
        tty->eol_map[RING(pos) / 64] |= bit;
    else
        tty->eol_map[RING(pos) / 64] &= ~bit;
}

static void echo_flush(struct echo *e)
{
    uart_write(e->tty->port, e->text, e->n);
    e->n = 0;
}

static void echo_raw(struct echo *e, char c)
{
    if (e->n == sizeof(e->text))
        echo_flush(e);
    e->text[e->n++] = c;
}

/* One byte as it would be written by a program: output processing and the cursor's column. */
static void echo_out(struct echo *e, u8 c)
{
    struct tty_struct *tty = e->tty;

    if (c == '\n') {
        if ((tty->termios.c_oflag & (OPOST | ONLCR)) == (OPOST | ONLCR))
            echo_raw(e, '\r');
        tty->column = 0;
    } else if (c == '\r') {
        tty->column = 0;
    } else if (c == '\b') {
        tty->column -= tty->column > 0;
    } else if (c == '\t') {
        tty->column = (tty->column | 7) + 1;
    } else if (!is_cntrl(c) && !is_continuation(tty, c)) {
        tty->column++;
    }
    echo_raw(e, (char)c);
}

/* A typed byte: control characters as ^X with ECHOCTL. */
static void echo_char(struct echo *e, u8 c)
{
    if (lflag(e->tty, ECHOCTL) && is_cntrl(c) && c != '\t' && c != '\n') {
        echo_out(e, '^');
        echo_out(e, c ^ 0x40);
    } else {
        echo_out(e, c);
    }
}

static void put_byte(struct tty_struct *tty, u8 c, bool ends_line)
{
    tty->input[RING(tty->read_head)] = (char)c;
    set_eol(tty, tty->read_head, ends_line);
    tty->read_head++;
    if (ends_line)
        tty->canon_head = tty->read_head;
}

u32 n_tty_readable_locked(struct tty_struct *tty)
{
    return (lflag(tty, ICANON) ? tty->canon_head : tty->read_head) - tty->read_tail;
}

void n_tty_flush_input_locked(struct tty_struct *tty)
{
    tty->read_tail = tty->canon_head = tty->read_head;
    tty->lnext = false;
}

static void restart_output(struct tty_struct *tty)
{
    tty->stopped = false;
    wake_up_all(&tty->write_wait);
}

static bool take_flow_control(struct tty_struct *tty, u8 c)
{
    if (!iflag(tty, IXON))
        return false;
    if (is_cc(tty, c, VSTART)) {
        restart_output(tty);
        return true;
    }
    if (is_cc(tty, c, VSTOP)) {
        tty->stopped = true;
        return true;
    }
    return false;
}

/* The signal that c stands for, 0 if none: the caller sends it once it has given the lock back. */
static int take_signal(struct echo *e, u8 c)
{
    struct tty_struct *tty = e->tty;
    int sig = is_cc(tty, c, VINTR)   ? SIGINT
              : is_cc(tty, c, VQUIT) ? SIGQUIT
              : is_cc(tty, c, VSUSP) ? SIGTSTP
                                     : 0;

    if (!lflag(tty, ISIG) || !sig)
        return 0;
    if (!lflag(tty, NOFLSH))
        n_tty_flush_input_locked(tty);
    if (tty->stopped)
        restart_output(tty);
    if (lflag(tty, ECHO))
        echo_char(e, c);
    return sig;
}

/* Columns that the echo of a byte takes which begins at `column`: at most 8. */
static u32 width_at(const struct tty_struct *tty, u8 c, u32 column)
{
    if (c == '\t')
        return 8 - (column & 7);
    if (is_cntrl(c))
        return lflag(tty, ECHOCTL) ? 2 : 0;
    return !is_continuation(tty, c);
}

/* The column where the byte at `pos` of the line being typed begins. */
static u32 column_before(const struct tty_struct *tty, u32 pos)
{
    u32 column = tty->canon_column;

    for (u32 i = tty->canon_head; i != pos; i++)
        column += width_at(tty, (u8)tty->input[RING(i)], column);
    return column;
}

/* Wipes what the echo of c put on the screen, the last byte of the line before it was taken off. Never more than that, however far
 * programs have moved the cursor meanwhile: this is an interrupt. */
static void wipe(struct echo *e, u8 c)
{
    struct tty_struct *tty = e->tty;
    u32 width = width_at(tty, c, c == '\t' ? column_before(tty, tty->read_head) : 0);

    for (width = min(width, tty->column); width; width--) {
        echo_out(e, '\b');
        if (c != '\t') {
            echo_raw(e, ' ');
            echo_raw(e, '\b');
        }
    }
}

/* Takes the last character of the line off and wipes it from the screen. */
static u8 erase_one(struct echo *e)
{
    struct tty_struct *tty = e->tty;
    u8 c;

    do
        c = (u8)tty->input[RING(--tty->read_head)];
    while (is_continuation(tty, c) && tty->read_head != tty->canon_head);
    if (!lflag(tty, ECHO))
        return c;
    if (lflag(tty, ECHOE))
        wipe(e, c);
    else
        echo_char(e, tty->termios.c_cc[VERASE]);
    return c;
}

static bool is_word(u8 c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' ||
           c >= 0x80;
}

static void erase_word(struct echo *e)
{
    struct tty_struct *tty = e->tty;
    bool seen = false;

    while (tty->read_head != tty->canon_head) {
        bool word = is_word((u8)tty->input[RING(tty->read_head - 1)]);

        if (seen && !word)
            return;
        seen |= word;
        erase_one(e);
    }
}

static void kill_line(struct echo *e)
{
    struct tty_struct *tty = e->tty;

    if (lflag(tty, ECHO) && !(lflag(tty, ECHOK) && lflag(tty, ECHOKE) && lflag(tty, ECHOE))) {
        tty->read_head = tty->canon_head;
        echo_char(e, tty->termios.c_cc[VKILL]);
        if (lflag(tty, ECHOK))
            echo_out(e, '\n');
        return;
    }
    while (tty->read_head != tty->canon_head)
        erase_one(e);
}

static void reprint_line(struct echo *e, u8 c)
{
    struct tty_struct *tty = e->tty;

    echo_char(e, c);
    echo_out(e, '\n');
    for (u32 i = tty->canon_head; i != tty->read_head; i++)
        echo_char(e, (u8)tty->input[RING(i)]);
}

static bool take_editing(struct echo *e, u8 c)
{
    struct tty_struct *tty = e->tty;

    if (is_cc(tty, c, VERASE)) {
        if (tty->read_head != tty->canon_head)
            erase_one(e);
    } else if (is_cc(tty, c, VKILL)) {
        kill_line(e);
    } else if (lflag(tty, IEXTEN) && is_cc(tty, c, VWERASE)) {
        erase_word(e);
    } else if (lflag(tty, IEXTEN) && is_cc(tty, c, VLNEXT)) {
        tty->lnext = true;
        if (lflag(tty, ECHO) && lflag(tty, ECHOCTL)) {
            echo_raw(e, '^');
            echo_raw(e, '\b');
        }
    } else if (lflag(tty, IEXTEN) && lflag(tty, ECHO) && is_cc(tty, c, VREPRINT)) {
        reprint_line(e, c);
    } else {
        return false;
    }
    return true;
}

/* Newline, EOF, EOL, EOL2: the line is complete. */
static bool take_line_end(struct echo *e, u8 c)
{
    struct tty_struct *tty = e->tty;

    if (c == '\n') {
        if (lflag(tty, ECHO) || lflag(tty, ECHONL))
            echo_out(e, '\n');
        put_byte(tty, '\n', true);
    } else if (is_cc(tty, c, VEOF)) {
        put_byte(tty, DISABLED, true);
    } else if (is_cc(tty, c, VEOL) || (lflag(tty, IEXTEN) && is_cc(tty, c, VEOL2))) {
        if (lflag(tty, ECHO))
            echo_char(e, c);
        put_byte(tty, c, true);
    } else {
        return false;
    }
    return true;
}

static bool ring_full(struct echo *e)
{
    /* One place is kept for the byte that ends a line. */
    if (e->tty->read_head - e->tty->read_tail < TTY_INPUT_BYTES - 1)
        return false;
    if (iflag(e->tty, IMAXBEL))
        echo_raw(e, '\a');
    return true;
}

static void store_char(struct echo *e, u8 c)
{
    struct tty_struct *tty = e->tty;

    if (ring_full(e))
        return;
    if (lflag(tty, ECHO)) {
        if (tty->read_head == tty->canon_head)
            tty->canon_column = tty->column;
        echo_char(e, c);
    }
    put_byte(tty, c, false);
}

static bool ring_has_place(const struct tty_struct *tty)
{
    return tty->read_head - tty->read_tail < TTY_INPUT_BYTES;
}

static int receive_char(struct echo *e, u8 c)
{
    struct tty_struct *tty = e->tty;
    int sig;

    if (iflag(tty, ISTRIP))
        c &= 0x7f;
    if (tty->lnext) {
        tty->lnext = false;
        store_char(e, c);
        return 0;
    }
    if (take_flow_control(tty, c))
        return 0;
    if ((sig = take_signal(e, c)))
        return sig;
    if (tty->stopped && iflag(tty, IXON) && iflag(tty, IXANY))
        restart_output(tty);
    if (c == '\r') {
        if (iflag(tty, IGNCR))
            return 0;
        if (iflag(tty, ICRNL))
            c = '\n';
    } else if (c == '\n' && iflag(tty, INLCR)) {
        c = '\r';
    }
    if (lflag(tty, ICANON) && (take_editing(e, c) || (ring_has_place(tty) && take_line_end(e, c))))
        return 0;
    store_char(e, c);
    return 0;
}

size_t n_tty_receive_locked(struct tty_struct *tty, const char *buf, size_t n, int *sig)
{
    struct echo e = {.tty = tty};
    size_t used = 0;

    *sig = 0;
    while (used < n && !*sig)
        *sig = receive_char(&e, (u8)buf[used++]);
    if (e.n)
        echo_flush(&e);
    if (n_tty_readable_locked(tty))
        wake_up_poll(&tty->read_wait, POLLIN | POLLRDNORM);
    return used;
}

/* Into canonical mode: what was there is a complete line; out of it: all of it is readable. */
void n_tty_termios_changed_locked(struct tty_struct *tty, const struct ktermios *old)
{
    if (!((old->c_lflag ^ tty->termios.c_lflag) & ICANON))
        return;
    memset(tty->eol_map, 0, sizeof(tty->eol_map));
    tty->lnext = false;
    if (lflag(tty, ICANON) && tty->read_head != tty->read_tail) {
        set_eol(tty, tty->read_head - 1, true);
        tty->canon_head = tty->read_head;
    } else {
        tty->canon_head = tty->read_tail;
    }
    wake_up_all(&tty->read_wait);
}

/* Takes bytes of complete lines, at most to the end of one. *done: the line ended here. */
static size_t take_canonical(struct tty_struct *tty, char *out, size_t n, bool *done)
{
    size_t got = 0;

    while (tty->read_tail != tty->canon_head && !*done) {
        u8 c = (u8)tty->input[RING(tty->read_tail)];
        bool ends = test_eol(tty, tty->read_tail);
        bool eof = ends && c == DISABLED;

        if (got == n && !eof)
            return got;
        tty->read_tail++;
        if (!eof)
            out[got++] = (char)c;
        *done = ends;
    }
    return got;
}

static size_t take_raw(struct tty_struct *tty, char *out, size_t n)
{
    size_t got = min_t(size_t, n, tty->read_head - tty->read_tail);

    for (size_t i = 0; i < got; i++)
        out[i] = tty->input[RING(tty->read_tail++)];
    return got;
}

size_t n_tty_take_locked(struct tty_struct *tty, char *out, size_t n, bool *done)
{
    return lflag(tty, ICANON) ? take_canonical(tty, out, n, done) : take_raw(tty, out, n);
}
