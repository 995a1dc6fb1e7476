/* gzip and deflate decoder (RFC 1951, RFC 1952). Freestanding; also built on the host for its
 * tests. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Takes n bytes; 0 or a negative errno, which ends the decoding and is handed on. */
typedef int (*inflate_sink_t)(void *arg, const uint8_t *bytes, size_t n);

struct inflate; /* decoder state and window: INFLATE_WORK_BYTES from the caller */
#define INFLATE_WORK_BYTES (176 * 1024)

/* Decodes one gzip member at `in`. *used: bytes of input it took. `progress` (may be NULL) hears
 * now and then how many bytes of input are no longer needed. 0; -EINVAL with *why set: corrupt or
 * truncated; or what the sink returned. */
int gunzip_member(void *work, const uint8_t *in, size_t n, size_t *used, inflate_sink_t sink,
                  void (*progress)(void *arg, size_t used), void *arg, const char **why);
