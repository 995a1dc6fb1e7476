/* team.h: the threads of the measurements. They live as long as the program; a job runs on the first n of them, together.
 * One job at a time; only the main thread gives jobs. */
#pragma once

/* Runs job(index, arg) on threads 0 .. n - 1. */
void team_start(unsigned n, void (*job)(unsigned index, void *arg), void *arg);
/* Returns when all of them are done. */
void team_wait(void);
/* For jobs: returns when all n threads of this job have come here. */
void team_meet(void);
