#!/usr/bin/env python3
"""Writes stats_vectors.h: what NumPy and SciPy say of made-up series, so that perf/stats has an implementation beside it that shares none of
its code and few of its ways: means of pairs as a matrix, pdist and cdist for energies, NNLS for the law, a sorted copy for the histogram.
Usage: perf/stats/stats_vectors.py >perf/stats/stats_vectors.h, with Debian's python3-scipy. Anything drawn is seeded."""
import numpy as np
import scipy
from scipy import optimize, spatial, stats

MASK = 2**64 - 1


def splitmix(state):
    """SplitMix64 (Steele, Lea and Flood 2014), by which perf/stats/resample.c draws."""
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK
        yield z ^ z >> 31


def hodges_lehmann(v):
    means = np.add.outer(v, v) / 2
    return np.median(means[np.triu_indices(len(v))])


def bootstrap95(v, draws, seed):
    n, drawn = len(v), splitmix(seed)
    estimates = [hodges_lehmann(v[[next(drawn) % n for _ in v]]) for _ in range(draws)]
    level = stats.norm.sf(stats.t.ppf(0.975, n - 1) * np.sqrt(n / (n - 1)))
    return np.quantile(estimates, [level, 1 - level])


def energy(left, right):
    """Szekely and Rizzo's statistic of two samples, as Matteson and James scale it."""
    n, m = len(left), len(right)
    column = lambda v: v.reshape(-1, 1)
    between = spatial.distance.cdist(column(left), column(right)).mean()
    within = spatial.distance.pdist(column(left)).mean() + spatial.distance.pdist(column(right)).mean()
    return n * m / (n + m) * (2 * between - within)


def best_division(v, least=3):
    """(place, energy)."""
    energies = {k: energy(v[:k], v[k:]) for k in range(least, len(v) - least + 1)}
    best = max(energies, key=energies.get)
    return (best, energies[best]) if energies[best] > 0 else (0, 0.0)


def change_points(v, draw, start=0):
    """The whole of E-divisive in one window; permutations of NumPy's own."""
    if len(v) < 6:
        return []
    k, e = best_division(v)
    if not k or sum(best_division(draw.permutation(v))[1] >= e for _ in range(1999)) > 1:
        return []
    return change_points(v[:k], draw, start) + [start + k] + change_points(v[k:], draw, start + k)


def usl(cpus, throughput):
    """(lambda, sigma, kappa, terms): the weighted squares under no negative coefficient."""
    n, x = np.asarray(cpus, float), np.asarray(throughput, float)
    terms = np.column_stack([np.ones(len(n)), n - 1, n * (n - 1)])
    c, _ = optimize.nnls(terms * (x / n)[:, None], np.ones(len(n)))
    # the active set is exact, its solution is polished by the orthogonal factors of what it left
    used = c > 0
    c[used] = np.linalg.lstsq((terms * (x / n)[:, None])[:, used], np.ones(len(n)), rcond=None)[0]
    return 1 / c[0], c[1] / c[0], c[2] / c[0], int(used.sum())


def usl_throughput(law, n):
    return law[0] * n / (1 + law[1] * (n - 1) + law[2] * n * (n - 1))


def usl_knee(law):
    return max(1, np.sqrt(max(0, 1 - law[1]) / law[2])) if law[2] > 0 else np.inf


def usl_bands(cpus, x, draws, seed, at):
    """Ends of the knee's band and of the throughput's at `at`."""
    law, drawn = usl(cpus, x), splitmix(seed)
    fitted = np.array([usl_throughput(law, n) for n in cpus])
    grow = np.sqrt(len(cpus) / (len(cpus) - law[3]))
    laws = []
    for _ in range(draws):
        residual = np.array([(x / fitted)[next(drawn) % len(cpus)] for _ in cpus])
        laws.append(usl(cpus, fitted * residual**grow))
    knees = np.quantile([usl_knee(l) for l in laws], 0.025, method="lower"), np.quantile([usl_knee(l) for l in laws], 0.975, method="higher")
    return [*knees, *np.quantile([usl_throughput(l, at) for l in laws], [0.025, 0.975])]


def hdr_quantile(values, q):
    """The middle of the bucket of 1/1,024 of its power of two in which the value number ceil(q n) lies."""
    v = np.sort(values)
    it = int(v[max(int(np.ceil(q * len(v))), 1) - 1])
    width = 2 ** max(int(np.floor(np.log2(max(it, 1)))) - 10, 0)
    low = it // width * width
    return float(np.clip(low + (width - 1) / 2, v[0], v[-1]))


def array(kind, name, values, comment=""):
    """One C array, a few numbers a line."""
    text = [repr(v) if kind == "double" else str(v) for v in (x.item() if isinstance(x, np.generic) else x for x in values)]
    print(("// " + comment + "\n" if comment else "") + f"static const {kind} {name}[] = {{")
    for i in range(0, len(text), 6):
        print("    " + ", ".join(text[i:i + 6]) + ",")
    print("};")


def main():
    rng = np.random.default_rng(20240501)
    heavy = np.round(rng.standard_t(3, 40) * 0.01 + 0.004, 6)
    print(f"// Written by perf/stats/stats_vectors.py with NumPy {np.__version__} and SciPy {scipy.__version__}: series, and what these say of them.\n#pragma once\n"
          "#include <stdint.h>\n")
    array("double", "heavy_tailed", heavy, "Log ratios of 40 pairs of boots.")
    array("double", "hodges_lehmann_of", [hodges_lehmann(heavy[:n]) for n in range(5, 41)], "Of the first 5, 6, ... 40 of them.")
    print("\n// The bootstrap of the first n of them.\nstatic const struct { int n, draws; uint64_t seed; double low, high; } bootstrap_of[] = {")
    for n, draws, seed in ((5, 10000, 1), (10, 10000, 20240501), (16, 10000, 77), (40, 2000, 3)):
        print("    {%d, %d, %d, %r, %r}," % (n, draws, seed, *(float(x) for x in bootstrap95(heavy[:n], draws, seed))))
    print("};\n")
    series = np.round(100 + rng.standard_normal(48) + 4 * (np.arange(48) >= 17) - 6 * (np.arange(48) >= 33), 4)
    array("double", "stepped", series, "A history whose level changes at 17 and at 33; the best division of its first 6, 9, ... 48.")
    print("static const struct { int n, at; double energy; } divided[] = {")
    for n in range(6, 49, 3):
        print("    {%d, %d, %r}," % (n, *(lambda k, e: (k, float(e)))(*best_division(series[:n]))))
    print("};")
    array("int", "changed_at", change_points(series, rng), "Its changes, by 1,999 permutations of NumPy's each.")
    print()
    print("// Throughputs with noise, and the law without negative coefficients that is nearest to them.")
    print("static const struct { int points; double cpus[8], x[8], lambda, sigma, kappa; int terms; } noisy_laws[] = {")
    cpus = np.array([1, 2, 4, 8, 16, 32, 64, 128], float)
    for truth, spread, points in (((1000, 0.05, 0.002), 0.01, 5), ((1000, 0.05, 0.002), 0.05, 8), ((250, 0.3, 0), 0.02, 6), ((250, 0.3, 0), 0.02, 7),
                                  ((5e6, 0, 0.0004), 0.03, 7), ((5e6, 0, 0.0004), 0.03, 8), ((12, 0, 0), 0.05, 6), ((12, 0, 0), 0.05, 4)):
        x = np.round(usl_throughput(truth, cpus[:points]) * np.exp(spread * rng.standard_normal(points)), 5)
        row = lambda v: "{" + ", ".join(repr(float(n)) for n in v) + "}"
        print("    {%d, %s, %s,\n     %r, %r, %r, %d}," % (points, row(cpus[:points]), row(x), *(float(c) for c in usl(cpus[:points], x)[:3]), usl(cpus[:points], x)[3]))
        if points == 5:
            bands = usl_bands(cpus[:points], x, 400, 11, 8.0)
    print("};")
    print()
    array("double", "first_laws_bands", bands, "Of the first of these, 400 draws with seed 11: the knee's band, the band of the throughput of 8.")
    latencies = np.array([int(t) for t in np.exp(rng.standard_normal(300) * 3 + 9)])
    print()
    array("uint64_t", "latencies", latencies, "Nanoseconds over six powers of ten.")
    quantiles = [0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.995, 0.999, 1]
    array("double", "latency_quantiles", quantiles)
    array("double", "latency_at", [hdr_quantile(latencies, q) for q in quantiles])


if __name__ == "__main__":
    main()
