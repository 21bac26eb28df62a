// A step of some tensors in one pass over memory.  Before this stand macros: ARRAYS and BODY are the step of one element,
// in float or, where WIDE, in double; COLUMNS and NUMBERS count its arrays and its numbers.
#include <math.h>
#include <stdint.h>
#include <string.h>

#if WIDE
typedef double real;
#else
typedef float real;
#endif
typedef struct { uint16_t bits; } bfloat16;
typedef struct { uint16_t bits; } float16;

static inline real root(real x) { return WIDE ? (real)sqrt(x) : (real)sqrtf(x); }
static inline real size(real x) { return WIDE ? (real)fabs(x) : (real)fabsf(x); }
static inline real over(real x, real y) { return x / y; }
static inline real direction(real x) { return x > 0 ? (real)1 : x < 0 ? (real)-1 : x; }
static inline real proper(real chosen, real x) { return x != x ? x : chosen; }
static inline real larger(real x, real y) { return proper(x > y ? x : y, x); }
static inline real smaller(real x, real y) { return proper(x < y ? x : y, x); }

static inline float of_bits(uint32_t bits) { float x; memcpy(&x, &bits, 4); return x; }
static inline uint32_t bits_of(float x) { uint32_t bits; memcpy(&bits, &x, 4); return bits; }

static inline real from_float(float x) { return x; }
static inline real from_double(double x) { return (real)x; }
static inline real from_bfloat16(bfloat16 x) { return of_bits((uint32_t)x.bits << 16); }
static inline real from_float16(float16 x) {
    uint32_t size = x.bits & 0x7fff, sign = (uint32_t)(x.bits & 0x8000) << 16;
    // A subnormal is a fraction of 2^-14: put behind a leading one, which is then taken off.
    uint32_t subnormal = bits_of(of_bits((113u << 23) + (size << 13)) - 0x1p-14f);
    uint32_t normal = (size << 13) + (size < 0x7c00 ? 112u << 23 : 224u << 23);
    return of_bits(sign | (size < 0x400 ? subnormal : normal));
}

static inline float to_float(real x) { return (float)x; }
static inline double to_double(real x) { return x; }
static inline bfloat16 to_bfloat16(real y) {
    uint32_t bits = bits_of((float)y), rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    bfloat16 x = { (uint16_t)(y != y ? 0x7fc0 : rounded) };
    return x;
}
static inline float16 to_float16(real y) {
    uint32_t bits = bits_of((float)y), size = bits & 0x7fffffff;
    // Added to 1/2 a number below 2^-14 is rounded to the place of the last bit of a subnormal.
    uint32_t subnormal = bits_of(of_bits(size) + 0.5f) - bits_of(0.5f);
    uint32_t normal = (size - (112u << 23) + 0xfff + ((size >> 13) & 1)) >> 13;
    uint32_t finite = size < (113u << 23) ? subnormal : normal;
    uint32_t rounded = size >= (143u << 23) ? 0x7c00 : finite;
    float16 x = { (uint16_t)((bits >> 16 & 0x8000) | (y != y ? 0x7e00 : rounded)) };
    return x;
}

// A parameter of 16 bits whose rest is kept: as what is to be added, or as the lower half of a float32 number, signed.
static inline float remaining(float x) { return x - x == 0 ? x : 0; }
static inline uint32_t proper_bits(real x) { return x != x ? 0x7fc00000 : bits_of((float)x); }
static inline bfloat16 upper(real x) {
    bfloat16 high = { (uint16_t)((proper_bits(x) + 0x8000) >> 16) };
    return high;
}
static inline int16_t lower(real x) { return (int16_t)(proper_bits(x) & 0xffff); }
static inline real joined(bfloat16 high, int16_t low) {
    uint16_t size = high.bits & 0x7fff;
    // A remainder that leads away from a zero or an infinity is of a parameter that was overwritten since.
    int32_t rest = (size == 0 && low < 0) || (size == 0x7f80 && low > 0) ? 0 : low;
    return of_bits(((uint32_t)high.bits << 16) + (uint32_t)rest);
}

// A parameter that is rounded to either neighbour, by bits that its place and the seed of the step decide.
static inline uint32_t mixed(uint32_t x) {  // the finalizer of MurmurHash3 (Appleby)
    x = (x ^ x >> 16) * 0x85ebca6b;
    x = (x ^ x >> 13) * 0xc2b2ae35;
    return x ^ x >> 16;
}
static inline uint32_t noise(uint32_t seed, uint32_t place) { return mixed(mixed(place) ^ seed); }
static inline bfloat16 drawn_bfloat16(real x, uint32_t noise) {
    uint32_t bits = bits_of((float)x), drawn = (bits + (noise >> 16)) >> 16;
    bfloat16 near = to_bfloat16(x), chosen = { (uint16_t)(x - x == 0 ? drawn : near.bits) };
    return chosen;
}
static inline float16 drawn_float16(real x, uint32_t noise) {
    float16 near = to_float16(x), other;
    float rounded = from_float16(near);
    other.bits = (uint16_t)(near.bits + (fabsf((float)x) > fabsf(rounded) ? 1 : -1));
    float share = ((float)x - rounded) / (from_float16(other) - rounded);
    return (float)(noise >> 8) * 0x1p-24f < share ? other : near;
}

static __attribute__((noinline)) void piece(
    void **row, int64_t from, int64_t to, const real *numbers, uint32_t seed) {
    (void)seed;
    ARRAYS
    #pragma GCC ivdep
    for (int64_t i = from; i < to; i++) {
        BODY
    }
}

// Steps `count` tensors of these sizes, whose arrays are the rows, each thread an equal share of all elements.
// Behind the numbers that are given stands the seed of what is drawn.
void step(int64_t count, const int64_t *sizes, void **rows, const double *given, int64_t threads) {
    real numbers[NUMBERS + 1] = { 0 };
    uint32_t seed = (uint32_t)given[NUMBERS];
    int64_t total = 0;
    for (int64_t k = 0; k < NUMBERS; k++) numbers[k] = (real)given[k];
    for (int64_t n = 0; n < count; n++) total += sizes[n];
    #pragma omp parallel for num_threads(threads) schedule(static, 1) if(threads > 1)
    for (int64_t part = 0; part < threads; part++) {
        int64_t begin = total / threads * part & ~63, end = total / threads * (part + 1) & ~63, first = 0;
        if (part == threads - 1) end = total;
        for (int64_t n = 0; n < count && first < end; first += sizes[n++]) {
            int64_t from = begin > first ? begin - first : 0;
            int64_t to = end - first < sizes[n] ? end - first : sizes[n];
            if (from < to) piece(rows + n * COLUMNS, from, to, numbers, mixed(seed + (uint32_t)n));
        }
    }
}
