// Products of tiles, for the files of AMX kernels; included behind their target. Tokens and rows of
// a matrix, or queries and positions: what is said of the former holds for the latter.

enum {
    /// Groups of 16 rows that share the inputs of a step.
    GROUPS = 2,
};

/// Memory format of ldtilecfg.
typedef struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_shapes;

/// Tiles of tokens that share the weights of a step: where the inputs stand, how many tokens
/// each has, and where the sums go.
typedef struct {
    int32_t width;
    const int16_t *inputs, *low_inputs;
    /// For each group.
    float *output[GROUPS];
} token_tile;

/// A panel of weights: groups are `stride` bytes apart.
typedef struct {
    const uint8_t *high, *low;
    int64_t stride;
    /// 1 for weights and inputs as they are, 2 for inputs in two parts, 3 for weights as well.
    int parts;
} weight_panel;

// Tiles 0 to 3 are sums [tile of tokens][group], 4 and 5 inputs, 6 and 7 weights.
INLINE void shape_tiles(int32_t first, int32_t second) {
    tile_shapes shapes = {.palette = 1};
    const int32_t width[2] = {first, second};
    for (int t = 0; t < 2; t++) {
        for (int g = 0; g < GROUPS; g++) {
            shapes.rows[t * GROUPS + g] = (uint8_t)width[t];
            shapes.row_bytes[t * GROUPS + g] = 4 * RK_ROWS;
        }
        shapes.rows[4 + t] = (uint8_t)width[t];
        shapes.row_bytes[4 + t] = TILE_ROW;
        shapes.rows[6 + t] = TILE_COLS / 2;
        shapes.row_bytes[6 + t] = 4 * RK_ROWS;
    }
    _tile_loadconfig(&shapes);
}

// `tiles` of tokens times `groups` of rows. Sums go to, or are added to, each one's output. `parts`
// is the panel's; products of low parts are summed first, but for those of weights.
INLINE void multiply_tiles(
    const token_tile *t, weight_panel panel, int32_t blocks, bool add, int64_t stride,
    const int tiles, const int groups, const int parts) {
    int64_t bytes = stride * (int64_t)sizeof(float);
    if (add) {
        _tile_loadd(0, t[0].output[0], bytes);
        if (groups > 1) _tile_loadd(1, t[0].output[1], bytes);
        if (tiles > 1) _tile_loadd(2, t[1].output[0], bytes);
        if (tiles > 1 && groups > 1) _tile_loadd(3, t[1].output[1], bytes);
    } else {
        _tile_zero(0);
        if (groups > 1) _tile_zero(1);
        if (tiles > 1) _tile_zero(2);
        if (tiles > 1 && groups > 1) _tile_zero(3);
    }
    // What both inputs are multiplied by, in tiles 6 and 7.
#define MULTIPLY(X0, X1)                                                                       \
    {                                                                                          \
        _tile_loadd(4, X0, TILE_ROW);                                                          \
        _tile_dpbf16ps(0, 4, 6);                                                               \
        if (groups > 1) _tile_dpbf16ps(1, 4, 7);                                               \
        if (tiles > 1) {                                                                       \
            _tile_loadd(5, X1, TILE_ROW);                                                      \
            _tile_dpbf16ps(2, 5, 6);                                                           \
            if (groups > 1) _tile_dpbf16ps(3, 5, 7);                                           \
        }                                                                                      \
    }
    int64_t x0 = 0, x1 = 0, w = 0;
    for (int32_t b = 0; b < blocks; b++) {
        _tile_loadd(6, panel.high + w, 64);
        if (groups > 1) _tile_loadd(7, panel.high + panel.stride + w, 64);
        if (parts > 1) MULTIPLY(t[0].low_inputs + x0, t[1].low_inputs + x1)
        MULTIPLY(t[0].inputs + x0, t[1].inputs + x1)
        if (parts > 2) {
            // The inputs' high parts are still there.
            _tile_loadd(6, panel.low + w, 64);
            _tile_dpbf16ps(0, 4, 6);
            if (tiles > 1) _tile_dpbf16ps(2, 5, 6);
            if (groups > 1) {
                _tile_loadd(7, panel.low + panel.stride + w, 64);
                _tile_dpbf16ps(1, 4, 7);
                if (tiles > 1) _tile_dpbf16ps(3, 5, 7);
            }
        }
        x0 += t[0].width * TILE_COLS;
        if (tiles > 1) x1 += t[1].width * TILE_COLS;
        w += TILE_BYTES;
    }
#undef MULTIPLY
    _tile_stored(0, t[0].output[0], bytes);
    if (groups > 1) _tile_stored(1, t[0].output[1], bytes);
    if (tiles > 1) _tile_stored(2, t[1].output[0], bytes);
    if (tiles > 1 && groups > 1) _tile_stored(3, t[1].output[1], bytes);
}
