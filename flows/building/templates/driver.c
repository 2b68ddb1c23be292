#include "@TOP@.h"

#include <math.h>

struct end {
    uint32_t elements;
    uint32_t bytes; /* of a code */
    int is_signed;
    int bipolar;
    int64_t minimum;
    int64_t maximum;
    int32_t zero_point;
    double scale; /* 0: there is none */
};

@HOST@
/* AXI DMA in simple mode: the channel that sends is at 0x00, the one that receives at 0x30. */
enum { SENDS = 0x00, RECEIVES = 0x30 };
enum { CONTROL = 0x00, STATUS = 0x04, ADDRESS = 0x18, ADDRESS_HIGH = 0x1c, LENGTH = 0x28 };
enum { RUN = 0x1, RESET = 0x4, INTERRUPT = 0x1000, ERROR_INTERRUPT = 0x4000 };
enum { IDLE = 0x2, ERRORS = 0x770, CAUSES = 0x7000 };

enum { RESET_POLLS = 1000 };

static const struct end inputs[] = {
@EACH INPUT@
    {@ELEMENTS@, @BYTES@, @SIGNED@, @BIPOLAR@, @MINIMUM@, @MAXIMUM@, @ZERO_POINT@, @SCALE@},
@END@
};

static const struct end outputs[] = {
@EACH OUTPUT@
    {@ELEMENTS@, @BYTES@, @SIGNED@, @BIPOLAR@, @MINIMUM@, @MAXIMUM@, @ZERO_POINT@, @SCALE@},
@END@
};

static uint32_t read_register(const struct @TOP@ *net, uint32_t offset)
{
    return ACCELERATOR_READ(net->registers + offset);
}

static void write_register(const struct @TOP@ *net, uint32_t offset, uint32_t value)
{
    ACCELERATOR_WRITE(net->registers + offset, value);
}

static uint32_t size(const struct end *end)
{
    return end->elements * end->bytes;
}

const char *@TOP@_message(int status)
{
    switch (status) {
    case @PREFIX@_OK:
        return "done";
    case @PREFIX@_BUSY:
        return "an image is under way";
    case @PREFIX@_NOT_FOUND:
        return "no accelerator of bittrue answers; check the address and the bitstream";
    case @PREFIX@_OTHER_BUILD:
        return "the bitstream is of another build than this driver; take both from one folder";
    case @PREFIX@_DMA_ERROR:
        return "the DMA stopped with an error; check the buffers' addresses";
    case @PREFIX@_TIMEOUT:
        return "the image did not come in time; check clock, reset and streams";
    case @PREFIX@_STREAM_ERROR:
        return "the accelerator counted an error: read tlast_missing, tlast_early, code_errors";
    case @PREFIX@_BAD_VALUE:
        return "a code is out of its range, or a value not finite";
    default:
        return "unknown status";
    }
}

/* Reset a DMA, which has both channels or one, and let a channel run. */
static int reset_dma(uintptr_t dma, uint32_t channel)
{
    int polls = RESET_POLLS;

    ACCELERATOR_WRITE(dma + channel + CONTROL, RESET);
    while (ACCELERATOR_READ(dma + channel + CONTROL) & RESET)
        if (--polls == 0)
            return @PREFIX@_DMA_ERROR;
    return @PREFIX@_OK;
}

int @TOP@_find(struct @TOP@ *net, uintptr_t registers)
{
    net->registers = registers;
    if (read_register(net, @PREFIX@_IDENTIFICATION) != @PREFIX@_IDENTIFICATION_VALUE)
        return @PREFIX@_NOT_FOUND;
    if (read_register(net, @PREFIX@_BUILD) != @PREFIX@_BUILD_VALUE)
        return @PREFIX@_OTHER_BUILD;
    return @PREFIX@_OK;
}

int @TOP@_open(struct @TOP@ *net, uintptr_t registers,
    const uintptr_t dma_in[@PREFIX@_INPUTS], const uintptr_t dma_out[@PREFIX@_OUTPUTS])
{
    int place;
    int status = @TOP@_find(net, registers);

    for (place = 0; place < @PREFIX@_INPUTS && status == @PREFIX@_OK; place++) {
        net->dma_in[place] = dma_in[place];
        status = reset_dma(dma_in[place], SENDS);
    }
    for (place = 0; place < @PREFIX@_OUTPUTS && status == @PREFIX@_OK; place++) {
        net->dma_out[place] = dma_out[place];
        net->out[place] = 0;
        status = reset_dma(dma_out[place], RECEIVES);
    }
    if (status != @PREFIX@_OK)
        return status;
    @TOP@_reset(net);
    write_register(net, @PREFIX@_INTERRUPT_STATUS,
        @PREFIX@_INTERRUPT_STATUS_IMAGE | @PREFIX@_INTERRUPT_STATUS_ERROR);
    return @PREFIX@_OK;
}

static void begin(uintptr_t dma, uint32_t channel, const void *buffer, uint32_t bytes, int interrupts)
{
    uint64_t address = (uint64_t)(uintptr_t)buffer;
    uint32_t run = RUN | (interrupts ? (uint32_t)(INTERRUPT | ERROR_INTERRUPT) : 0u);

    ACCELERATOR_WRITE(dma + channel + CONTROL, run);
    ACCELERATOR_WRITE(dma + channel + STATUS, CAUSES);
    ACCELERATOR_WRITE(dma + channel + ADDRESS, (uint32_t)address);
    ACCELERATOR_WRITE(dma + channel + ADDRESS_HIGH, (uint32_t)(address >> 32));
    ACCELERATOR_WRITE(dma + channel + LENGTH, bytes);
}

static void begin_image(struct @TOP@ *net, const void *const in[@PREFIX@_INPUTS],
    void *const out[@PREFIX@_OUTPUTS], int interrupts)
{
    int place;

    for (place = 0; place < @PREFIX@_OUTPUTS; place++) {
        net->out[place] = out[place];
        begin(net->dma_out[place], RECEIVES, out[place], size(&outputs[place]), interrupts);
    }
    for (place = 0; place < @PREFIX@_INPUTS; place++) {
        ACCELERATOR_FLUSH(in[place], size(&inputs[place]));
        begin(net->dma_in[place], SENDS, in[place], size(&inputs[place]), interrupts);
    }
}

int @TOP@_errors(const struct @TOP@ *net)
{
    if (read_register(net, @PREFIX@_STATUS) & @PREFIX@_STATUS_ERROR)
        return @PREFIX@_STREAM_ERROR;
    return @PREFIX@_OK;
}

/* Busy until every channel is idle; then make what was received visible. */
static int image_status(struct @TOP@ *net)
{
    int place;
    uint32_t status;
    uint32_t idle = IDLE;
    uint32_t errors = 0;

    for (place = 0; place < @PREFIX@_INPUTS; place++) {
        status = ACCELERATOR_READ(net->dma_in[place] + SENDS + STATUS);
        errors |= status & ERRORS;
        idle &= status;
    }
    for (place = 0; place < @PREFIX@_OUTPUTS; place++) {
        status = ACCELERATOR_READ(net->dma_out[place] + RECEIVES + STATUS);
        errors |= status & ERRORS;
        idle &= status;
    }
    if (errors)
        return @PREFIX@_DMA_ERROR;
    if (!idle)
        return @PREFIX@_BUSY;
    for (place = 0; place < @PREFIX@_OUTPUTS; place++)
        ACCELERATOR_INVALIDATE(net->out[place], size(&outputs[place]));
    return @TOP@_errors(net);
}

int @TOP@_run(struct @TOP@ *net, const void *const in[@PREFIX@_INPUTS],
    void *const out[@PREFIX@_OUTPUTS], uint32_t polls)
{
    int status = @PREFIX@_BUSY;

    begin_image(net, in, out, 0);
    while (status == @PREFIX@_BUSY && polls-- > 0)
        status = image_status(net);
    return status == @PREFIX@_BUSY ? @PREFIX@_TIMEOUT : status;
}

int @TOP@_start(struct @TOP@ *net, const void *const in[@PREFIX@_INPUTS],
    void *const out[@PREFIX@_OUTPUTS])
{
    write_register(net, @PREFIX@_INTERRUPT_ENABLE, @PREFIX@_INTERRUPT_ENABLE_ERROR);
    begin_image(net, in, out, 1);
    return @PREFIX@_BUSY;
}

int @TOP@_interrupt(struct @TOP@ *net)
{
    int place;

    /* Acknowledged first: what comes from here on raises the interrupt again. An output can be
     * complete before the rest of an input was sent, so both directions interrupt. */
    for (place = 0; place < @PREFIX@_INPUTS; place++)
        ACCELERATOR_WRITE(net->dma_in[place] + SENDS + STATUS, CAUSES);
    for (place = 0; place < @PREFIX@_OUTPUTS; place++)
        ACCELERATOR_WRITE(net->dma_out[place] + RECEIVES + STATUS, CAUSES);
    write_register(net, @PREFIX@_INTERRUPT_STATUS, @PREFIX@_INTERRUPT_STATUS_ERROR);
    return image_status(net);
}

void @TOP@_reset(struct @TOP@ *net)
{
    write_register(net, @PREFIX@_CONTROL,
        @PREFIX@_CONTROL_ENABLE | @PREFIX@_CONTROL_RESET | @PREFIX@_CONTROL_CLEAR);
}

void @TOP@_close(struct @TOP@ *net)
{
    write_register(net, @PREFIX@_INTERRUPT_ENABLE, 0);
    write_register(net, @PREFIX@_CONTROL, 0);
}

int @TOP@_pack_codes(int input, const int64_t *codes, uint8_t *bytes)
{
    const struct end *end = &inputs[input];
    uint32_t place;

    for (place = 0; place < end->elements; place++) {
        if (codes[place] < end->minimum || codes[place] > end->maximum)
            return @PREFIX@_BAD_VALUE;
        put(end, bytes + place * end->bytes, codes[place]);
    }
    return @PREFIX@_OK;
}

void @TOP@_unpack_codes(int output, const uint8_t *bytes, int64_t *codes)
{
    const struct end *end = &outputs[output];
    uint32_t place;

    for (place = 0; place < end->elements; place++)
        codes[place] = code_at(end, bytes + place * end->bytes);
}

int @TOP@_pack(int input, const float *values, uint8_t *bytes)
{
    const struct end *end = &inputs[input];
    uint32_t place;

    for (place = 0; place < end->elements; place++) {
        if (!isfinite(values[place]))
            return @PREFIX@_BAD_VALUE;
        put(end, bytes + place * end->bytes, nearest_code(end, values[place]));
    }
    return @PREFIX@_OK;
}

void @TOP@_unpack(int output, const uint8_t *bytes, float *values)
{
    const struct end *end = &outputs[output];
    uint32_t place;

    for (place = 0; place < end->elements; place++)
        values[place] = value_of(end, code_at(end, bytes + place * end->bytes));
}
