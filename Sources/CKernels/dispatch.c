// Chooses kernels by what the processor can do, and measures what it could do at best.
#include "internal.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#if defined(RK_HAS_AMX)
// Tiles of bf16, and the conversion to it in AVX-512.
static bool has_tiles(void) {
    enum { AMX_BF16 = 1 << 22, AMX_TILE = 1 << 24, AVX512_BF16 = 1 << 5 };
    unsigned a, b, c, d;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
    if (!(d & AMX_BF16) || !(d & AMX_TILE)) return false;
    return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & AVX512_BF16);
}
#endif

const rk_kernels *rk_kernels_get(rk_kernel_choice choice) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
        && __builtin_cpu_supports("avx512vnni");
#endif
    switch (choice) {
    case RK_KERNELS_AUTO: {
        const rk_kernels *best = rk_kernels_get(RK_KERNELS_AMX);
        if (!best) best = rk_kernels_get(RK_KERNELS_AVX512);
        if (!best) best = rk_kernels_get(RK_KERNELS_AVX_VNNI);
        if (!best) best = rk_kernels_get(RK_KERNELS_AVX2);
        if (!best) best = rk_kernels_get(RK_KERNELS_NEON);
        return best ? best : &rk_reference_table;
    }
    case RK_KERNELS_REFERENCE: return &rk_reference_table;
#if defined(__x86_64__)
    case RK_KERNELS_AVX2: return avx2 ? &rk_avx2_table : NULL;
    case RK_KERNELS_AVX_VNNI:
        return avx2 && __builtin_cpu_supports("avxvnni") ? &rk_avx_vnni_table : NULL;
    case RK_KERNELS_AVX512: return avx512 ? &rk_avx512_table : NULL;
#endif
#if defined(RK_HAS_AMX)
    case RK_KERNELS_AMX:
        // Only where it is asked for: both questions leave the virtual machine, and tiles make a
        // process's registers larger.
        return avx512 && has_tiles() && rk_amx_permitted() ? &rk_amx_table : NULL;
#endif
#if defined(__aarch64__)
    case RK_KERNELS_NEON: return &rk_neon_table;
#endif
    default: return NULL;
    }
}

// As on Zen 4; the others as each was measured.
rk_tuning rk_tuned = {.group_ahead = true, .single_from = 3};

#if defined(__x86_64__)
// Before anything else runs, so that the kernels read a value that stays.
__attribute__((constructor)) static void choose_fetching(void) {
    unsigned largest, vendor[3], family, b, c, d;
    if (!__get_cpuid(0, &largest, &vendor[0], &vendor[2], &vendor[1])) return;
    if (!__get_cpuid(1, &family, &b, &c, &d)) return;
    bool is_amd = memcmp(vendor, "AuthenticAMD", sizeof vendor) == 0;
    bool is_intel = memcmp(vendor, "GenuineIntel", sizeof vendor) == 0;
    // Zen 5 and later. There pairs of groups are as they were first measured.
    if (is_amd && (family >> 8 & 15) + (family >> 20 & 255) >= 0x1a) {
        rk_tuned.near = true;
        rk_tuned.single_from = INT32_MAX;
    }
    // Zen 3. Asking further ahead than this, or for lines that its own look-ahead brings anyway,
    // took two to ten tokens' products a twentieth longer, one token's a sixth.
    __builtin_cpu_init();
    if (is_amd && !__builtin_cpu_supports("avx512f")) rk_tuned.follows_streams = true;
    // Emerald Rapids: one token's products take a tenth less time so, four tokens' a twentieth,
    // and eight tokens' a fiftieth more if theirs were near as well. One group at a time is a
    // quarter faster with eight tokens, an eighth with four.
    if (is_intel) {
        rk_tuned = (rk_tuning){.near_alone = true, .pairs_of_bytes = true, .single_from = 4};
    }
}
#endif

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

enum { LARGE_PAGE = 2 << 20, LINE_WORDS = 8, MOST_STREAMS = 16 };

typedef struct {
    const uint64_t *words;
    int64_t count;
    // Places from which a thread reads at once. Which number is fastest differs by processor.
    int32_t streams;
    _Atomic uint64_t sum;
} read_context;

static void read_share(void *context, int32_t thread, int32_t threads) {
    read_context *c = context;
    int64_t share = c->count / threads / c->streams / LINE_WORDS * LINE_WORDS;
    const uint64_t *first = c->words + c->count / threads * thread;
    uint64_t sums[LINE_WORDS] = {0};
    for (int64_t i = 0; i < share; i += LINE_WORDS) {
        for (int32_t stream = 0; stream < c->streams; stream++) {
            const uint64_t *line = first + share * stream + i;
            for (int k = 0; k < LINE_WORDS; k++) sums[k] += line[k];
        }
    }
    uint64_t total = 0;
    for (int k = 0; k < LINE_WORDS; k++) total += sums[k];
    atomic_fetch_add(&c->sum, total);
}

double rk_measure_read_bandwidth(rk_team *team, int64_t bytes) {
    read_context context = {.count = bytes / 8};
    uint64_t *words = NULL;
    if (bytes < LARGE_PAGE || posix_memalign((void **)&words, LARGE_PAGE, (size_t)bytes) != 0) {
        return 0;
    }
#if defined(__linux__)
    // As weights lie: with small pages, looking up addresses took a third of the time.
    madvise(words, (size_t)bytes, MADV_HUGEPAGE);
#endif
    memset(words, 1, (size_t)bytes);
    context.words = words;
    double best = 0;
    for (int repeat = 0; repeat < 6; repeat++) {
        for (context.streams = 1; context.streams <= MOST_STREAMS; context.streams *= 4) {
            double start = now();
            rk_team_run(team, read_share, &context);
            double rate = (double)bytes / (now() - start);
            if (rate > best) best = rate;
        }
    }
    free(words);
    return best;
}

typedef struct {
    double (*peak)(int64_t steps);
    _Atomic int64_t operations;
} peak_context;

static void multiply_share(void *context, int32_t thread, int32_t threads) {
    (void)thread;
    (void)threads;
    peak_context *c = context;
    atomic_fetch_add(&c->operations, (int64_t)c->peak(1 << 18));
}

static double measure_rate(rk_team *team, double (*peak)(int64_t steps)) {
    if (!peak) return 0;
    double best = 0;
    for (int repeat = 0; repeat < 8; repeat++) {
        peak_context c = {.peak = peak};
        double start = now();
        rk_team_run(team, multiply_share, &c);
        double rate = (double)c.operations / (now() - start);
        if (rate > best) best = rate;
    }
    return best;
}

double rk_measure_int8_rate(rk_team *team, const rk_kernels *kernels) {
    return measure_rate(team, kernels->peak);
}

double rk_measure_prompt_rate(rk_team *team, const rk_kernels *kernels) {
    return measure_rate(team, kernels->prompt_peak);
}
