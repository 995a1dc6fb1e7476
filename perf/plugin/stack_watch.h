/*
 * stack_watch.h: tells the call tree (call_stack.h) what runs. Cuts each translated block into segments and hooks
 * their first and last instructions, and the memory that kernel calls and returns touch. Knows no names.
 */
#pragma once
#include "perf/plugin/tcg_api.h"

#include <stdio.h>

/* symbol_of: the number of the function at an address, 0 for ring 3. counter: one that nobody else uses. */
void stack_watch_start(uint32_t (*symbol_of)(uint64_t vaddr), size_t counter);
/* For each instruction of a block in turn, before anything else is hooked to it. */
void stack_watch_insn(struct qemu_plugin_tb *tb, size_t i);
void stack_watch_open(void);
void stack_watch_close(void);
/* Lines "stack N OUTERMOST;...;INNERMOST" of the closed windows' instructions. */
void stack_watch_print(FILE *out, const char *(*name)(uint32_t symbol));
