// peer_maps.cc: hash maps whose readers take a lock: Abseil's under its mutex, oneTBB's with a lock in each element.
#include <new>
#include <absl/container/flat_hash_map.h>
#include <absl/synchronization/mutex.h>
#include <tbb/concurrent_hash_map.h>
#include "bench/host/map_subject.h"

namespace {

struct Hash {
    size_t operator()(uint32_t key) const { return map_hash(key); }
    static size_t hash(uint32_t key) { return map_hash(key); }
    static bool equal(uint32_t a, uint32_t b) { return a == b; }
};

struct AbslMap {
    absl::Mutex mutex;
    absl::flat_hash_map<uint32_t, uint32_t, Hash> map;
};
using TbbMap = tbb::concurrent_hash_map<uint32_t, uint32_t, Hash>;

void absl_map_init(void *object, const struct bench_cell *)
{
    auto *o = new (object) AbslMap;
    for (uint32_t key = 0; key < MAP_KEYS; key++)
        o->map.emplace(key, key);
}

void absl_map_destroy(void *object) { static_cast<AbslMap *>(object)->~AbslMap(); }

BENCH_STEP uint32_t absl_find(AbslMap *o, uint32_t key)
{
    auto it = o->map.find(key);
    return it == o->map.end() ? MAP_ABSENT : it->second;
}

void absl_replace(AbslMap *o, uint32_t key)
{
    o->mutex.Lock();
    o->map.erase(key);
    o->map.emplace(key, key);
    o->mutex.Unlock();
}

bool absl_map_check(void *object, const struct bench_thread *threads, unsigned n)
{
    return static_cast<AbslMap *>(object)->map.size() == MAP_KEYS && bench_nothing_bad(object, threads, n);
}

#define ABSL_LOOKUP(key) absl_find(o, key)
#define ABSL_REPLACE(key) absl_replace(o, key)
BENCH_MAP_LOOPS(absl_map, AbslMap, (void)0, o->mutex.ReaderLock(), o->mutex.ReaderUnlock(), ABSL_LOOKUP, ABSL_REPLACE, (void)0)

void tbb_map_init(void *object, const struct bench_cell *)
{
    auto *o = new (object) TbbMap(2 * MAP_KEYS);
    for (uint32_t key = 0; key < MAP_KEYS; key++)
        o->insert({key, key});
}

void tbb_map_destroy(void *object) { static_cast<TbbMap *>(object)->~TbbMap(); }

BENCH_STEP uint32_t tbb_find(TbbMap *o, uint32_t key)
{
    TbbMap::const_accessor found;
    return o->find(found, key) ? found->second : MAP_ABSENT;
}

void tbb_replace(TbbMap *o, uint32_t key)
{
    o->erase(key);
    o->insert({key, key});
}

bool tbb_map_check(void *object, const struct bench_thread *threads, unsigned n)
{
    return static_cast<TbbMap *>(object)->size() == MAP_KEYS && bench_nothing_bad(object, threads, n);
}

#define TBB_LOOKUP(key) tbb_find(o, key)
#define TBB_REPLACE(key) tbb_replace(o, key)
BENCH_MAP_LOOPS(tbb_map, TbbMap, (void)0, (void)0, (void)0, TBB_LOOKUP, TBB_REPLACE, (void)0)

const struct bench_subject subjects[] = {
    BENCH_MAP_SUBJECT(absl_map, AbslMap, "RCU hash table", "readers take a lock", "absl::flat_hash_map + Mutex",
                      "absl " HOSTBENCH_ABSL_VERSION, SIDE_OTHER, NULL, NULL),
    BENCH_MAP_SUBJECT(tbb_map, TbbMap, "RCU hash table", "readers lock an element", "tbb::concurrent_hash_map",
                      "tbb " HOSTBENCH_TBB_VERSION, SIDE_OTHER, NULL, NULL),
};

} // namespace

BENCH_LIST(list_maps, subjects)
