// A filter of two states.
#include "perf/vm/escape_keys.h"

size_t escape_keys_filter(struct escape_keys *e, const char *in, size_t n, char *out)
{
    size_t len = 0;
    for (size_t i = 0; i < n && !e->quit; i++) {
        if (e->pending) {
            e->pending = false;
            e->quit = in[i] == 'q' || in[i] == '.';
            if (!e->quit && in[i] != ESCAPE_KEY)
                out[len++] = ESCAPE_KEY;
            if (!e->quit)
                out[len++] = in[i];
        } else if (in[i] == ESCAPE_KEY) {
            e->pending = true;
        } else {
            out[len++] = in[i];
        }
    }
    return len;
}
