// The project's git history, as far as there is one: nothing here fails, it only does not know.
#pragma once

// The commit that is checked out, 40 hex digits, or NULL; the caller frees it.
char *git_commit(void);
// How many commits lead to it: larger is later in a linear history. -1: not known here (or no git).
long git_ordinal(const char *commit);
