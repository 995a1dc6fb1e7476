// The index and its synchronisation with the folder of runs.
#include "perf/store/run_history.h"

#include "perf/result/run_store.h"
#include "perf/store/run_likeness.h"
#include "perf/util/host_file.h"
#include "perf/util/json_get.h"
#include "perf/util/say.h"
#include "perf/util/text_buf.h"
#include "perf/vm/host_signals.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define VERSION 6
#define WAIT_US 50000
#define TEXT_OF(x)    #x
#define TEXT_OF_(x)   TEXT_OF(x)
#define VERSION_TEXT  TEXT_OF_(VERSION)

struct history {
    sqlite3 *db;
    char *base, *path;
    int lock; // of the folder, or -1
    bool lost; // what was to be written was not
    void (*on_run)(void *ctx, size_t done, size_t of);
    void *ctx;
};

// One at a time: who finds an index damaged removes it, and nobody else may have it open then. False when a signal came first.
static bool take_turn(struct history *h)
{
    bool said = false;
    h->lock = open(h->base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (h->lock >= 0 && flock(h->lock, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) {
        if (!said)
            say("another cloudbench uses %s: waiting", h->path);
        said = true;
        if (signals_pending())
            return false;
        usleep(WAIT_US);
    }
    return true;
}

static bool execute(struct history *h, const char *sql)
{
    return sqlite3_exec(h->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static int user_version(struct history *h)
{
    sqlite3_stmt *q;
    int v = -1;
    if (sqlite3_prepare_v2(h->db, "PRAGMA user_version", -1, &q, NULL) != SQLITE_OK)
        return -1;
    if (sqlite3_step(q) == SQLITE_ROW)
        v = sqlite3_column_int(q, 0);
    sqlite3_finalize(q);
    return v;
}

static bool is_sound(struct history *h)
{
    sqlite3_stmt *q;
    bool ok = false;
    if (sqlite3_prepare_v2(h->db, "PRAGMA quick_check", -1, &q, NULL) != SQLITE_OK)
        return false;
    if (sqlite3_step(q) == SQLITE_ROW)
        ok = !strcmp((const char *)sqlite3_column_text(q, 0), "ok");
    sqlite3_finalize(q);
    return ok;
}

static bool make_tables(struct history *h)
{
    return execute(h, "CREATE TABLE runs(id TEXT PRIMARY KEY, created TEXT, tier TEXT, topology TEXT,"
                      " host TEXT, commit_id TEXT, file TEXT);"
                      "CREATE TABLE points(run TEXT, workload TEXT, metric TEXT, unit TEXT, kernel TEXT,"
                      " value REAL);"
                      "CREATE INDEX by_run ON points(run);"
                      "PRAGMA user_version = " VERSION_TEXT ";");
}

static bool open_at(struct history *h, const char *path)
{
    bool ok = sqlite3_open(path, &h->db) == SQLITE_OK && execute(h, "PRAGMA synchronous = OFF");
    int version = ok ? user_version(h) : -1;
    if (ok && version == 0)
        ok = make_tables(h);
    else if (ok)
        ok = version == VERSION && is_sound(h);
    if (ok && execute(h, "BEGIN IMMEDIATE")) // fails on what is read-only or locked
        return true;
    sqlite3_close(h->db);
    h->db = NULL;
    return false;
}

// The file; the file made anew; memory.
static bool open_somewhere(struct history *h)
{
    if (open_at(h, h->path))
        return true;
    if (file_exists(h->path) && access(h->path, W_OK) == 0) {
        say("%s is damaged or of another version: made anew from the runs", h->path);
        unlink(h->path);
        if (open_at(h, h->path))
            return true;
    }
    return open_at(h, ":memory:");
}

static void bind_texts(sqlite3_stmt *q, const char *const *texts, int n)
{
    for (int i = 0; i < n; i++)
        sqlite3_bind_text(q, i + 1, texts[i], -1, SQLITE_TRANSIENT);
}

static void insert(struct history *h, const char *sql, const char *const *texts, int n,
                   const double *value)
{
    sqlite3_stmt *q;
    if (sqlite3_prepare_v2(h->db, sql, -1, &q, NULL) != SQLITE_OK) {
        h->lost = true;
        return;
    }
    bind_texts(q, texts, n);
    if (value)
        sqlite3_bind_double(q, n + 1, *value);
    h->lost |= sqlite3_step(q) != SQLITE_DONE;
    sqlite3_finalize(q);
}

// What tells a run.json from another one of the same run: when it was written, and its length.
static char *file_stamp(const struct history *h, const char *id)
{
    char *path = x_printf("%s/%s/run.json", h->base, id);
    struct stat st = {0};
    (void)stat(path, &st);
    free(path);
    return x_printf("%lld.%09ld %lld", (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, (long long)st.st_size);
}

static void add_run(struct history *h, const char *id, const char *stamp, json_t *run)
{
    char *host = run_fingerprint(run);
    const char *head[] = {id, text_of(run, "created"), text_of(run, "tier"),
                          text_of(json_object_get(run, "topology"), "name"), host,
                          text_of(json_object_get(run, "identity"), "commit"), stamp};
    json_t *row;
    size_t i;
    insert(h, "INSERT INTO runs VALUES(?,?,?,?,?,?,?)", head, 7, NULL);
    json_array_foreach (json_object_get(run, "rows"), i, row) {
        const char *texts[] = {id, text_of(row, "workload"), text_of(row, "metric"),
                               text_of(row, "unit"), text_of(row, "kernel")};
        double value = json_number_value(json_object_get(row, "value"));
        if (json_is_number(json_object_get(row, "value")))
            insert(h, "INSERT INTO points VALUES(?,?,?,?,?,?)", texts, 5, &value);
    }
    free(host);
}

static bool knows(struct history *h, const char *id, const char *stamp)
{
    const char *texts[] = {id, stamp};
    sqlite3_stmt *q;
    bool found = false;
    if (sqlite3_prepare_v2(h->db, "SELECT 1 FROM runs WHERE id = ? AND file = ?", -1, &q, NULL) != SQLITE_OK)
        return false;
    bind_texts(q, texts, 2);
    found = sqlite3_step(q) == SQLITE_ROW;
    sqlite3_finalize(q);
    return found;
}

static void forget(struct history *h, const char *id)
{
    insert(h, "DELETE FROM points WHERE run = ?", &id, 1, NULL);
    insert(h, "DELETE FROM runs WHERE id = ?", &id, 1, NULL);
}

static void forget_others(struct history *h, const struct str_list *ids)
{
    json_t *runs = history_runs(h), *run;
    size_t i;
    json_array_foreach (runs, i, run)
        if (!list_has(ids, text_of(run, "run")))
            forget(h, text_of(run, "run"));
    json_decref(runs);
}

static void read_again(struct history *h, const char *id, const char *stamp)
{
    json_t *run = run_store_load(h->base, id);
    forget(h, id);
    if (run)
        add_run(h, id, stamp, run);
    json_decref(run);
}

// False when the index does not hold what the folder does.
static bool synchronise(struct history *h)
{
    struct str_list ids = {0};
    h->lost = false;
    run_store_list(h->base, &ids);
    forget_others(h, &ids);
    for (size_t i = 0; i < ids.count; i++) {
        char *stamp = file_stamp(h, ids.items[i]);
        if (!knows(h, ids.items[i], stamp))
            read_again(h, ids.items[i], stamp);
        free(stamp);
        if (h->on_run)
            h->on_run(h->ctx, i + 1, ids.count);
    }
    list_free(&ids);
    return !h->lost && execute(h, "COMMIT");
}

// A file that took only part of it (full disk) is left as it was, for the next time.
static bool synchronise_in_memory(struct history *h)
{
    say("%s could not be kept; the runs will be read again", h->path);
    sqlite3_close(h->db);
    h->db = NULL;
    return open_at(h, ":memory:") && synchronise(h);
}

struct history *history_open(const char *base, void (*on_run)(void *ctx, size_t done, size_t of), void *ctx, char **why)
{
    struct history *h = x_alloc(sizeof(*h));
    h->on_run = on_run;
    h->ctx = ctx;
    h->base = x_strdup(base);
    h->path = x_printf("%s/history.db", base);
    bool ours = take_turn(h);
    if (ours && open_somewhere(h) && (synchronise(h) || synchronise_in_memory(h)))
        return h;
    *why = ours ? x_strdup("no index could be made, not even in memory") : NULL;
    history_close(h);
    return NULL;
}

void history_close(struct history *h)
{
    if (h->db)
        sqlite3_close(h->db);
    if (h->lock >= 0)
        close(h->lock);
    free(h->base);
    free(h->path);
    free(h);
}

static json_t *column(sqlite3_stmt *q, int i)
{
    if (sqlite3_column_type(q, i) == SQLITE_FLOAT)
        return json_real(sqlite3_column_double(q, i));
    const char *s = (const char *)sqlite3_column_text(q, i);
    return json_string(s ? s : "");
}

// Each result row as an object whose members are the columns' names.
static json_t *query(struct history *h, const char *sql)
{
    sqlite3_stmt *q;
    json_t *rows = json_array();
    if (sqlite3_prepare_v2(h->db, sql, -1, &q, NULL) != SQLITE_OK)
        return rows;
    while (sqlite3_step(q) == SQLITE_ROW) {
        json_t *row = json_object();
        for (int i = 0; i < sqlite3_column_count(q); i++)
            json_object_set_new(row, sqlite3_column_name(q, i), column(q, i));
        json_array_append_new(rows, row);
    }
    sqlite3_finalize(q);
    return rows;
}

json_t *history_runs(struct history *h)
{
    return query(h, "SELECT id AS run, created, tier, topology, host, commit_id AS \"commit\" FROM runs ORDER BY created, id");
}

static bool same_series(json_t *a, json_t *b)
{
    static const char *const keys[] = {"tier", "topology", "host", "workload", "metric", "kernel"};
    for (size_t i = 0; a && i < sizeof(keys) / sizeof(*keys); i++)
        if (strcmp(text_of(a, keys[i]), text_of(b, keys[i])))
            return false;
    return a != NULL;
}

json_t *history_series(struct history *h)
{
    json_t *rows = query(h, "SELECT tier, topology, host, workload, metric, unit, kernel, run, created,"
                            " value FROM points JOIN runs ON run = id ORDER BY tier, topology, host,"
                            " workload, metric, kernel, created, id");
    json_t *out = json_array(), *series = NULL, *row;
    size_t i;
    json_array_foreach (rows, i, row) {
        json_t *point = json_pack("{s:O,s:O,s:O}", "run", json_object_get(row, "run"), "created",
                                  json_object_get(row, "created"), "value",
                                  json_object_get(row, "value"));
        if (!same_series(series, row)) {
            series = json_copy(row);
            json_object_del(series, "run");
            json_object_del(series, "created");
            json_object_del(series, "value");
            json_object_set_new(series, "points", json_array());
            json_array_append_new(out, series);
        }
        json_array_append_new(json_object_get(series, "points"), point);
    }
    json_decref(rows);
    return out;
}
