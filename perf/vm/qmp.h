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
    json_t *cpus;          // answer of query-cpus-fast, or NULL
};

int qmp_listen(struct qmp *q, uv_loop_t *loop, const char *path);
void qmp_command(struct qmp *q, const char *name);
void qmp_close(struct qmp *q); // handles only
void qmp_free(struct qmp *q);
