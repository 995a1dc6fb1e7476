// What `cloudbench lines` shows: figures by workload and kernel, the places that share, and the
// matrix of pairs. Each takes and prints plain JSON, so that --format json shows the same.
#pragma once
#include <jansson.h>

#define CONFLICT_FLOOR 0.05 // transfers an operation from which a pair counts as sharing

// rows: [{workload, topology, kernel, ops, transfers, user_transfers, far, invalidations, locked,
// instructions, reason?}], all per operation.
void lines_view_rows(json_t *rows, const char *format);
// top: [{title, sites: [line_site_json]}]
void lines_view_top(json_t *top, const char *format);
// matrix: {kernel, topology, operations: [name], cells: [{a, b, transfers or reason}]}; topology is not in the oldest documents
void lines_view_matrix(json_t *matrix, const char *format);
// Which matrix it is, how many of the pairs that were measured share lines, and how many were not, for people; the caller frees it.
char *lines_matrix_heading(json_t *matrix);
