// Listening socket with one accepted peer, or two FIFOs; reads are delivered to on_data.
#include "perf/vm/guest_port.h"

#include "perf/util/text_buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIFO_BYTES (1 << 20)

static void on_alloc(uv_handle_t *h, size_t want, uv_buf_t *buf)
{
    struct guest_port *p = h->data;
    (void)want;
    *buf = uv_buf_init(p->buffer, sizeof(p->buffer));
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
    struct guest_port *p = s->data;
    if (n < 0) {
        p->ended = true;
        uv_read_stop(s);
        return;
    }
    p->received += n;
    if (n > 0)
        p->on_data(p, buf->base, n);
}

static void on_connection(uv_stream_t *server, int status)
{
    struct guest_port *p = server->data;
    if (status < 0 || p->connected)
        return;
    uv_pipe_init(server->loop, &p->peer, 0);
    p->peer.data = p;
    p->connected = true;
    if (uv_accept(server, (uv_stream_t *)&p->peer) == 0)
        uv_read_start((uv_stream_t *)&p->peer, on_alloc, on_read);
}

int guest_port_listen(struct guest_port *p, uv_loop_t *loop, const char *path)
{
    int rc = uv_pipe_init(loop, &p->server, 0);
    if (rc)
        return rc;
    p->server.data = p;
    p->listening = true;
    rc = uv_pipe_bind(&p->server, path);
    return rc ? rc : uv_listen((uv_stream_t *)&p->server, 1, on_connection);
}

static int open_fifo(uv_loop_t *loop, uv_pipe_t *pipe, const char *path, const char *suffix,
                     int flags)
{
    char *name = x_printf("%s.%s", path, suffix);
    int fd = mkfifo(name, 0600) ? -1 : open(name, flags | O_NONBLOCK | O_CLOEXEC);
    int rc = fd < 0 ? -errno : 0;
    free(name);
    if (rc)
        return rc;
    fcntl(fd, F_SETPIPE_SZ, FIFO_BYTES);
    uv_pipe_init(loop, pipe, 0);
    rc = uv_pipe_open(pipe, fd);
    if (rc)
        close(fd);
    return rc;
}

int guest_port_fifo(struct guest_port *p, uv_loop_t *loop, const char *path)
{
    p->fifo = true;
    int rc = open_fifo(loop, &p->peer, path, "out", O_RDONLY);
    if (rc)
        return rc;
    p->peer.data = p;
    p->connected = true;
    rc = open_fifo(loop, &p->server, path, "in", O_RDWR);
    if (rc)
        return rc;
    p->server.data = p;
    p->listening = true;
    return uv_read_start((uv_stream_t *)&p->peer, on_alloc, on_read);
}

struct send_request {
    uv_write_t req;
    char data[];
};

static void on_sent(uv_write_t *req, int status)
{
    (void)status;
    free(req->data);
}

void guest_port_send(struct guest_port *p, const char *data, size_t n)
{
    if (!p->connected || p->ended)
        return;
    struct send_request *r = x_alloc(sizeof(*r) + n);
    uv_buf_t buf = uv_buf_init(r->data, n);
    memcpy(r->data, data, n);
    r->req.data = r;
    if (uv_write(&r->req, (uv_stream_t *)(p->fifo ? &p->server : &p->peer), &buf, 1, on_sent))
        free(r);
}

static void close_one(uv_handle_t *h)
{
    if (!uv_is_closing(h))
        uv_close(h, NULL);
}

void guest_port_close(struct guest_port *p)
{
    if (p->listening)
        close_one((uv_handle_t *)&p->server);
    if (p->connected)
        close_one((uv_handle_t *)&p->peer);
}
