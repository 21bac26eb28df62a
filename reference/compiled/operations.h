/* Interval arithmetic in one working type: what reference.intervals.interval and running_error compute, one element
 * at a time.  Included once for each type, with REAL, NAME, KIND and the functions of the type defined. */

typedef struct { REAL lo, hi; flag nan, both; } NAME(interval);
#define IV NAME(interval)
#define MASK(condition) (-(flag)(condition))
#define PICK(condition, a, b) ((condition) ? (a) : (b))

KIND IV NAME(point)(REAL x) { return (IV){x, x, 0, 0}; }
KIND IV NAME(made)(REAL lo, REAL hi, flag nan, flag both) { return (IV){lo, hi, nan, both}; }

KIND REAL NAME(number)(REAL x) { return PICK(x != x, (REAL)0, x); }
KIND REAL NAME(lesser)(REAL a, REAL b) { return a < b ? a : b; } /* of numbers */
KIND REAL NAME(larger)(REAL a, REAL b) { return a > b ? a : b; }
KIND REAL NAME(unflushed_low)(REAL x, REAL normal) { x = PICK((x > 0) & (x < normal), (REAL)0, x); return PICK((x < 0) & (x > -normal), -normal, x); }
KIND REAL NAME(unflushed_high)(REAL x, REAL normal) { x = PICK((x < 0) & (x > -normal), (REAL)0, x); return PICK((x > 0) & (x < normal), normal, x); }

KIND IV NAME(rounded)(REAL lo, REAL hi, flag nan, flag both, struct rounding r, double slack)
{
    REAL low = lo - ABS(lo) * (REAL)slack, high = hi + ABS(hi) * (REAL)slack;
    if (r.through) {
        REAL below = LEAST(ABS(lo) * (REAL)r.room, (REAL)r.half), above = LEAST(ABS(hi) * (REAL)r.room, (REAL)r.half);
        low -= r.either ? PICK(lo < 0, (REAL)r.half, below) : below;
        high += r.either ? PICK(hi > 0, (REAL)r.half, above) : above;
    }
    REAL low_rounded = NEAREST(low, r.target), high_rounded = NEAREST(high, r.target);
    if (r.flush) {
        low_rounded = NAME(unflushed_low)(low_rounded, r.normal);
        high_rounded = NAME(unflushed_high)(high_rounded, r.normal);
        if (r.through) {
            low_rounded = PICK((low > 0) & (low < (REAL)r.normal), (REAL)0, low_rounded);
            high_rounded = PICK((high < 0) & (high > -(REAL)r.normal), (REAL)0, high_rounded);
        }
    }
    low = r.keep_exact ? LEAST(low, low_rounded) : low_rounded;
    high = r.keep_exact ? MOST(high, high_rounded) : high_rounded;
    low = PICK(ABS(lo) == INFINITY, lo, low); /* its slack is infinite too */
    high = PICK(ABS(hi) == INFINITY, hi, high);
    return (IV){low, high, nan, both};
}

KIND IV NAME(unrounded)(REAL lo, REAL hi, flag nan, flag both, double slack)
{
    REAL low = lo - ABS(lo) * (REAL)slack, high = hi + ABS(hi) * (REAL)slack;
    return (IV){PICK(ABS(lo) == INFINITY, lo, low), PICK(ABS(hi) == INFINITY, hi, high), nan, both};
}

/* The exact ranges of operations; each is rounded by one of the two above. */
KIND IV NAME(sum)(IV a, IV b)
{
    REAL lo = a.lo + b.lo, hi = a.hi + b.hi;
    flag clash = MASK((a.hi == INFINITY) & (b.lo == -INFINITY)) | MASK((a.lo == -INFINITY) & (b.hi == INFINITY));
    return (IV){PICK(lo != lo, -(REAL)INFINITY, lo), PICK(hi != hi, (REAL)INFINITY, hi), a.nan | b.nan | clash, a.both | b.both};
}

/* The same where no end is infinite or NaN, no divisor reaches zero and no radicand is negative. */
KIND IV NAME(bounded_rounded)(REAL lo, REAL hi, flag both, struct rounding r, double slack)
{
    REAL low = lo - ABS(lo) * (REAL)slack, high = hi + ABS(hi) * (REAL)slack;
    if (r.through) {
        REAL below = NAME(lesser)(ABS(lo) * (REAL)r.room, (REAL)r.half);
        REAL above = NAME(lesser)(ABS(hi) * (REAL)r.room, (REAL)r.half);
        low -= r.either ? PICK(lo < 0, (REAL)r.half, below) : below;
        high += r.either ? PICK(hi > 0, (REAL)r.half, above) : above;
    }
    REAL low_rounded = NEAREST(low, r.target), high_rounded = NEAREST(high, r.target);
    if (r.flush) {
        low_rounded = NAME(unflushed_low)(low_rounded, r.normal);
        high_rounded = NAME(unflushed_high)(high_rounded, r.normal);
        if (r.through) {
            low_rounded = PICK((low > 0) & (low < (REAL)r.normal), (REAL)0, low_rounded);
            high_rounded = PICK((high < 0) & (high > -(REAL)r.normal), (REAL)0, high_rounded);
        }
    }
    low = r.keep_exact ? NAME(lesser)(low, low_rounded) : low_rounded;
    high = r.keep_exact ? NAME(larger)(high, high_rounded) : high_rounded;
    return (IV){low, high, 0, both};
}

KIND IV NAME(bounded_unrounded)(REAL lo, REAL hi, flag both, double slack)
{
    return (IV){lo - ABS(lo) * (REAL)slack, hi + ABS(hi) * (REAL)slack, 0, both};
}

KIND IV NAME(bounded_sum)(IV a, IV b) { return (IV){a.lo + b.lo, a.hi + b.hi, 0, a.both | b.both}; }
KIND IV NAME(bounded_product)(IV a, IV b)
{
    REAL ll = a.lo * b.lo, lh = a.lo * b.hi, hl = a.hi * b.lo, hh = a.hi * b.hi;
    REAL lo = NAME(lesser)(NAME(lesser)(ll, lh), NAME(lesser)(hl, hh));
    REAL hi = NAME(larger)(NAME(larger)(ll, lh), NAME(larger)(hl, hh));
    return (IV){lo, hi, 0, a.both | b.both};
}
KIND IV NAME(product_with_point)(IV a, IV b) /* b is known */
{
    REAL one = a.lo * b.lo, other = a.hi * b.lo;
    return (IV){NAME(lesser)(one, other), NAME(larger)(one, other), 0, a.both | b.both};
}
KIND IV NAME(product_with_positive)(IV a, IV b) /* b is not negative */
{
    return (IV){a.lo * PICK(a.lo < 0, b.hi, b.lo), a.hi * PICK(a.hi < 0, b.lo, b.hi), 0, a.both | b.both};
}
KIND IV NAME(product_of_positive)(IV a, IV b) { return (IV){a.lo * b.lo, a.hi * b.hi, 0, a.both | b.both}; }
KIND IV NAME(bounded_quotient)(IV a, IV b)
{
    return (IV){a.lo / PICK(a.lo < 0, b.lo, b.hi), a.hi / PICK(a.hi < 0, b.hi, b.lo), 0, a.both | b.both};
}
KIND IV NAME(quotient_of_positive)(IV a, IV b) { return (IV){a.lo / b.hi, a.hi / b.lo, 0, a.both | b.both}; }
KIND IV NAME(bounded_root)(IV a) { return (IV){ROOT(a.lo), ROOT(a.hi), 0, a.both}; }
KIND IV NAME(bounded_moved)(IV exact, REAL error) { return (IV){exact.lo - error, exact.hi + error, 0, exact.both}; }

KIND IV NAME(negated)(IV a) { return (IV){-a.hi, -a.lo, a.nan, a.both}; }
KIND flag NAME(holds_zero)(IV a) { return MASK(a.lo <= 0) & MASK(a.hi >= 0); }
KIND flag NAME(holds_infinity)(IV a) { return MASK(ABS(a.lo) == INFINITY) | MASK(ABS(a.hi) == INFINITY); }

KIND IV NAME(corners)(REAL a, REAL b, REAL c, REAL d, flag nan, flag both)
{
    a = NAME(number)(a), b = NAME(number)(b), c = NAME(number)(c), d = NAME(number)(d);
    REAL lo = NAME(lesser)(NAME(lesser)(a, b), NAME(lesser)(c, d));
    REAL hi = NAME(larger)(NAME(larger)(a, b), NAME(larger)(c, d));
    return (IV){lo, hi, nan, both};
}

KIND IV NAME(product)(IV a, IV b)
{
    flag clash = (NAME(holds_zero)(a) & NAME(holds_infinity)(b)) | (NAME(holds_zero)(b) & NAME(holds_infinity)(a));
    return NAME(corners)(a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi, a.nan | b.nan | clash, a.both | b.both);
}

KIND IV NAME(product_of_points)(IV a, IV b)
{
    flag clash = (NAME(holds_zero)(a) & NAME(holds_infinity)(b)) | (NAME(holds_zero)(b) & NAME(holds_infinity)(a));
    REAL product = NAME(number)(a.lo * b.lo);
    return (IV){product, product, a.nan | b.nan | clash, a.both | b.both};
}

KIND IV NAME(quotient_between)(IV a, IV b, REAL below, REAL above)
{
    flag reaches = NAME(holds_zero)(b), straddles = MASK(b.lo < 0) & MASK(b.hi > 0);
    IV result = NAME(corners)(a.lo / below, a.lo / above, a.hi / below, a.hi / above, a.nan | b.nan, a.both | b.both);
    flag up = reaches & ((MASK(a.hi > 0) & MASK(b.hi >= 0)) | (MASK(a.lo < 0) & MASK(b.lo < 0)) | straddles);
    flag down = reaches & ((MASK(a.lo < 0) & MASK(b.hi >= 0)) | (MASK(a.hi > 0) & MASK(b.lo < 0)) | straddles);
    result.lo = PICK(down != 0, -(REAL)INFINITY, result.lo);
    result.hi = PICK(up != 0, (REAL)INFINITY, result.hi);
    result.nan |= (reaches & NAME(holds_zero)(a)) | (NAME(holds_infinity)(a) & NAME(holds_infinity)(b));
    return result;
}

KIND IV NAME(quotient)(IV a, IV b) { return NAME(quotient_between)(a, b, b.lo + (REAL)0, PICK(b.hi == 0, -(REAL)0, b.hi)); }
KIND IV NAME(quotient_by_point)(IV a, IV b) { return NAME(quotient_between)(a, b, b.lo, b.hi); }

KIND IV NAME(magnitudes)(IV a)
{
    REAL low = ABS(a.lo), high = ABS(a.hi);
    REAL inner = PICK((a.lo > 0) | (a.hi < 0), LEAST(low, high), (REAL)0);
    return (IV){inner, MOST(low, high), a.nan, a.both};
}

KIND IV NAME(square)(IV a)
{
    IV size = NAME(magnitudes)(a);
    return (IV){size.lo * size.lo, size.hi * size.hi, a.nan, a.both};
}

KIND IV NAME(root)(IV a)
{
    REAL lo = PICK(a.lo < 0, (REAL)0, a.lo), hi = PICK(a.hi < 0, (REAL)0, a.hi);
    return (IV){ROOT(lo), ROOT(hi), a.nan | MASK(a.lo < 0), a.both};
}

/* Whole powers of numbers for a whole tensor, which the host computes. */
KIND IV NAME(power)(IV a, int64_t exponent)
{
    IV size = NAME(magnitudes)(a);
    REAL lo = POWER(size.lo, exponent), hi = POWER(size.hi, exponent);
    if (exponent % 2 && a.lo < 0) lo = POWER(a.lo, exponent), hi = POWER(a.hi, exponent);
    return (IV){lo, hi, a.nan, a.both};
}

KIND IV NAME(real_power)(IV a, IV b)
{
    REAL c[4] = {POWER(a.lo, b.lo), POWER(a.lo, b.hi), POWER(a.hi, b.lo), POWER(a.hi, b.hi)};
    REAL lo = LEAST(LEAST(LEAST(c[0], c[1]), c[2]), c[3]), hi = MOST(MOST(MOST(c[0], c[1]), c[2]), c[3]);
    return (IV){lo, hi, a.nan | b.nan | MASK(a.lo < 0), a.both | b.both};
}

KIND IV NAME(maximum)(IV a, IV b) { return (IV){MOST(a.lo, b.lo), MOST(a.hi, b.hi), a.nan | b.nan, a.both | b.both}; }
KIND IV NAME(minimum)(IV a, IV b) { return (IV){LEAST(a.lo, b.lo), LEAST(a.hi, b.hi), a.nan | b.nan, a.both | b.both}; }
KIND IV NAME(hull)(IV a, IV b) { return (IV){LEAST(a.lo, b.lo), MOST(a.hi, b.hi), a.nan | b.nan, a.both | b.both}; }
KIND REAL NAME(sign_of)(REAL x) { return x > 0 ? (REAL)1 : x < 0 ? (REAL)-1 : x == 0 ? (REAL)0 : x; }
KIND IV NAME(sign)(IV a)
{
    REAL lo = NAME(sign_of)(a.lo), hi = NAME(sign_of)(a.hi);
    return (IV){lo, hi, a.nan, a.both | MASK(lo != hi)};
}

KIND truth NAME(compared)(int relation, IV a, IV b)
{
    flag known = ~(a.nan | b.nan), surely, never;
    if (relation == EQUAL) {
        surely = MASK(a.lo == b.hi) & MASK(a.hi == b.lo);
        never = MASK(a.lo > b.hi) | MASK(a.hi < b.lo);
    } else if (relation == GREATER) {
        surely = MASK(a.lo > b.hi), never = MASK(a.hi <= b.lo);
    } else {
        surely = MASK(a.lo >= b.hi), never = MASK(a.hi < b.lo);
    }
    return (truth){surely & known, never & known};
}

KIND IV NAME(selected)(truth is, IV a, IV b)
{
    REAL lo = PICK(is.surely != 0, a.lo, PICK(is.never != 0, b.lo, LEAST(a.lo, b.lo)));
    REAL hi = PICK(is.surely != 0, a.hi, PICK(is.never != 0, b.hi, MOST(a.hi, b.hi)));
    flag open = ~(is.surely | is.never), differ = ~(MASK(a.lo == b.lo) & MASK(a.hi == b.hi));
    return (IV){lo, hi, (a.nan & ~is.never) | (b.nan & ~is.surely), (a.both & ~is.never) | (b.both & ~is.surely) | (open & differ)};
}

/* A tensor that is read with subnormals as zero. */
KIND IV NAME(flushed)(IV a, double normal)
{
    REAL lo = PICK((a.lo > 0) & (a.lo < (REAL)normal), (REAL)0, a.lo);
    REAL hi = PICK((a.hi < 0) & (a.hi > -(REAL)normal), (REAL)0, a.hi);
    return (IV){lo, hi, a.nan, a.both};
}

/* Running errors. */
KIND REAL NAME(most)(REAL a, REAL b) { return MOST(a, b); }
KIND REAL NAME(least)(REAL a, REAL b) { return LEAST(a, b); }
KIND REAL NAME(magnitude)(IV a) { return MOST(ABS(a.lo), ABS(a.hi)); }
KIND REAL NAME(bound)(REAL error) { return PICK(error != error, (REAL)INFINITY, error); }
KIND REAL NAME(perturbed)(IV exact, IV used) { return MOST(ABS(used.hi - exact.lo), ABS(exact.hi - used.lo)); }
KIND REAL NAME(settled)(IV a, REAL error, double roundoff, double lost, double overflow)
{
    REAL size = NAME(magnitude)(a) + error;
    REAL settled = error + (REAL)roundoff * size + PICK(size == 0, (REAL)0, (REAL)lost);
    return PICK(size > (REAL)overflow, (REAL)INFINITY, settled);
}

KIND REAL NAME(error_of_product)(IV a, IV b, REAL error_a, REAL error_b)
{
    return NAME(bound)(error_a * NAME(magnitude)(b) + error_b * NAME(magnitude)(a) + error_a * error_b);
}

KIND REAL NAME(error_of_quotient)(IV quotient, IV b, REAL error_a, REAL error_b)
{
    REAL least = LEAST(ABS(b.lo), ABS(b.hi)) - error_b;
    flag crosses = NAME(holds_zero)(b) | MASK(least <= 0);
    REAL size = NAME(magnitude)(quotient);
    return NAME(bound)(PICK(crosses != 0, (REAL)INFINITY, (error_a + error_b * size) / least));
}

KIND REAL NAME(error_of_root)(IV root, REAL error)
{
    return LEAST(ROOT(error), error / MOST(root.lo, (REAL)0x1p-1022));
}

KIND IV NAME(reach)(IV a, REAL error) { return (IV){a.lo - error, a.hi + error, a.nan, a.both}; }

KIND REAL NAME(error_of_choice)(truth is, IV a, IV b, REAL error_a, REAL error_b)
{
    REAL apart = MOST(a.hi, b.hi) - LEAST(a.lo, b.lo);
    return PICK(is.surely != 0, error_a, PICK(is.never != 0, error_b, MOST(error_a, error_b) + apart));
}

KIND REAL NAME(error_of_sign)(IV a, REAL error) { return PICK((a.lo <= error) & (a.hi >= -error), (REAL)2, (REAL)0); }

/* The exact range, moved by the error; it is rounded once more. */
KIND IV NAME(moved)(IV exact, REAL error)
{
    error = NAME(bound)(error);
    REAL lo = exact.lo - error, hi = exact.hi + error;
    lo = PICK(lo != lo, -(REAL)INFINITY, lo), hi = PICK(hi != hi, (REAL)INFINITY, hi);
    return (IV){lo, hi, exact.nan | MASK(ABS(error) == INFINITY), exact.both};
}

#undef IV
#undef MASK
#undef PICK
