// A round of one kernel while it is measured, and what an interrupt leaves of it: {boots, samples: {row: [sample, ...]}, failed_boots, guest_failed,
// never_began: why a boot ended before its first row, where one did}, of the boots that have ended. It is part of the session's partial.json after each of them (run_partial.h), so that only the boot that was running is measured again.
// A boot's number follows from the first row that it measures, so boots that run at once (side_by_side.h) or after a resume are in the order in which one after the other
// would have them. Its files are round-NNN-KERNEL.WHAT; when the round is whole its boots get the session's next numbers and names, in the order of the kernels.
#pragma once
#include "perf/result/session_state.h"

// The kernel's; an empty one when none is begun.
json_t *begun_round(struct session *s, int kernel);
// Boots of it that have ended; 0 when none is begun.
int begun_boots(const struct session *s, int kernel);
// The number of the next one, whose first row is the plan's `row`th: no boot of the round has it, neither of this session nor of an earlier one.
int begun_number(const struct session *s, int kernel, int row);
// All kernels' together.
int begun_boots_all(const struct session *s);
// A boot's file; the caller frees the path.
char *begun_path(const struct session *s, int boot, int kernel, const char *what);
// Before a boot: takes away what has the names of its files. That may be an earlier boot's, which has another name besides and is not to be written into.
void begun_clear(const struct session *s, int boot, int kernel);
// A boot of it that has ended: whatever has the lower numbers is before it. Takes the reference.
void begun_round_add(json_t *round, json_t *boot);
// The boot of that number, which the round has, is the first that the kernel has in the session: its arguments are the kernel's.
bool begun_is_first(const struct session *s, int kernel, int number);
// One more part of it, measured by a process of its own. A part that is NULL changes nothing.
void begun_round_join(json_t *round, json_t *part);
// It is whole: its boots and samples go into the session, its files have second names, those of the session's boots, until run_partial_sweep(): a process that
// is killed before partial.json says so finds them under the first.
void begun_round_end(struct session *s, int kernel);
// partial.json, or run.json, names the boots of whole rounds: on a file system without links their files get these names now, in place of the first.
// Only run_partial_sweep() calls it. There a process that is killed in between loses these files, but no figure.
void begun_names_end(struct session *s);
