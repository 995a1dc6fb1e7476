// The verbs of cloudbench. Each has one file; each parses its own options and returns an exit code
// (perf/util/say.h).
#pragma once

struct verb {
    const char *name, *about;
    int (*run)(int argc, char **argv); // argv[0] is "cloudbench VERB"
};

int verb_doctor(int argc, char **argv);
int verb_list(int argc, char **argv);
int verb_run(int argc, char **argv);
int verb_compare(int argc, char **argv);
int verb_gate(int argc, char **argv);
int verb_publish(int argc, char **argv);
int verb_tune(int argc, char **argv);
int verb_shell(int argc, char **argv);
int verb_config(int argc, char **argv);
int verb_lines(int argc, char **argv);
int verb_profile(int argc, char **argv);
int verb_trace(int argc, char **argv);
int verb_scale(int argc, char **argv);
int verb_import(int argc, char **argv);
int verb_export(int argc, char **argv);
int verb_gc(int argc, char **argv);
