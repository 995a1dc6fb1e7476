// The escape of `cloudbench shell`: Ctrl-] and then q (or .) leaves; Ctrl-] twice sends one Ctrl-];
// anything else is sent as typed.
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define ESCAPE_KEY 0x1d

struct escape_keys {
    bool pending; // Ctrl-] was typed, its partner not yet
    bool quit;
};

// Copies what the guest gets to out (room for 2n); returns its length. Stops at the quit key.
size_t escape_keys_filter(struct escape_keys *e, const char *in, size_t n, char *out);
