// Looks at the clock and does nothing else, and tells what the machine took away: the time that passed between two looks where
// it was longer than LEAST_NS. Whatever runs on this machine is stopped as often and as long.
//
// usage: gaps SECONDS
//
// Prints: the share of the time that gaps took, and the longest in microseconds.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const int64_t LEAST_NS = 50000;

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(int count, char **arguments) {
    if (count != 2) return 2;
    int64_t start = now(), end = start + (int64_t)(atof(arguments[1]) * 1e9), last = start, lost = 0, longest = 0;
    while (last < end) {
        int64_t this = now();
        if (this - last > LEAST_NS) {
            lost += this - last;
            if (this - last > longest) longest = this - last;
        }
        last = this;
    }
    printf("%f %lld\n", (double)lost / (double)(last - start), (long long)(longest / 1000));
    return 0;
}
