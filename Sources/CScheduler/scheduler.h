/// The system call that the C library of Debian 12 has no function for.
#pragma once

#if defined(__linux__)
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Gives the calling thread a nice value, and the time in nanoseconds after which it lets others on when it is among ordinary
/// threads (Linux 6.12 and later; earlier ones take the nice value alone). 0, or -1 with `errno`.
static inline int mockforge_schedule(int32_t nice, uint64_t slice) {
  // As Linux has laid it out since 3.14; the fields of other policies are 0.
  struct {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
  } attributes = {.size = sizeof attributes, .nice = nice, .runtime = slice};
  return (int)syscall(SYS_sched_setattr, 0, &attributes, 0);
}
#endif
