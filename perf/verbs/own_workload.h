// `run --workload FILE`: somebody's own static program becomes a workload of this command.
#pragma once
#include "perf/util/text_buf.h"

// For each file: its base name is a workload (configuration by --set workloads.NAME..., else defaults), added to `names`; the
// guest gets it as /bench/NAME in an archive that is *initrd (NULL: the project's) and it, made in the folder *temp (the
// caller removes it). 0, or an exit code after saying which file is no such program and why.
int own_workloads(const struct str_list *files, struct str_list *names, char **initrd, char **temp);
