// A small crew for fork-join work in training: workers spin briefly between pieces of work, then
// sleep, so that a training run in the background leaves the processor when it pauses.

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "sgemm.h"

#define MAX_WORKERS 63
// Around 50 microseconds of spinning before a worker sleeps.
#define SPINS 20000

static inline void pause_briefly(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

static struct {
    pthread_mutex_t owner;  // held by the caller for the length of a fork-join
    pthread_mutex_t lock;   // guards the sleep of workers
    pthread_cond_t wake;
    int workers;            // started so far
    _Atomic unsigned long generation;
    _Atomic long next;
    _Atomic int wanted;     // workers that may still join the current work
    _Atomic int active;     // workers inside the current work
    _Atomic bool open;      // whether the current work may be joined
    long count;
    void (*body)(void *, long);
    void *context;
} crew = {.owner = PTHREAD_MUTEX_INITIALIZER,
          .lock = PTHREAD_MUTEX_INITIALIZER,
          .wake = PTHREAD_COND_INITIALIZER};

static _Thread_local bool inside_crew;

static void take_items(void) {
    for (;;) {
        const long item = atomic_fetch_add(&crew.next, 1);
        if (item >= crew.count) return;
        crew.body(crew.context, item);
    }
}

static void *work(void *unused) {
    (void)unused;
    inside_crew = true;
    unsigned long seen = 0;
    for (;;) {
        int spins = 0;
        unsigned long now;
        while ((now = atomic_load(&crew.generation)) == seen) {
            if (++spins < SPINS) {
                pause_briefly();
                continue;
            }
            pthread_mutex_lock(&crew.lock);
            while (atomic_load(&crew.generation) == seen) pthread_cond_wait(&crew.wake, &crew.lock);
            pthread_mutex_unlock(&crew.lock);
        }
        seen = now;
        // Announce first, then look whether the work is still open: the caller closes it before
        // it waits for `active` to fall to zero, so no worker can slip in behind it.
        atomic_fetch_add(&crew.active, 1);
        if (atomic_load(&crew.open) && atomic_fetch_sub(&crew.wanted, 1) > 0) take_items();
        atomic_fetch_sub(&crew.active, 1);
    }
    return NULL;
}

void rk_fork_join(long count, int threads, void (*body)(void *, long), void *context) {
    if (threads <= 0) {
        const long cores = sysconf(_SC_NPROCESSORS_ONLN);
        threads = cores < 1 ? 1 : (int)cores;
    }
    if (threads > MAX_WORKERS + 1) threads = MAX_WORKERS + 1;
    if (threads > count) threads = (int)count;
    if (threads <= 1 || inside_crew || pthread_mutex_trylock(&crew.owner) != 0) {
        for (long i = 0; i < count; i++) body(context, i);
        return;
    }
    inside_crew = true;
    while (crew.workers < threads - 1) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, work, NULL) != 0) break;
        pthread_detach(thread);
        crew.workers++;
    }
    crew.count = count;
    crew.body = body;
    crew.context = context;
    atomic_store(&crew.next, 0);
    atomic_store(&crew.wanted, threads - 1);
    atomic_store(&crew.open, true);
    pthread_mutex_lock(&crew.lock);
    atomic_fetch_add(&crew.generation, 1);
    pthread_cond_broadcast(&crew.wake);
    pthread_mutex_unlock(&crew.lock);
    take_items();
    atomic_store(&crew.open, false);
    for (int spins = 0; atomic_load(&crew.active) > 0; spins++) {
        if (spins < SPINS)
            pause_briefly();
        else
            usleep(20);
    }
    inside_crew = false;
    pthread_mutex_unlock(&crew.owner);
}
