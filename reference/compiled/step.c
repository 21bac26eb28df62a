/* Marks where a line has no form yet: nothing lies in it. */
static void empty(int64_t n, real *low, real *high, flag *nans, flag *boths)
{
    for (int64_t i = 0; i < n; i++) low[i] = INFINITY, high[i] = -INFINITY, nans[i] = 0, boths[i] = 0;
}

/* Reads part of an array into the working type. */
static void widen(int64_t n, int64_t start, const void *array, enum storage stored, real *out)
{
    switch (stored) {
    case WORKING: memcpy(out, (const real *)array + start, n * sizeof(real)); break;
    case DOUBLE: for (int64_t i = 0; i < n; i++) out[i] = ((const double *)array)[start + i]; break;
    case SINGLE: for (int64_t i = 0; i < n; i++) out[i] = ((const float *)array)[start + i]; break;
    case HALF: for (int64_t i = 0; i < n; i++) out[i] = from_half(((const uint16_t *)array)[start + i]); break;
    case BRAIN:
        for (int64_t i = 0; i < n; i++)
            out[i] = single_from_bits((uint32_t)((const uint16_t *)array)[start + i] << 16);
        break;
    }
}

/* Marks which values are not in their intervals and which elements are undecided; returns how many are not in. */
static int64_t compare(int64_t n, const real *lo, const real *hi, const flag *nan, const flag *both, const real *after,
    flag *out, flag *undecided)
{
    flag count = 0;
    for (int64_t i = 0; i < n; i++) {
        real value = after[i];
        flag in = (-(flag)(lo[i] <= value) & -(flag)(value <= hi[i])) | (-(flag)(value != value) & nan[i]);
        flag open = -(flag)(lo[i] == INFINITY) | -(flag)(lo[i] == -INFINITY) | -(flag)(hi[i] == INFINITY) | -(flag)(hi[i] == -INFINITY);
        out[i] = ~in;
        count -= ~in;
        undecided[i] |= open | nan[i] | both[i];
    }
    return count;
}

/* How far values are from the formula, over the room that an enclosure leaves on that side. */
static void compare_with_centre(int64_t n, const real *lo, const real *hi, const real *after, const real *centre, real *ratios)
{
    for (int64_t i = 0; i < n; i++) {
        real value = after[i], above = (value - centre[i]) / (hi[i] - centre[i]), below = (centre[i] - value) / (centre[i] - lo[i]);
        real ratio = value == centre[i] ? 0 : value > centre[i] ? above : below;
        int room = lo[i] - lo[i] == 0 && hi[i] - hi[i] == 0;
        ratios[i] = room ? ratio : NAN;
    }
}

/* What the loops of a step share.  A library is called by one thread at a time. */
static real line_lo[BUFFERS][BLOCK], line_hi[BUFFERS][BLOCK], result_lo[QUANTITIES][BLOCK], result_hi[QUANTITIES][BLOCK];
static flag line_nan[BUFFERS][BLOCK], line_both[BUFFERS][BLOCK], result_nan[QUANTITIES][BLOCK], result_both[QUANTITIES][BLOCK];
static flag trouble[BLOCK], undecided[BLOCK], out[BLOCK];
static real value[BLOCK], read[TENSORS][BLOCK], centre[QUANTITIES][BLOCK];
/*VARIABLES*/
/*FUNCTIONS*/
static void exact(int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        /*EXACT*/
    }
}

/* Encloses a step of `size` elements.  `in` holds four pointers for each tensor, of which a known one uses the first:
 * lower ends, upper ends and flags; `stored` and `after_stored` say how arrays stand in memory.  Enclosures of the first `shown` elements are written to `legal`, four pointers for
 * each quantity, and to `ratios` how far what came of them is from the formula; what stands in `after`, where it is given, is compared with those of all. */
void step(int64_t size, const double *restrict given, const int64_t *restrict exponents,
    const uint8_t *restrict applies, const s_interval *restrict kept, const void *const *restrict in,
    const uint8_t *restrict stored, int64_t shown, void *const *restrict legal, real *const *restrict ratios, s_interval *restrict numbers, const void *const *restrict after,
    const uint8_t *restrict after_stored,
    int64_t (*restrict outside)[2], int64_t *restrict undecided_count)
{
    /*NUMBERS*/
    const int usual = 1 /*RELIED*/;
    int pause = 0, paused = 0; /* blocks that are not tried as bounded, after some that were not */
    for (int64_t start = 0; start < size; start += BLOCK) {
        const int64_t n = size - start < BLOCK ? size - start : BLOCK;
        /*POINTERS*/
        int general = !usual || paused > 0;
        if (!general) {
            flag any = 0;
            memset(trouble, 0, sizeof trouble);
            /*BOUNDED*/
            for (int64_t i = 0; i < n; i++) any |= trouble[i];
            general = any != 0;
            pause = general ? 2 * pause + 1 : 0;
            pause = pause > 31 ? 31 : pause;
            paused = pause;
        } else
            paused--;
        if (general) {
            /*GENERAL*/
        }
        int64_t copied = shown - start < n ? shown - start : n;
        if (copied > 0 && ratios[0]) exact(copied);
        memset(undecided, 0, sizeof undecided);
        for (int q = 0; q < QUANTITIES; q++) {
            if (!is_tensor[q])
                for (int64_t i = 0; i < n; i++) {
                    result_lo[q][i] = numbers[q].lo, result_hi[q][i] = numbers[q].hi;
                    result_nan[q][i] = numbers[q].nan, result_both[q][i] = numbers[q].both;
                }
            if (after[q]) {
                widen(n, start, after[q], after_stored[q], value);
                int64_t found = compare(n, result_lo[q], result_hi[q], result_nan[q], result_both[q], value, out, undecided);
                if (found && !outside[q][0])
                    for (outside[q][1] = start; !out[outside[q][1] - start];) outside[q][1]++;
                outside[q][0] += found;
            }
            if (copied > 0 && ratios[q] && after[q])
                compare_with_centre(copied, result_lo[q], result_hi[q], value, centre[q], ratios[q] + start);
            if (copied > 0 && is_tensor[q]) {
                memcpy((real *)legal[4 * q] + start, result_lo[q], copied * sizeof(real));
                memcpy((real *)legal[4 * q + 1] + start, result_hi[q], copied * sizeof(real));
                for (int64_t i = 0; i < copied; i++) {
                    ((uint8_t *)legal[4 * q + 2])[start + i] = result_nan[q][i] != 0;
                    ((uint8_t *)legal[4 * q + 3])[start + i] = result_both[q][i] != 0;
                }
            }
        }
        for (int64_t i = 0; i < n; i++) *undecided_count += undecided[i] != 0;
    }
}
