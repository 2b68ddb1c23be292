/* How registers are reached; define them before compiling to reach them in another way. */
#ifndef ACCELERATOR_READ
#define ACCELERATOR_READ(address) (*(volatile uint32_t *)(address))
#define ACCELERATOR_WRITE(address, value) (*(volatile uint32_t *)(address) = (value))
#endif

/* What makes memory and caches alike: before DMA reads, and after it wrote. */
#ifndef ACCELERATOR_FLUSH
#define ACCELERATOR_FLUSH(pointer, bytes) ((void)(pointer), (void)(bytes))
#define ACCELERATOR_INVALIDATE(pointer, bytes) ((void)(pointer), (void)(bytes))
#endif

static void put(const struct @END_TYPE@ *end, uint8_t *bytes, int64_t code)
{
    uint64_t bits = (uint64_t)code;
    uint32_t byte;

    for (byte = 0; byte < end->bytes; byte++, bits >>= 8)
        *bytes++ = (uint8_t)(bits & 0xff);
}

static int64_t code_at(const struct @END_TYPE@ *end, const uint8_t *bytes)
{
    uint64_t bits = 0;
    uint32_t byte;
    uint64_t half = (uint64_t)1 << (8 * end->bytes - 1);

    for (byte = end->bytes; byte-- > 0;)
        bits = bits << 8 | bytes[byte];
    if (end->is_signed && bits >= half)
        return (int64_t)(bits - half) - (int64_t)half;
    return (int64_t)bits;
}

/* The code of a value that is finite; codes stand for themselves where there is no scale. */
static int64_t nearest_code(const struct @END_TYPE@ *end, float value)
{
    double code = end->scale > 0 ? (double)rintf(value / (float)end->scale) : (double)value;

    code = end->bipolar ? (value >= 0) : code + end->zero_point;
    if (code < (double)end->minimum)
        code = (double)end->minimum;
    if (code > (double)end->maximum)
        code = (double)end->maximum;
    return (int64_t)code;
}

static float value_of(const struct @END_TYPE@ *end, int64_t code)
{
    int64_t value = end->bipolar ? 2 * code - 1 : code - end->zero_point;

    return (float)(end->scale > 0 ? end->scale * (double)value : (double)value);
}
