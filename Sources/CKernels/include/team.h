#ifndef RK_TEAM_H
#define RK_TEAM_H

#include <stdint.h>

// A team of threads that runs one function on all its members at once (single program,
// multiple data). Between the parts of that function the members meet at a barrier that
// spins; a member that finds nothing to do for a while sleeps, so an idle program costs
// nothing.

typedef struct rk_team rk_team;

/// What every member runs: `thread` from 0 to `threads` - 1; member 0 is the caller.
typedef void (*rk_team_function)(void *context, int32_t thread, int32_t threads);

/// A team of `threads` members (the caller and `threads` - 1 of its own); NULL when a thread
/// cannot be made.
rk_team *rk_team_create(int32_t threads);
void rk_team_destroy(rk_team *team);
int32_t rk_team_size(const rk_team *team);

/// Runs the function on every member and returns when all have finished. One caller at a time.
void rk_team_run(rk_team *team, rk_team_function function, void *context);

/// How many runs were begun, counted up to 2^32 and then anew. From any thread: whoever would use
/// what the team leaves of the machine sees by it whether the team has rest.
uint32_t rk_team_runs(const rk_team *team);

/// Waits, inside a running function, until every member has come here.
void rk_team_barrier(rk_team *team);

/// Number of physical cores this process may run on, at least 1.
int32_t rk_physical_cores(void);

/// A shared work counter on a cache line of its own; `rk_claim` hands out the next `count`
/// units of it. (A plain integer, as Swift does not import atomics; touched only here.)
typedef struct {
    int32_t next;
    int32_t padding[15];
} rk_counter;

static inline void rk_counter_reset(rk_counter *counter) {
    __atomic_store_n(&counter->next, 0, __ATOMIC_RELAXED);
}

static inline int32_t rk_claim(rk_counter *counter, int32_t count) {
    return __atomic_fetch_add(&counter->next, count, __ATOMIC_RELAXED);
}

#endif
