// The Universal Scalability Law (Gunther 1993): X(n) = l n / (1 + s (n-1) + k n (n-1)), throughput of
// n CPUs; s is contention, k coherency, l the throughput of one.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct usl {
    double lambda, sigma, kappa; // sigma and kappa are never negative
    double knee;                 // the n of the greatest throughput; INFINITY when it never falls
    size_t terms;                // coefficients in use, of 3; the others are 0
};

double usl_throughput(const struct usl *u, double n);
// Least squares of n / X over 1, n-1 and n(n-1), each point weighted so that the relative errors of X
// count alike. False with fewer than three different n, or when no growing law fits.
bool usl_fit(struct usl *u, const double *cpus, const double *throughput, size_t points);
// Laws fitted to the points with their relative residuals drawn again, `draws` times, seeded: out has room for so many, the number
// that could be fitted is returned. 0 where there are no more points than coefficients: such a law meets every point, whatever the noise.
size_t usl_draws(const struct usl *u, const double *cpus, const double *throughput, size_t points, size_t draws, uint64_t seed,
                 struct usl *out);
// 95 % bands from such laws: of the knee (an end INFINITY when the law never falls there), of the throughput at n. Of no laws both ends are INFINITY.
void usl_knee_band(const struct usl *drawn, size_t draws, double *low, double *high);
void usl_throughput_band(const struct usl *drawn, size_t draws, double n, double *low, double *high);
