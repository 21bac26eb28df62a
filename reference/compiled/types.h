/* The operations in three variants: tensors in double, tensors in long double, and numbers for a whole tensor. */
#define REAL double
#define KIND static inline __attribute__((always_inline, unused))
#define ABS fabs
#define ROOT sqrt
#define POWER pow
#define LEAST least_double
#define MOST most_double
#define NEAREST nearest_double
#define NAME(name) d_##name
/*OPERATIONS*/
#undef REAL
#undef KIND
#undef ABS
#undef ROOT
#undef POWER
#undef LEAST
#undef MOST
#undef NEAREST
#undef NAME
#define REAL long double
#define KIND static inline __attribute__((always_inline, unused))
#define ABS fabsl
#define ROOT sqrtl
#define POWER powl
#define LEAST least_wide
#define MOST most_wide
#define NEAREST nearest_wide
#define NAME(name) l_##name
/*OPERATIONS*/
#undef REAL
#undef KIND
#undef ABS
#undef ROOT
#undef POWER
#undef LEAST
#undef MOST
#undef NEAREST
#undef NAME
#define REAL long double
#define KIND static __attribute__((noinline, unused))
#define ABS fabsl
#define ROOT sqrtl
#define POWER powl
#define LEAST least_wide
#define MOST most_wide
#define NEAREST nearest_wide
#define NAME(name) s_##name
/*OPERATIONS*/
#undef REAL
#undef KIND
#undef ABS
#undef ROOT
#undef POWER
#undef LEAST
#undef MOST
#undef NEAREST
#undef NAME
