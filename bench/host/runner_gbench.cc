/* runner_gbench.cc: runner.h over Google Benchmark: it owns the registry, the repetitions, their random interleaving over all
 * rows, and its JSON file. An iteration is one repetition of a row, timed by measure.c (manual time). */
#include <benchmark/benchmark.h>
#include <unistd.h>
#include <cstdio>
#include <string>
#include <vector>
#include "bench/host/runner.h"

namespace {

/* The table is rows.h's; of each repetition only the progress is told. */
class Quiet : public benchmark::BenchmarkReporter {
  public:
    bool ReportContext(const Context &) override { return true; }
    void ReportRuns(const std::vector<Run> &) override {}
};

/* On stderr: a bar that moves on a terminal, a line every tenth otherwise. */
void tell_progress(unsigned done, unsigned all)
{
    static const bool terminal = isatty(2);

    if (terminal)
        std::fprintf(stderr, done < all ? "\r%u of %u" : "\r%u of %u\n", done, all);
    else if (done * 10 / all != (done - 1) * 10 / all)
        std::fprintf(stderr, "hostbench: %u of %u\n", done, all);
}

unsigned measured;

void register_row(struct bench_row *row, unsigned repetitions)
{
    char name[256];

    rows_name(row, name, sizeof(name));
    benchmark::RegisterBenchmark(name, [row, repetitions](benchmark::State &state) {
        for (auto _ : state)
            state.SetIterationTime(rows_measure(row) * 1e-9);
        tell_progress(++measured, bench_rows.count * repetitions);
    })->Iterations(1)->Repetitions(static_cast<int>(repetitions))->UseManualTime()->Unit(benchmark::kNanosecond);
}

} // namespace

const char *runner_report(void)
{
    return "runner: Google Benchmark " HOSTBENCH_BENCHMARK_VERSION ", repetitions interleaved at random";
}

bool runner_run(unsigned repetitions, const char *json)
{
    std::vector<std::string> words = {"hostbench", "--benchmark_enable_random_interleaving=true", "--benchmark_out_format=json"};
    std::vector<char *> argv;
    Quiet progress;

    if (json)
        words.push_back(std::string("--benchmark_out=") + json);
    for (auto &w : words)
        argv.push_back(&w[0]);
    int argc = static_cast<int>(argv.size());
    benchmark::Initialize(&argc, argv.data());
    for (unsigned i = 0; i < bench_rows.count; i++)
        register_row(&bench_rows.row[i], repetitions);
    return benchmark::RunSpecifiedBenchmarks(&progress) > 0;
}
