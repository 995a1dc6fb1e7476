/* Group stops (kernel/signal/stop.c). All with siglock held, which is dropped while the task
 * sleeps, unless said otherwise. */
#pragma once
void stop_current(int sig);   /* a stop signal was taken */
void take_part_in_stop(void); /* stop_work is set */
void notify_continued(void);  /* without siglock: tells the parent what SIGCONT noted */
void exit_leaves_stop(void);  /* do_exit: this thread is not waited for any more */
