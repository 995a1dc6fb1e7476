// The project's configuration: configs/NAME.yaml or every configs/NAME/*.yaml (KEY is the file's
// name), with the command line's `--set NAME.KEY...=VALUE` over it, checked against its rules.
#pragma once
#include <jansson.h>
#include <stdbool.h>

// Notes one `--set` of the command line for every later read. False with *why (the caller's) when
// it is no assignment or names no document; its value is checked with the document.
bool config_set(const char *assignment, char **why);
// The assignments of a profile file ({settings: [DOCUMENT.KEY=VALUE, ...]}), or NULL with *why.
json_t *config_profile(const char *path, char **why);
// The notes so far, in order; the caller's reference.
json_t *config_settings(void);

// Keeps every document that a `--set` names its rules? The verb may never read it. False with *why. All but `except` (or NULL).
bool config_settings_fit(const char *root, const char *except, char **why);

// The document as JSON, or NULL with *why (the caller's). `origins`, when not NULL, gets for each
// path the place it came from ("configs/kernels.yaml:3" or "--set").
json_t *config_read(const char *root, const char *name, json_t *origins, char **why);
