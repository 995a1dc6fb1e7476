/*
 * record.h: one line of the result protocol (docs/result-protocol.md): written by one write call
 * to the descriptor the init program gave, else to stdout.
 */
#pragma once

/*
 * A record whose JSON lacks only its last brace; laps, when not NULL, becomes its member "laps". Takes
 * run id, sequence number and descriptor from CB_RUN, CB_SEQ and CB_FD of the environment.
 */
__attribute__((format(printf, 2, 3))) void record_emit(const char *laps, const char *fmt, ...);
/* The same with them given. Returns 0, or -1 when the line was not written whole. */
int record_write(int fd, const char *run, unsigned seq, const char *json);
