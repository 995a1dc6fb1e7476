/* The two 16550 ports, ttyS0 (0x3f8, IRQ 4) and ttyS1 (0x2f8, IRQ 3). Output is polled in bursts of
 * the FIFO's depth; input comes by interrupt once uart_init() has run. */
#pragma once
#include "kernel/lib/types.h"
#define UART_PORTS 2
/* Sets the ports up for 115200 8n1, polled. Boot CPU, first thing; later calls do nothing. */
void uart_early_init(void);
/* To every port that console= names (ttyS0 by default); '\n' becomes "\r\n". Any context. */
void uart_console_write(const char *text, size_t n);
/* Raw bytes to one port, polled; serialised by the port's lock. Any context but NMI. */
void uart_write(unsigned port, const char *text, size_t n);
bool uart_present(unsigned port);
/* The port that /dev/console is: the last console=ttySn, else 0. */
unsigned uart_console_port(void);
/* Interrupt-driven input into the ttys; needs interrupts and the tty layer. */
void uart_init(void);
/* Programs speed (baud) and format (LCR bits) from termios. */
void uart_set_line(unsigned port, unsigned baud, u8 lcr);
