// Reads the end of the files only: a console may be of any length, and holds whatever the guest wrote.
#include "perf/publish/console_tails.h"

#include "perf/util/json_get.h"
#include "perf/view/html_text.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAIL_LINES 40
#define TAIL_BYTES 4096        // of a boot; escaped up to six times as many
#define ALL_BYTES  (256 << 10) // of a page, after which boots are only counted

static bool has_failed(json_t *boot)
{
    return strcmp(text_of(boot, "status"), "ok");
}

// A regular file, by its own name: a folder of runs may come from elsewhere, with a pipe there or a link to what is nobody's business.
static FILE *open_plain(const char *path)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    if (fd < 0)
        return NULL;
    FILE *f = !fstat(fd, &st) && S_ISREG(st.st_mode) ? fdopen(fd, "rb") : NULL;
    if (!f)
        close(fd);
    return f;
}

// The last bytes of a file, as a text without zeros; NULL when there are none.
static char *read_end(const char *path)
{
    FILE *f = open_plain(path);
    char *text = x_alloc(TAIL_BYTES + 1);
    size_t n = 0;
    if (f) {
        if (fseek(f, -TAIL_BYTES, SEEK_END))
            rewind(f);
        n = fread(text, 1, TAIL_BYTES, f);
        fclose(f);
    }
    for (size_t i = 0; i < n; i++)
        text[i] = text[i] ? text[i] : ' ';
    text[n] = '\0';
    if (n)
        return text;
    free(text);
    return NULL;
}

// Only a name: what run.json says leads to no other folder.
static char *console_of(json_t *boot, const char *dir)
{
    const char *name = text_of(boot, "console"), *kept = text_of(boot, "console_tail");
    char *path = x_printf("%s/%s", dir, name);
    char *text = *name && !strchr(name, '/') ? read_end(path) : NULL;
    free(path);
    return text || !*kept ? text : x_strdup(kept);
}

static const char *last_lines(const char *text, int lines)
{
    const char *at = text + strlen(text);
    while (at > text && at[-1] == '\n')
        at--;
    while (at > text && (at[-1] != '\n' || --lines > 0))
        at--;
    return at;
}

// Behind a terminal's sequence ("ESC [ 1 ; 32 m"), which is not shown.
static const char *after_sequence(const char *s)
{
    if (s[1] != '[')
        return s + 1;
    for (s += 2; *s >= ' ' && *s < '@'; s++)
        ;
    return *s >= '@' && *s <= '~' ? s + 1 : s;
}

// A byte that is no ASCII is '?', a control character nothing.
static char *plain_text(const char *s)
{
    struct text_buf t = {0};
    text_add(&t, "");
    while (*s) {
        unsigned char c = *s;
        if (c == 27) {
            s = after_sequence(s);
            continue;
        }
        if (c > '~')
            text_add(&t, "?");
        else if (c >= ' ' || c == '\n' || c == '\t')
            text_add_bytes(&t, s, 1);
        s++;
    }
    return t.data;
}

static void add_tail(struct text_buf *t, json_t *boot, const char *console)
{
    char *plain = plain_text(last_lines(console, TAIL_LINES));
    const char *reason = text_of(boot, "reason");
    text_addf(t, "<details><summary>Boot %.0f, ", number_of(boot, "boot"));
    html_escape(t, text_of(boot, "kernel"));
    text_add(t, ": ");
    html_escape(t, text_of(boot, "status"));
    text_add(t, *reason ? ", " : "");
    html_escape(t, reason);
    text_add(t, "</summary><pre class=console>");
    html_escape(t, plain);
    text_add(t, "</pre></details>");
    free(plain);
}

// The boots that failed, or the others; returns how many had no room.
static size_t add_tails(struct text_buf *t, json_t *boots, const char *dir, bool failed)
{
    json_t *boot;
    size_t i, left_out = 0;
    json_array_foreach (boots, i, boot) {
        char *console = has_failed(boot) == failed ? console_of(boot, dir) : NULL;
        if (console && t->len < ALL_BYTES)
            add_tail(t, boot, console);
        else
            left_out += !!console;
        free(console);
    }
    return left_out;
}

void console_tails(struct text_buf *t, json_t *run, const char *dir)
{
    struct text_buf tails = {0};
    json_t *boots = json_object_get(run, "boots");
    size_t left_out = add_tails(&tails, boots, dir, true);
    left_out += add_tails(&tails, boots, dir, false);
    if (tails.len) {
        text_addf(t, "<h2>Ends of the consoles</h2><p class=dim>The last %d lines of each boot, those that failed first.</p>", TAIL_LINES);
        text_add(t, tails.data);
    }
    if (left_out)
        text_addf(t, "<p>%zu more have no room here; their files are beside the run's.</p>", left_out);
    text_free(&tails);
}
