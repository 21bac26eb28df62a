/* Rounds the ends of intervals, and finds the smallest lower and the largest upper one, NaN where an end is.
 * `lo`, `hi`, `made` and `ends` are arrays of NumPy, which hold the address of their data after an object's head. */
static inline void *data(const char *array, int64_t head) { void *found; memcpy(&found, array + head, sizeof found); return found; }

#define ROUNDED(REAL, prefix) \
void prefix##_round(int64_t head, int64_t n, const char *of_lo, const char *of_hi, const char *of_made, \
                    const struct rounding *how, double slack, const char *of_ends) \
{ \
    const REAL *lo = data(of_lo, head), *hi = data(of_hi, head); \
    REAL *low = data(of_made, head), *high = low + n, least = INFINITY, most = -INFINITY; \
    double *ends = data(of_ends, head); \
    struct rounding r = *how; \
    int unknown = 0; \
    for (int64_t i = 0; i < n; i++) { \
        prefix##_interval x = prefix##_rounded(lo[i], hi[i], 0, 0, r, slack); \
        low[i] = x.lo, high[i] = x.hi; \
        least = x.lo < least ? x.lo : least, most = x.hi > most ? x.hi : most; \
        unknown |= (x.lo != x.lo) | (x.hi != x.hi); \
    } \
    ends[0] = unknown ? NAN : (double)least, ends[1] = unknown ? NAN : (double)most; \
}
ROUNDED(double, d)
ROUNDED(long double, l)
