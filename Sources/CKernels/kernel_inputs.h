// Rounds the inputs of integer products, part of kernel_body.h.

enum { NAME(VECTORS) = RK_BLOCK / LANES };

// ---------------------------------------------------------------- one block

INLINE void NAME(load_sizes)(const float *x, vf *size) {
    UNROLL for (int i = 0; i < NAME(VECTORS); i++) {
        size[i] = __builtin_elementwise_abs(load(x + i * LANES));
    }
}

INLINE vf NAME(largest_of)(const vf *v) {
    vf most = v[0];
    UNROLL for (int i = 1; i < NAME(VECTORS); i++) most = max_(most, v[i]);
    return most;
}

// Squares of sizes in units of the largest's 127th, rounded to whole numbers. A float holds their
// sums exactly, so that all instruction sets decide alike what stands out.
INLINE vf NAME(squares_of)(const vf *size, vf inverse) {
    vf squares = splat(0);
    UNROLL for (int i = 0; i < NAME(VECTORS); i++) {
        const vf whole = __builtin_elementwise_roundeven(size[i] * inverse);
        squares = fma_(whole, whole, squares);
    }
    return squares;
}
// Whether the largest stands out in a block of which the squares have this sum. Not where one of
// them is no number.
#define STANDS_OUT(sum) (4 * (sum) < 9 * 127 * 127)

// Rounds a block and puts it in place; the integers' sum by lane over its first half, and its last.
INLINE void NAME(put_block)(
    const rk_activations *set, int64_t at, const float *x, vf inverse, vi *first, vi *last) {
    vi q[NAME(VECTORS)], halves[2] = {{}, {}};
    UNROLL for (int i = 0; i < NAME(VECTORS); i++) {
        q[i] = round_to_int(load(x + i * LANES) * inverse);
        halves[i * LANES / 16] += q[i];
    }
    pack_block(set->quants + at * RK_BLOCK, q);
#ifdef INPUT_WORDS
    NAME(store_words)(set->words + at * RK_BLOCK, q);
#endif
    *first = halves[0];
    *last = halves[1];
}

typedef bool NAME(bits) __attribute__((ext_vector_type(LANES)));
// A bit for each lane of a comparison.
INLINE uint32_t NAME(mask)(vi compared) {
    const NAME(bits) bits = __builtin_convertvector(compared, NAME(bits));
    uint16_t mask = 0;
    memcpy(&mask, &bits, (LANES + 7) / 8);
    return mask;
}

// ---------------------------------------------------------------- four blocks

// What is found over a block's lanes (its largest, its sums) is found for four blocks at once: it
// takes half the steps, and no block waits for its own.

// Half of what two vectors hold: of every 2 · `chunk` lanes the first ones, or the second, of x and
// then of y in every four.
INLINE vi NAME(chunks)(vi x, vi y, const int chunk, const int second) {
    vi half;
    UNROLL for (int k = 0; k < LANES; k++) {
        const int place = k % 2;
        const int from = k - k % 4 + (place / chunk * 2 + second) * chunk + place % chunk;
        half[k] = k % 4 < 2 ? x[from] : y[from];
    }
    return half;
}

// Over the lanes of each of four vectors: that of vector n is in lane n of every four.
#define OVER_EACH(name, type, combine)                                                         \
    INLINE type NAME(name)(const type *v) {                                                    \
        type pair[2];                                                                          \
        UNROLL for (int i = 0; i < 2; i++) {                                                   \
            const vi x = (vi)v[2 * i], y = (vi)v[2 * i + 1];                                   \
            pair[i] = combine(                                                                 \
                (type)NAME(chunks)(x, y, 2, 0), (type)NAME(chunks)(x, y, 2, 1));               \
        }                                                                                      \
        const vi x = (vi)pair[0], y = (vi)pair[1];                                             \
        type all                                                                               \
            = combine((type)NAME(chunks)(x, y, 1, 0), (type)NAME(chunks)(x, y, 1, 1));         \
        UNROLL for (int half = LANES / 2; half > 2; half /= 2) {                               \
            all = combine(all, (type)swap_halves((vf)all, half));                              \
        }                                                                                      \
        return all;                                                                            \
    }
#define ADD(a, b) ((a) + (b))
OVER_EACH(max_of_each, vf, max_)
OVER_EACH(sum_of_each, vf, ADD)
OVER_EACH(whole_sum_of_each, vi, ADD)
OVER_EACH(least_of_each, vi, __builtin_elementwise_min)

// Lane n of every four, in all of them.
INLINE vf NAME(lane_of_four)(vf v, const int n) {
    vf one;
    UNROLL for (int i = 0; i < LANES; i++) one[i] = v[i - i % 4 + n];
    return one;
}

// Blocks of a token: where they come from and go to.
typedef struct {
    const float *row;
    int64_t first, apart;
} NAME(token_blocks);
// Blocks that are looked at before those of them with outliers are done: in between, whether the
// next one has some would have to be foreseen.
enum { NAME(LOOKED_AT) = 64 };

// Puts four blocks' scales in place, of which the first `count` are wanted.
INLINE void NAME(put_scales)(
    const rk_activations *set, const int64_t *at, const int count, vf scales, const vi *firsts,
    const vi *lasts) {
    const vi first = NAME(whole_sum_of_each)(firsts), last = NAME(whole_sum_of_each)(lasts);
    UNROLL for (int n = 0; n < count; n++) {
        const int32_t total = first[n] + last[n];
        set->scales[at[n]] = scales[n];
        set->sums[at[n]] = scales[n] * (float)total;
        set->half_sums[at[n]] = scales[n] * (float)first[n];
        int32_t *totals = set->totals + at[n] * 3;
        totals[0] = total;
        totals[1] = first[n];
        totals[2] = last[n];
    }
}

// Four blocks from `block` on, of which `count` are wanted. Leaves the largest of each in `most`,
// and returns a bit for each that has outliers and is not done.
INLINE uint32_t NAME(prepare_four)(
    const rk_activations *set, const NAME(token_blocks) *token, int32_t block, const int count,
    float *most) {
    vf found[4];
    vi firsts[4], lasts[4];
    const float *x[4];
    int64_t at[4];
    UNROLL for (int n = 0; n < 4; n++) {
        const int32_t b = block + (n < count ? n : 0);
        x[n] = token->row + b * RK_BLOCK;
        at[n] = token->first + b * token->apart;
        vf size[NAME(VECTORS)];
        NAME(load_sizes)(x[n], size);
        found[n] = NAME(largest_of)(size);
    }
    const vf largest = NAME(max_of_each)(found);
    const vi some = (vi)(largest > 0);
    const vf inverses = (vf)((vi)(127 / largest) & some);
    UNROLL for (int n = 0; n < count; n++) {
        const vf inverse = NAME(lane_of_four)(inverses, n);
        vf size[NAME(VECTORS)];
        NAME(load_sizes)(x[n], size);
        found[n] = NAME(squares_of)(size, inverse);
        NAME(put_block)(set, at[n], x[n], inverse, &firsts[n], &lasts[n]);
    }
    UNROLL for (int n = count; n < 4; n++) {
        found[n] = found[0];
        firsts[n] = firsts[0];
        lasts[n] = lasts[0];
    }
    NAME(put_scales)(set, at, count, largest / 127, firsts, lasts);
    const vi stands_out = (vi)STANDS_OUT(NAME(sum_of_each)(found)) & some;
    UNROLL for (int n = 0; n < count; n++) {
        set->outliers[at[n]] = (rk_outliers){0};
        most[n] = largest[n];
    }
    return NAME(mask)(stands_out) & ((1u << count) - 1);
}

// Takes out of four blocks' sizes that which `largest` has in the block's lane, of the blocks whose
// lane `which` has: the first of that size. Returns its column, or RK_BLOCK.
INLINE vi NAME(take_out)(vf (*size)[NAME(VECTORS)], vf largest, vi which) {
    vi places[NAME(VECTORS)], firsts[4];
    UNROLL for (int i = 0; i < NAME(VECTORS); i++) {
        UNROLL for (int k = 0; k < LANES; k++) places[i][k] = i * LANES + k;
    }
    UNROLL for (int n = 0; n < 4; n++) {
        const vf most = NAME(lane_of_four)(largest, n);
        firsts[n] = (vi){} + RK_BLOCK;
        UNROLL for (int i = NAME(VECTORS) - 1; i >= 0; i--) {
            const vi there = (vi)(size[n][i] == most);
            firsts[n] = (places[i] & there) | (firsts[n] & ~there);
        }
    }
    const vi columns = (NAME(least_of_each)(firsts) & which) | (RK_BLOCK & ~which);
    UNROLL for (int n = 0; n < 4; n++) {
        const vi column = (vi)NAME(lane_of_four)((vf)columns, n);
        UNROLL for (int i = 0; i < NAME(VECTORS); i++) {
            size[n][i] = (vf)((vi)size[n][i] & (vi)(places[i] != column));
        }
    }
    return columns;
}

// Four blocks that have outliers, the largest of each of a size in `most`. They may be the same.
static void NAME(prepare_outliers)(
    const rk_activations *set, const NAME(token_blocks) *token, const int32_t *block,
    const float *most) {
    vf found[4], size[4][NAME(VECTORS)], largest = splat(0);
    vi firsts[4], lasts[4];
    const float *x[4];
    int64_t at[4];
    UNROLL for (int n = 0; n < 4; n++) {
        x[n] = token->row + block[n] * RK_BLOCK;
        at[n] = token->first + block[n] * token->apart;
        NAME(load_sizes)(x[n], size[n]);
        UNROLL for (int k = n; k < LANES; k += 4) largest[k] = most[n];
    }
    vi columns[2] = {NAME(take_out)(size, largest, ~(vi){}), (vi){} + RK_BLOCK};
    UNROLL for (int n = 0; n < 4; n++) found[n] = NAME(largest_of)(size[n]);
    vf left = NAME(max_of_each)(found);
    const vi some = (vi)(left > 0);
    const vf inverses = (vf)((vi)(127 / left) & some);
    UNROLL for (int n = 0; n < 4; n++) {
        found[n] = NAME(squares_of)(size[n], NAME(lane_of_four)(inverses, n));
    }
    const vi again = (vi)STANDS_OUT(NAME(sum_of_each)(found)) & some;
    if (NAME(mask)(again)) {
        columns[1] = NAME(take_out)(size, left, again);
        UNROLL for (int n = 0; n < 4; n++) found[n] = NAME(largest_of)(size[n]);
        left = NAME(max_of_each)(found);
    }
    // Outliers must fit 16 bits.
    const vf scales = max_(left / 127, largest / INT16_MAX);
    const vf units = 1 / scales;
    UNROLL for (int n = 0; n < 4; n++) {
        NAME(put_block)(
            set, at[n], x[n], NAME(lane_of_four)(units, n), &firsts[n], &lasts[n]);
        rk_outliers outliers = {0};
        UNROLL for (int i = 0; i < 2; i++) {
            const int32_t column = columns[i][n];
            if (column == RK_BLOCK) break;
            outliers.column[i] = (uint8_t)column;
            outliers.value[i] = (int16_t)lrintf(x[n][column] * units[n]);
            set->quants[at[n] * RK_BLOCK + column] = 0;
        }
        set->outliers[at[n]] = outliers;
    }
    NAME(put_scales)(set, at, 4, scales, firsts, lasts);
}

static void NAME(prepare)(
    const rk_activations *set, int32_t token, const float *row, int32_t first, int32_t count,
    bool quantize, bool copy) {
    int32_t cols = set->cols;
    if (copy) {
        float *target = set->values + (int64_t)token * cols + first;
        if (target != row + first) memcpy(target, row + first, sizeof(float) * (size_t)count);
    }
    if (!quantize) return;
    const rk_activations own = *set;
    const int32_t tile = token - token % set->tile, width = rk_tile_width(set, tile);
    const NAME(token_blocks) blocks = {
        .row = row, .first = (int64_t)tile * (cols / RK_BLOCK) + (token - tile), .apart = width};
    const int32_t end = (first + count) / RK_BLOCK;
    for (int32_t from = first / RK_BLOCK; from < end; from += NAME(LOOKED_AT)) {
        const int32_t to = end - from < NAME(LOOKED_AT) ? end : from + NAME(LOOKED_AT);
        float most[NAME(LOOKED_AT)];
        uint64_t standing = 0;
        for (int32_t b = from; b < to; b += 4) {
            uint64_t some;
            float *own_most = most + (b - from);
            switch (to - b) {
            case 1: some = NAME(prepare_four)(&own, &blocks, b, 1, own_most); break;
            case 2: some = NAME(prepare_four)(&own, &blocks, b, 2, own_most); break;
            case 3: some = NAME(prepare_four)(&own, &blocks, b, 3, own_most); break;
            default: some = NAME(prepare_four)(&own, &blocks, b, 4, own_most);
            }
            standing |= some << (b - from);
        }
        while (standing) {
            int32_t block[4];
            float size[4];
            UNROLL for (int n = 0; n < 4; n++) {
                // Where there are no more, the first one once more.
                block[n] = standing ? from + __builtin_ctzll(standing) : block[0];
                size[n] = most[block[n] - from];
                standing &= standing - 1;
            }
            NAME(prepare_outliers)(&own, &blocks, block, size);
        }
    }
}
