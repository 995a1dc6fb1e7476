// Handshake: greeting -> qmp_capabilities -> query-cpus-fast -> cont. Lines that are no JSON are
// ignored.
#include "perf/vm/qmp.h"

#include <stdlib.h>
#include <string.h>

void qmp_command(struct qmp *q, const char *name)
{
    char *s = x_printf("{\"execute\":\"%s\",\"id\":\"%s\"}\n", name, name);
    guest_port_send(&q->port, s, strlen(s));
    free(s);
}

void qmp_query_stats(struct qmp *q)
{
    static const char ask[] = "{\"execute\":\"query-stats\",\"arguments\":{\"target\":\"vcpu\"},"
                              "\"id\":\"query-stats\"}\n";
    guest_port_send(&q->port, ask, sizeof(ask) - 1);
}

static void take_greeting(struct qmp *q, json_t *greeting)
{
    int major = 0, minor = 0, micro = 0;
    json_unpack(greeting, "{s:{s:{s:i,s:i,s:i}}}", "version", "qemu", "major", &major, "minor",
                &minor, "micro", &micro);
    free(q->qemu_version);
    q->qemu_version = x_printf("%d.%d.%d", major, minor, micro);
    qmp_command(q, "qmp_capabilities");
}

static void take_answer(struct qmp *q, const char *id, json_t *answer)
{
    if (q->on_answer && !strncmp(id, "query-", 6))
        q->on_answer(q->owner, id, answer);
    if (!strcmp(id, "qmp_capabilities")) {
        qmp_command(q, "query-cpus-fast");
    } else if (!strcmp(id, "query-cpus-fast")) {
        qmp_command(q, "cont");
    } else if (!strcmp(id, "cont")) {
        q->running = true;
    }
}

static void take_event(struct qmp *q, const char *name, json_t *data)
{
    const char *reason = json_string_value(json_object_get(data, "reason"));
    if (!strcmp(name, "GUEST_PANICKED"))
        reason = "guest-panic";
    else if (strcmp(name, "SHUTDOWN"))
        return;
    free(q->shutdown_reason);
    q->shutdown_reason = x_strdup(reason ? reason : "unknown");
}

static void take_line(struct qmp *q, const char *line, size_t n)
{
    json_t *j = json_loadb(line, n, 0, NULL);
    const char *event = json_string_value(json_object_get(j, "event"));
    const char *id = json_string_value(json_object_get(j, "id"));
    if (json_object_get(j, "QMP"))
        take_greeting(q, json_object_get(j, "QMP"));
    else if (event)
        take_event(q, event, json_object_get(j, "data"));
    else if (id && json_object_get(j, "return"))
        take_answer(q, id, json_object_get(j, "return"));
    json_decref(j);
}

static void on_data(struct guest_port *p, const char *data, size_t n)
{
    struct qmp *q = p->owner;
    char *end;
    text_add_bytes(&q->line, data, n);
    while ((end = memchr(q->line.data, '\n', q->line.len))) {
        take_line(q, q->line.data, end - q->line.data);
        text_drop(&q->line, end - q->line.data + 1);
    }
}

int qmp_listen(struct qmp *q, uv_loop_t *loop, const char *path)
{
    q->port.owner = q;
    q->port.on_data = on_data;
    return guest_port_listen(&q->port, loop, path);
}

void qmp_close(struct qmp *q)
{
    guest_port_close(&q->port);
}

void qmp_free(struct qmp *q)
{
    text_free(&q->line);
    free(q->shutdown_reason);
    free(q->qemu_version);
}
