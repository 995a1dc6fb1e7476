/* Freestanding memory and string functions (C11 7.24) and number parsing. Pure, any context. */
#pragma once
#include "kernel/lib/types.h"
void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t n);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *hay, const char *needle);
/* Copies at most size-1 bytes and terminates; returns the length of src (BSD strlcpy). */
size_t strlcpy(char *dst, const char *src, size_t size);
/* Parses an unsigned number (base 0: 0x, 0 prefixes), U64_MAX if it is larger; *end is the first character not used. */
u64 strtou64(const char *s, const char **end, unsigned base);
/* The same into *number. False: it is larger. */
bool scan_u64(const char *s, const char **end, unsigned base, u64 *number);
