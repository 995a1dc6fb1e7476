// The identity record: what exactly was compared. Everything that a reader needs to build the same
// machines again.
#pragma once
#include "perf/vm/vm_spec.h"

// {path, sha256, bytes}; sha256 is null when the file cannot be read.
json_t *identity_file(const char *path);
// The regular files of a newc archive (plain or compressed): object path -> sha256. NULL when it is
// no archive.
json_t *identity_archive(const char *path);
// This host: CPU model, CPUs, kernel, load, and what of governor, turbo, SMT, THP, KSM, mitigations
// it shows.
json_t *identity_host(void);
