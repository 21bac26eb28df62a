/* What enclosures of both working types share: rounding to the four formats, as NumPy rounds. */
#include <math.h>
#include <stdint.h>
#include <string.h>

typedef int64_t flag; /* 0, or -1: a mask as wide as a double, so that loops over both are vectorised */

enum relation { GREATER, AT_LEAST, EQUAL };
typedef struct { flag surely, never; } truth; /* where a relation surely holds, and where it never does */

enum format { FLOAT64, FLOAT32, FLOAT16, BFLOAT16 };

struct rounding {
    enum format target;
    int through;        /* whether the result passes through float32 first */
    int keep_exact;     /* whether the unrounded value may be kept */
    int either;         /* whether either neighbour may be taken */
    int flush;          /* whether subnormals become zero */
    double half;        /* half a subnormal of the format passed through */
    double room;        /* how much of an end may be taken by that */
    double normal;      /* the smallest normal number of the target */
};

static inline double from_bits(uint64_t bits) { double x; memcpy(&x, &bits, 8); return x; }
static inline uint64_t to_bits(double x) { uint64_t bits; memcpy(&bits, &x, 8); return bits; }

/* Rounds to nearest even: `dropped` bits fewer, multiples of a subnormal below `normal`, infinity from `overflow` on. */
static inline __attribute__((always_inline)) double narrowed(
    double x, int dropped, double normal, double ulps, double overflow)
{
    uint64_t bits = to_bits(x), one = 1;
    uint64_t odd = (bits >> dropped) & one;
    double usual = from_bits((bits + ((one << (dropped - 1)) - one) + odd) & ~((one << dropped) - one));
    double size = fabs(x);
    double small = copysign((size + ulps) - ulps, x);
    double rounded = size < normal ? small : usual;
    rounded = size >= overflow ? copysign(INFINITY, x) : rounded;
    return x != x ? x : rounded;
}

static inline __attribute__((always_inline)) double nearest_double(double x, enum format target)
{
    if (target == FLOAT32) return (double)(float)x;
    if (target == FLOAT16) return narrowed(x, 42, 0x1p-14, 0x1p28, 65520.0);
    if (target == BFLOAT16) return narrowed((double)(float)x, 45, 0x1p-126, 0x1p-81, 0x1.ffp127);
    return x;
}

static inline __attribute__((always_inline)) long double nearest_wide(long double x, enum format target)
{
    if (target == FLOAT64) return (double)x;
    return nearest_double((double)(float)x, target); /* NumPy takes a long double to a half format by way of float32 */
}

/* What NumPy's minimum and maximum return: NaN where there is one. */
static inline __attribute__((always_inline)) double least_double(double a, double b) { double m = a < b ? a : b; return a != a ? a : m; }
static inline __attribute__((always_inline)) double most_double(double a, double b) { double m = a > b ? a : b; return a != a ? a : m; }
static inline __attribute__((always_inline)) long double least_wide(long double a, long double b) { return a <= b || a != a ? a : b; }
static inline __attribute__((always_inline)) long double most_wide(long double a, long double b) { return a >= b || a != a ? a : b; }

/* How an array stands in memory: in the working type, or in one of the formats. */
enum storage { WORKING, DOUBLE, SINGLE, HALF, BRAIN };

static inline float single_from_bits(uint32_t bits) { float x; memcpy(&x, &bits, 4); return x; }
static inline uint32_t bits_of_single(float x) { uint32_t bits; memcpy(&bits, &x, 4); return bits; }
static inline float from_half(uint16_t half)
{
    uint32_t size = (uint32_t)(half & 0x7fff) << 13, sign = (uint32_t)(half & 0x8000) << 16;
    uint32_t usual = bits_of_single(single_from_bits(size) * 0x1p112f), open = size | 0x7f800000;
    return single_from_bits(sign | ((half & 0x7c00) == 0x7c00 ? open : usual));
}
