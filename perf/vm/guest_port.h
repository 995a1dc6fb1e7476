// A byte stream between QEMU and us. Everything happens on the loop's thread.
// QMP is a UNIX socket on which QEMU connects. Console and results are pairs of FIFOs (PATH.in,
// PATH.out), large enough that QEMU's writes never wait for us: QEMU writes a serial port byte by
// byte, a socket is full after some 280 such writes, and a guest that then finds its transmitter
// busy would count differently from run to run.
#pragma once
#include <stdbool.h>
#include <uv.h>

struct guest_port {
    uv_pipe_t server; // socket: where QEMU connects; FIFO: what the guest reads
    uv_pipe_t peer;   // what the guest wrote; of a socket both ways
    bool fifo, listening, connected, ended;
    void (*on_data)(struct guest_port *p, const char *data, size_t n);
    void *owner;
    size_t received;
    char buffer[65536];
};

// 0 or a negative libuv error.
int guest_port_listen(struct guest_port *p, uv_loop_t *loop, const char *path);
// Makes both FIFOs and opens our ends. 0 or a negative libuv error.
int guest_port_fifo(struct guest_port *p, uv_loop_t *loop, const char *path);
// Queue bytes for the guest; copied. Dropped when QEMU is not connected.
void guest_port_send(struct guest_port *p, const char *data, size_t n);
// Close both handles; the loop must run once more before p may go.
void guest_port_close(struct guest_port *p);
