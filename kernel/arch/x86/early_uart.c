/* Polled output on COM1, 115200 8n1. Any context; owns no lock: the caller orders its lines. */
#include "kernel/arch/x86/cpu.h"
#include "kernel/arch/x86/machine.h"
#include "lockfree/atomic.h"

#define COM1 0x3f8
#define LINE_STATUS 5
#define TRANSMIT_EMPTY 0x20

void early_uart_init(void)
{
    outb(COM1 + 1, 0);                          /* interrupts off */
    outb(COM1 + 3, 0x80);                       /* divisor 1 */
    outb(COM1 + 0, 1);
    outb(COM1 + 1, 0);
    outb(COM1 + 3, 3);                          /* 8n1 */
    outb(COM1 + 2, 7);                          /* FIFO on, cleared */
    outb(COM1 + 4, 0x0b);                       /* DTR, RTS, OUT2 */
}

static void put(char c)
{
    for (u32 i = 0; i < 100000 && !(inb(COM1 + LINE_STATUS) & TRANSMIT_EMPTY); i++)
        cpu_relax();
    outb(COM1, c);
}

void early_uart_write(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '\n')
            put('\r');
        put(s[i]);
    }
}
