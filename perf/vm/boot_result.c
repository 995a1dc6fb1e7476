// What is left of a boot: its result's memory, the end of its console, a panic read from it.
#include "perf/vm/guest_boot.h"

#include <stdlib.h>
#include <string.h>

const char *const boot_status_name[] = {"ok",      "panic",       "hung",        "ended early",
                                        "garbage", "qemu failed", "interrupted", "left"};

static const char *const panic_sign[] = {"Kernel panic - not syncing", "CloudOS panic",
                                         "kernel panic:", "PANIC:", "panic: "};
#define PANIC_SIGNS (sizeof(panic_sign) / sizeof(*panic_sign))

bool console_shows_panic(const struct text_buf *t, size_t from)
{
    for (size_t i = 0; i < PANIC_SIGNS; i++)
        if (memmem(t->data + from, t->len - from, panic_sign[i], strlen(panic_sign[i])))
            return true;
    return false;
}

// A guest may print anything; what goes into a result is text. Changes s, returns it.
static char *printable(char *s)
{
    for (char *p = s; *p; p++)
        if (*p < ' ' || *p > '~')
            *p = '?';
    return s;
}

// "the kernel panicked: VFS: Unable to mount root fs": the reason from the console.
char *console_panic_reason(const struct text_buf *console)
{
    const char *text = text_str(console), *at = NULL;
    for (size_t i = 0; i < PANIC_SIGNS && !at; i++)
        if ((at = strstr(text, panic_sign[i])))
            at += strlen(panic_sign[i]);
    at = at ? at + strspn(at, ": ") : "";
    return *at ? printable(x_printf("the kernel panicked: %.*s", (int)strcspn(at, "\r\n"), at))
               : x_strdup("the kernel panicked");
}

char *console_knob_reason(const struct text_buf *console)
{
    static const char sign[] = "init: cannot set ";
    const char *at = strstr(text_str(console), sign);
    return at ? printable(x_printf("the guest cannot set %.*s", (int)strcspn(at + sizeof(sign) - 1, "\r\n"), at + sizeof(sign) - 1)) : NULL;
}

void boot_result_free(struct boot_result *r)
{
    free(r->reason);
    text_free(&r->console);
    free(r->qemu_errors);
    free(r->counts);
    free(r->qemu_version);
    free(r->shutdown_reason);
    list_free(&r->argv);
    json_decref(r->host);
    memset(r, 0, sizeof(*r));
}

char *boot_console_tail(const struct boot_result *r, int lines)
{
    const char *text = text_str(&r->console);
    size_t from = r->console.len;
    struct text_buf t = {0};
    while (from && (text[from - 1] != '\n' || from == r->console.len || lines-- > 1))
        from--;
    text_add(&t, "");
    for (size_t i = from; i < r->console.len; i++)
        if (text[i] == '\n' || text[i] == '\t' || (unsigned char)text[i] >= ' ')
            text_addf(&t, "%c", text[i] > '~' || text[i] < '\t' ? '?' : text[i]); // char is signed: a byte that is no ASCII is below 0
    return t.data;
}
