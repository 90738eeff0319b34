// Norms, activations, rotations and sums over rows of floats, part of kernel_body.h.

static void NAME(normalize)(
    int32_t kind, const float *x, const float *weight, const float *bias, float epsilon,
    int32_t n, float *out) {
    int32_t whole = n - n % LANES;
    float mean = 0;
    if (kind == RK_NORM_LAYER) {
        vf sum = splat(0);
        for (int32_t i = 0; i < whole; i += LANES) sum += load(x + i);
        mean = sum_lanes(sum);
        for (int32_t i = whole; i < n; i++) mean += x[i];
        mean /= (float)n;
    }
    vf squares = splat(0);
    for (int32_t i = 0; i < whole; i += LANES) {
        vf v = load(x + i) - mean;
        squares = fma_(v, v, squares);
    }
    float total = sum_lanes(squares);
    for (int32_t i = whole; i < n; i++) total += (x[i] - mean) * (x[i] - mean);
    float scale = 1.0f / sqrtf(total / (float)n + epsilon);
    for (int32_t i = 0; i < whole; i += LANES) {
        vf v = (load(x + i) - mean) * scale;
        if (weight) v *= load(weight + i);
        if (bias) v += load(bias + i);
        store(out + i, v);
    }
    for (int32_t i = whole; i < n; i++) {
        float v = (x[i] - mean) * scale;
        if (weight) v *= weight[i];
        if (bias) v += bias[i];
        out[i] = v;
    }
}

INLINE vf NAME(act)(const int kind, vf x) {
    if (kind == RK_ACT_SILU) return x / (1.0f + exp_(-x));
    if (kind == RK_ACT_RELU) return max_(x, splat(0));
    // GELU, tanh form: x · σ(2z), z = √(2/π)(x + 0.044715 x³).
    vf z = 0.7978845608028654f * (x + 0.044715f * x * x * x);
    return x / (1.0f + exp_(-2.0f * z));
}

INLINE void NAME(activate_rows)(const int kind, float *gate, const float *up, int32_t n) {
    int32_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        vf v = NAME(act)(kind, load(gate + i));
        store(gate + i, up ? v * load(up + i) : v);
    }
    if (i < n) {
        float rest[LANES] = {0};
        memcpy(rest, gate + i, sizeof(float) * (size_t)(n - i));
        vf v = NAME(act)(kind, load(rest));
        for (int32_t k = 0; i + k < n; k++) gate[i + k] = up ? v[k] * up[i + k] : v[k];
    }
}

static void NAME(activate)(int32_t kind, float *gate, const float *up, int32_t n) {
    switch (kind) {
    case RK_ACT_SILU: NAME(activate_rows)(RK_ACT_SILU, gate, up, n); break;
    case RK_ACT_GELU_TANH: NAME(activate_rows)(RK_ACT_GELU_TANH, gate, up, n); break;
    case RK_ACT_RELU: NAME(activate_rows)(RK_ACT_RELU, gate, up, n); break;
    default: rk_reference_table.activate(kind, gate, up, n);
    }
}

// LANES / 2 numbers, each twice.
INLINE vf NAME(load_twice)(const float *p) {
    vf v;
    UNROLL for (int i = 0; i < LANES; i++) v[i] = p[i / 2];
    return v;
}

static void NAME(rotate)(
    float *head, int32_t rotary, bool interleaved, const float *cosines, const float *sines) {
    int32_t half = rotary / 2;
    if ((interleaved ? rotary : half) % LANES) {
        rk_reference_table.rotate(head, rotary, interleaved, cosines, sines);
        return;
    }
    if (interleaved) {
        for (int32_t i = 0; i < rotary; i += LANES) {
            vf pairs = load(head + i), swapped;
            vi signs;
            UNROLL for (int k = 0; k < LANES; k++) {
                swapped[k] = pairs[k ^ 1];
                signs[k] = k % 2 ? 0 : INT32_MIN;
            }
            vf c = NAME(load_twice)(cosines + i / 2);
            vf s = (vf)((vi)NAME(load_twice)(sines + i / 2) ^ signs);
            store(head + i, pairs * c + swapped * s);
        }
        return;
    }
    for (int32_t i = 0; i < half; i += LANES) {
        vf a = load(head + i), b = load(head + half + i);
        vf c = load(cosines + i), s = load(sines + i);
        store(head + i, a * c - b * s);
        store(head + half + i, a * s + b * c);
    }
}

static void NAME(axpy)(float a, const float *x, float *y, int32_t n) {
    int32_t i = 0;
    for (; i + LANES <= n; i += LANES) store(y + i, fma_(splat(a), load(x + i), load(y + i)));
    for (; i < n; i++) y[i] += a * x[i];
}

static float NAME(log_sum_exp)(const float *x, int32_t n, int32_t *argmax) {
    vf most = splat(-INFINITY);
    int32_t whole = n - n % LANES;
    for (int32_t i = 0; i < whole; i += LANES) {
        most = max_(most, load(x + i));
    }
    float largest = max_lanes(most);
    for (int32_t i = whole; i < n; i++) largest = x[i] > largest ? x[i] : largest;
    vf sum = splat(0);
    for (int32_t i = 0; i < whole; i += LANES) sum += exp_(load(x + i) - largest);
    float total = sum_lanes(sum);
    for (int32_t i = whole; i < n; i++) total += expf(x[i] - largest);
    if (argmax) {
        int32_t at = 0;
        while (at < n - 1 && x[at] != largest) at++;
        *argmax = at;
    }
    return largest + logf(total);
}
