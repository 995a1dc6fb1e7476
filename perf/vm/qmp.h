// QMP, QEMU's control protocol: one JSON object a line. Owns the handshake; reports events; can end
// the VM.
#pragma once
#include "perf/util/text_buf.h"
#include "perf/vm/guest_port.h"

#include <jansson.h>

struct qmp {
    struct guest_port port;
    struct text_buf line;
    bool running;          // the CPUs were started
    char *shutdown_reason; // "guest-shutdown", "guest-reset", ... or NULL
    char *qemu_version;    // "7.2.22" or NULL before the greeting
    // Called with each answer of query-cpus-fast (the guest does not run yet) and of query-stats.
    void (*on_answer)(void *owner, const char *command, json_t *answer);
    void *owner;
};

int qmp_listen(struct qmp *q, uv_loop_t *loop, const char *path);
void qmp_command(struct qmp *q, const char *name);
// KVM's statistics of the vCPUs; a QEMU that does not know them answers nothing.
void qmp_query_stats(struct qmp *q);
void qmp_close(struct qmp *q); // handles only
void qmp_free(struct qmp *q);
