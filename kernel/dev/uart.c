/* 16550 driver: register access, polled output, interrupt-driven input. Owns the ports' registers;
 * offers what uart.h says. Output is polled: the FIFO takes 16 bytes at a time and an emulated one
 * is always ready, so an interrupt per burst would cost more than it saves. Must never sleep; a
 * console write at a panic goes past the lock. */
#include "kernel/dev/uart.h"
#include "kernel/arch/x86/cpu.h"
#include "kernel/arch/x86/irq.h"
#include "kernel/debug/printk.h"
#include "kernel/dev/tty.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/param.h"
#include "kernel/lib/spinlock.h"
#include "kernel/lib/string.h"

enum { REG_DATA, REG_IER, REG_IIR, REG_LCR, REG_MCR, REG_LSR, REG_MSR, REG_SCRATCH };
#define REG_FCR       REG_IIR
#define IER_DATA      0x01 /* received data */
#define LSR_DATA      0x01
#define LSR_BREAK     0x10
#define LSR_THR_EMPTY 0x20
#define LCR_8N1       0x03
#define LCR_DLAB      0x80
#define IIR_NONE      0x01
#define FIFO_DEPTH    16
#define MAX_BUFFERS   256     /* that one interrupt hands over */
#define MAX_SPINS     1000000 /* port reads: about a second */

struct uart {
    u16 base;
    u8 irq;
    bool present;
    bool console;
    bool stuck;      /* nobody reads; a hint, any CPU */
    spinlock_t lock; /* data and line registers */
};

static struct uart uarts[UART_PORTS] = {{.base = 0x3f8, .irq = 4}, {.base = 0x2f8, .irq = 3}};
static const char *const uart_names[UART_PORTS] = {"ttyS0", "ttyS1"};
static bool early_done, console_named;
static unsigned console_port;

static void program_divisor(struct uart *u, unsigned baud, u8 lcr)
{
    unsigned divisor = baud ? max(115200u / baud, 1u) : 1;

    outb(u->base + REG_LCR, lcr | LCR_DLAB);
    outb(u->base + REG_DATA, (u8)divisor);
    outb(u->base + REG_IER, (u8)(divisor >> 8));
    outb(u->base + REG_LCR, lcr);
}

static bool probe(struct uart *u)
{
    outb(u->base + REG_SCRATCH, 0x5a);
    if (inb(u->base + REG_SCRATCH) != 0x5a)
        return false;
    outb(u->base + REG_SCRATCH, 0xa5);
    return inb(u->base + REG_SCRATCH) == 0xa5;
}

void uart_early_init(void)
{
    if (early_done)
        return;
    early_done = true;
    for (unsigned i = 0; i < UART_PORTS; i++) {
        struct uart *u = &uarts[i];

        u->present = probe(u);
        if (!u->present)
            continue;
        outb(u->base + REG_IER, 0);
        program_divisor(u, 115200, LCR_8N1);
        outb(u->base + REG_FCR, 0x07); /* FIFO on, both cleared, trigger at 1 byte */
        outb(u->base + REG_MCR, 0x0b); /* DTR, RTS, interrupt line enabled */
    }
    uarts[0].console = uarts[0].present;
}

bool uart_present(unsigned port)
{
    return uarts[port].present;
}

unsigned uart_console_port(void)
{
    return console_port;
}

static bool is_ready(struct uart *u)
{
    return inb(u->base + REG_LSR) & LSR_THR_EMPTY;
}

/* Waits until the transmitter takes a burst. A port whose reader is gone must not stop the kernel
 * for ever: after one long wait it gets only short ones, until it takes something again. */
static void wait_ready(struct uart *u)
{
    unsigned spins = 0, limit = u->stuck ? 1000 : MAX_SPINS;

    while (!is_ready(u) && ++spins < limit)
        cpu_relax();
    u->stuck = spins == limit;
}

static void emit(struct uart *u, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i % FIFO_DEPTH == 0)
            wait_ready(u);
        outb(u->base + REG_DATA, (u8)text[i]);
    }
}

void uart_write(unsigned port, const char *text, size_t n)
{
    struct uart *u = &uarts[port];
    unsigned long flags;

    /* Interrupts are off for one burst at a time, and on (if the caller has them on) while the port
     * is busy. */
    while (u->present && n) {
        size_t burst = min_t(size_t, n, FIFO_DEPTH);

        wait_ready(u);
        spin_lock_irqsave(&u->lock, flags);
        emit(u, text, burst);
        spin_unlock_irqrestore(&u->lock, flags);
        text += burst;
        n -= burst;
    }
}

/* The log's text with carriage returns. Without the lock: it must work at a panic; lines are
 * serialised by the log. */
static void console_emit(struct uart *u, const char *text, size_t n)
{
    while (n) {
        const char *newline = memchr(text, '\n', n);
        size_t run = newline ? (size_t)(newline - text) : n;

        emit(u, text, run);
        if (!newline)
            return;
        emit(u, "\r\n", 2);
        text += run + 1;
        n -= run + 1;
    }
}

void uart_console_write(const char *text, size_t n)
{
    uart_early_init();
    for (unsigned i = 0; i < UART_PORTS; i++)
        if (uarts[i].console)
            console_emit(&uarts[i], text, n);
}

void uart_set_line(unsigned port, unsigned baud, u8 lcr)
{
    struct uart *u = &uarts[port];
    unsigned long flags;

    if (!u->present)
        return;
    spin_lock_irqsave(&u->lock, flags);
    wait_ready(u);
    program_divisor(u, baud, lcr);
    outb(u->base + REG_IER, IER_DATA); /* the divisor's high byte shares the register */
    spin_unlock_irqrestore(&u->lock, flags);
}

/* What the FIFO holds, up to a break or to the end of buf. Under the lock: the data register is the divisor's while that is written. */
static size_t read_fifo(struct uart *u, char *buf, size_t size, bool *broke)
{
    unsigned long flags;
    size_t n = 0;
    u8 lsr;

    spin_lock_irqsave(&u->lock, flags);
    while (n < size && !*broke && (lsr = inb(u->base + REG_LSR)) & (LSR_DATA | LSR_BREAK) && lsr != 0xff) {
        buf[n] = (char)inb(u->base + REG_DATA);
        if (lsr & LSR_BREAK)
            *broke = true;
        else
            n++;
    }
    spin_unlock_irqrestore(&u->lock, flags);
    return n;
}

/* Hands over one buffer, without the lock: the terminal's lock comes before it, for the echo. What came before a break goes first.
 * False: there was nothing. */
static bool uart_receive(unsigned port)
{
    char buf[64];
    bool broke = false;
    size_t n = read_fifo(&uarts[port], buf, sizeof(buf), &broke);

    if (n)
        tty_receive(port, buf, n);
    if (broke)
        tty_receive_break(port);
    return n || broke;
}

/* The interrupt is an edge: one that ends with bytes left makes another. */
static void raise_again(struct uart *u)
{
    unsigned long flags;

    spin_lock_irqsave(&u->lock, flags);
    outb(u->base + REG_IER, 0);
    outb(u->base + REG_IER, IER_DATA);
    spin_unlock_irqrestore(&u->lock, flags);
}

static void uart_interrupt(void *arg)
{
    unsigned port = (unsigned)(unsigned long)arg;
    bool more = false;

    /* Bounded: a port that always says "pending" must not keep the CPU. */
    for (int i = 0; i < MAX_BUFFERS; i++) {
        if (inb(uarts[port].base + REG_IIR) & IIR_NONE)
            return;
        more = uart_receive(port);
    }
    if (more)
        raise_again(&uarts[port]);
}

void uart_init(void)
{
    uart_early_init();
    for (unsigned i = 0; i < UART_PORTS; i++) {
        struct uart *u = &uarts[i];

        if (!u->present)
            continue;
        if (request_irq(u->irq, uart_interrupt, (void *)(unsigned long)i, uart_names[i])) {
            pr_warn("uart: %s: no interrupt %u\n", uart_names[i], u->irq);
            continue;
        }
        outb(u->base + REG_IER, IER_DATA);
        pr_info("uart: %s at 0x%x, irq %u, 16550A\n", uart_names[i], u->base, u->irq);
    }
}

/* console=ttyS0[,115200n8]: the last one named is /dev/console; log output goes to all. */
static int set_console(const char *value)
{
    const char *end;
    u64 port, baud = 115200;

    if (strncmp(value, "ttyS", 4)) /* Linux takes the name of a device that is not there, too */
        return !strncmp(value, "tty", 3) || !strcmp(value, "null") ? 0 : -EINVAL;
    port = strtou64(value + 4, &end, 10);
    if (port >= UART_PORTS || end == value + 4 || (*end && *end != ','))
        return -EINVAL;
    if (*end == ',')
        baud = strtou64(end + 1, NULL, 10);
    uart_early_init();
    if (!console_named)
        uarts[0].console = false;
    console_named = true;
    console_port = (unsigned)port;
    uarts[port].console = uarts[port].present;
    if (uarts[port].present && baud)
        program_divisor(&uarts[port], (unsigned)baud, LCR_8N1);
    return 0;
}
KERNEL_PARAM("console", set_console);
