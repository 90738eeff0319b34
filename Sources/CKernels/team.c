#include "team.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define rk_pause() _mm_pause()
#elif defined(__aarch64__)
#define rk_pause() __asm__ volatile("yield")
#else
#define rk_pause() ((void)0)
#endif

// Spins before a member sleeps: some 200 µs, longer than the sampling between two tokens
// takes, shorter than anybody notices on the bill.
enum { SPINS_BEFORE_SLEEP = 6000, SPINS_BEFORE_YIELD = 2000 };

struct rk_team {
    int32_t threads;
    pthread_t *members;

    rk_team_function function;
    void *context;

    // The number of the current run; a member starts when it changes.
    _Alignas(64) _Atomic uint32_t run;
    _Alignas(64) _Atomic int32_t finished;
    _Alignas(64) _Atomic int32_t arrived;
    _Alignas(64) _Atomic uint32_t phase;
    _Atomic int32_t sleeping;
    _Atomic bool stopping;

    pthread_mutex_t mutex;
    pthread_cond_t wake;
};

typedef struct {
    rk_team *team;
    int32_t thread;
} member_argument;

static void *member_main(void *argument) {
    member_argument mine = *(member_argument *)argument;
    free(argument);
    rk_team *team = mine.team;
    uint32_t seen = 0;
    for (;;) {
        int32_t spins = 0;
        while (atomic_load_explicit(&team->run, memory_order_acquire) == seen) {
            if (++spins < SPINS_BEFORE_SLEEP) {
                rk_pause();
                continue;
            }
            pthread_mutex_lock(&team->mutex);
            atomic_fetch_add(&team->sleeping, 1);
            while (atomic_load(&team->run) == seen) {
                pthread_cond_wait(&team->wake, &team->mutex);
            }
            atomic_fetch_sub(&team->sleeping, 1);
            pthread_mutex_unlock(&team->mutex);
        }
        seen++;
        if (atomic_load_explicit(&team->stopping, memory_order_acquire)) return NULL;
        team->function(team->context, mine.thread, team->threads);
        atomic_fetch_add_explicit(&team->finished, 1, memory_order_release);
    }
}

rk_team *rk_team_create(int32_t threads) {
    if (threads < 1) threads = 1;
    rk_team *team = NULL;
    if (posix_memalign((void **)&team, 64, sizeof(rk_team)) != 0) return NULL;
    memset(team, 0, sizeof(rk_team));
    team->threads = 1;
    pthread_mutex_init(&team->mutex, NULL);
    pthread_cond_init(&team->wake, NULL);
    team->members = calloc((size_t)threads, sizeof(pthread_t));
    if (!team->members) {
        rk_team_destroy(team);
        return NULL;
    }
    for (int32_t thread = 1; thread < threads; thread++) {
        member_argument *argument = malloc(sizeof(member_argument));
        if (argument) *argument = (member_argument){team, thread};
        if (!argument || pthread_create(&team->members[thread], NULL, member_main, argument)) {
            free(argument);
            rk_team_destroy(team);
            return NULL;
        }
        team->threads = thread + 1;
    }
    return team;
}

static void start_run(rk_team *team) {
    atomic_fetch_add(&team->run, 1);
    if (atomic_load(&team->sleeping) > 0) {
        pthread_mutex_lock(&team->mutex);
        pthread_cond_broadcast(&team->wake);
        pthread_mutex_unlock(&team->mutex);
    }
}

void rk_team_destroy(rk_team *team) {
    if (!team) return;
    if (team->threads > 1) {
        atomic_store(&team->stopping, true);
        start_run(team);
        for (int32_t thread = 1; thread < team->threads; thread++) {
            pthread_join(team->members[thread], NULL);
        }
    }
    pthread_mutex_destroy(&team->mutex);
    pthread_cond_destroy(&team->wake);
    free(team->members);
    free(team);
}

int32_t rk_team_size(const rk_team *team) { return team->threads; }

uint32_t rk_team_runs(const rk_team *team) {
    return atomic_load_explicit(&team->run, memory_order_relaxed);
}

void rk_team_run(rk_team *team, rk_team_function function, void *context) {
    if (team->threads == 1) {
        atomic_fetch_add_explicit(&team->run, 1, memory_order_relaxed);
        function(context, 0, 1);
        return;
    }
    team->function = function;
    team->context = context;
    atomic_store_explicit(&team->finished, 0, memory_order_relaxed);
    start_run(team);
    function(context, 0, team->threads);
    int32_t spins = 0;
    while (atomic_load_explicit(&team->finished, memory_order_acquire) < team->threads - 1) {
        // A member may have lost its core to another program: let it have ours.
        if (++spins > SPINS_BEFORE_YIELD) sched_yield();
        else rk_pause();
    }
}

void rk_team_barrier(rk_team *team) {
    if (team->threads == 1) return;
    uint32_t phase = atomic_load_explicit(&team->phase, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&team->arrived, 1, memory_order_acq_rel) == team->threads - 1) {
        atomic_store_explicit(&team->arrived, 0, memory_order_relaxed);
        atomic_store_explicit(&team->phase, phase + 1, memory_order_release);
        return;
    }
    int32_t spins = 0;
    while (atomic_load_explicit(&team->phase, memory_order_acquire) == phase) {
        if (++spins > SPINS_BEFORE_YIELD) sched_yield();
        else rk_pause();
    }
}

int32_t rk_physical_cores(void) {
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    int32_t allowed = online > 0 ? (int32_t)online : 1;
#if defined(__linux__)
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof(set), &set) == 0) allowed = CPU_COUNT(&set);
    // Of the hardware threads of one core only the first counts.
    int32_t cores = 0;
    for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&set) > 0; cpu++) {
        if (!CPU_ISSET(cpu, &set)) continue;
        char path[96];
        snprintf(path, sizeof(path),
                 "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
        FILE *file = fopen(path, "r");
        int first = cpu;
        if (file) {
            if (fscanf(file, "%d", &first) != 1) first = cpu;
            fclose(file);
        }
        if (first == cpu || !CPU_ISSET(first, &set)) cores++;
    }
    if (cores > 0) allowed = cores;
#endif
    return allowed < 1 ? 1 : allowed;
}
