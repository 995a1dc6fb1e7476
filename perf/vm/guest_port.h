// One UNIX socket on which QEMU connects to us: console, results or QMP. We listen before QEMU starts, so nothing is lost.
// Everything happens on the loop's thread.
#pragma once
#include <stdbool.h>
#include <uv.h>

struct guest_port {
    uv_pipe_t server, peer;
    bool listening, connected, ended;
    void (*on_data)(struct guest_port *p, const char *data, size_t n);
    void *owner;
    size_t received;
    char buffer[65536];
};

// 0 or a negative libuv error.
int guest_port_listen(struct guest_port *p, uv_loop_t *loop, const char *path);
// Queue bytes for the guest; copied. Dropped when QEMU is not connected.
void guest_port_send(struct guest_port *p, const char *data, size_t n);
// Close both handles; the loop must run once more before p may go.
void guest_port_close(struct guest_port *p);
