#include "engine.h"

#include <math.h>
#include <stddef.h>

@HOST@
static uint32_t read_register(const struct engine *net, uint32_t offset)
{
    return ACCELERATOR_READ(net->registers + offset);
}

static void write_register(const struct engine *net, uint32_t offset, uint32_t value)
{
    ACCELERATOR_WRITE(net->registers + offset, value);
}

static void clear_interrupt(const struct engine *net)
{
    write_register(net, ENGINE_INTERRUPT_STATUS,
        ENGINE_INTERRUPT_STATUS_DONE | ENGINE_INTERRUPT_STATUS_ERROR);
}

const char *engine_message(int status)
{
    switch (status) {
    case ENGINE_OK:
        return "done";
    case ENGINE_BUSY:
        return "an inference is under way";
    case ENGINE_NOT_FOUND:
        return "no engine of bittrue answers; check the address and the bitstream";
    case ENGINE_OTHER_ENGINE:
        return "the engine is another one; compile the network for the one in the bitstream";
    case ENGINE_TIMEOUT:
        return "the inference did not end in time; check the clock, and that ports reach the memory";
    case ENGINE_FAULT_STATUS:
        return "the engine stopped; engine_fault says why";
    case ENGINE_BAD_VALUE:
        return "a code is out of its range, or a value not finite";
    default:
        return "unknown status";
    }
}

const char *engine_fault_message(uint32_t fault)
{
    static const char *const messages[] = {
@EACH FAULT@
        "@MEANING@",
@END@
    };

    if (fault >= sizeof messages / sizeof messages[0])
        return "what is not known to this driver";
    return messages[fault];
}

uint32_t engine_fault(const struct engine *net, uint32_t *instruction)
{
    if (instruction != NULL)
        *instruction = read_register(net, ENGINE_FAULT_INSTRUCTION);
    return read_register(net, ENGINE_FAULT);
}

int engine_open(struct engine *net, uintptr_t registers, const struct engine_program *program,
    const void *image)
{
    uint64_t address = (uint64_t)(uintptr_t)image;

    net->registers = registers;
    net->program = program;
    net->data = NULL;
    if (read_register(net, ENGINE_IDENTIFICATION) != ENGINE_IDENTIFICATION_VALUE)
        return ENGINE_NOT_FOUND;
    if (read_register(net, ENGINE_VERSION) != ENGINE_VERSION_VALUE
        || read_register(net, ENGINE_PROGRAM_VERSION) != ENGINE_PROGRAM_VERSION_VALUE
        || read_register(net, ENGINE_LANES) != program->lanes
        || read_register(net, ENGINE_OUTPUTS) != program->outputs_at_once)
        return ENGINE_OTHER_ENGINE;
    write_register(net, ENGINE_INTERRUPT_ENABLE, 0);
    ACCELERATOR_FLUSH(image, program->image_bytes);
    write_register(net, ENGINE_IMAGE_LOW, (uint32_t)address);
    write_register(net, ENGINE_IMAGE_HIGH, (uint32_t)(address >> 32));
    write_register(net, ENGINE_IMAGE_BYTES, program->image_bytes);
    write_register(net, ENGINE_DATA_BYTES, program->data_bytes);
    return ENGINE_OK;
}

int engine_start(struct engine *net, void *data)
{
    uint64_t address = (uint64_t)(uintptr_t)data;

    net->data = data;
    ACCELERATOR_FLUSH(data, net->program->data_bytes);
    write_register(net, ENGINE_DATA_LOW, (uint32_t)address);
    write_register(net, ENGINE_DATA_HIGH, (uint32_t)(address >> 32));
    /* Of an inference before that was polled for, or the interrupt would come at once. */
    clear_interrupt(net);
    write_register(net, ENGINE_CONTROL, ENGINE_CONTROL_START);
    return ENGINE_BUSY;
}

int engine_poll(struct engine *net)
{
    uint32_t status = read_register(net, ENGINE_STATUS);

    if (status & ENGINE_STATUS_BUSY)
        return ENGINE_BUSY;
    if (!(status & ENGINE_STATUS_DONE))
        return ENGINE_FAULT_STATUS;
    ACCELERATOR_INVALIDATE(net->data, net->program->data_bytes);
    return ENGINE_OK;
}

int engine_run(struct engine *net, void *data, uint32_t polls)
{
    int status = engine_start(net, data);

    while (status == ENGINE_BUSY && polls-- > 0)
        status = engine_poll(net);
    return status == ENGINE_BUSY ? ENGINE_TIMEOUT : status;
}

void engine_enable_interrupt(struct engine *net)
{
    write_register(net, ENGINE_INTERRUPT_ENABLE,
        ENGINE_INTERRUPT_ENABLE_DONE | ENGINE_INTERRUPT_ENABLE_ERROR);
}

int engine_interrupt(struct engine *net)
{
    clear_interrupt(net);
    return engine_poll(net);
}

/* The byte of a data region in which the code of a number begins, of codes with channels last. */
static uint32_t place_of(const struct engine_end *end, uint32_t number)
{
    uint32_t channel = number % end->channels;
    uint32_t x = number / end->channels % end->width;
    uint32_t y = number / end->channels / end->width;

    return end->address + channel / end->lanes * end->plane_stride + y * end->row_stride
        + x * end->lanes + channel % end->lanes;
}

static uint32_t elements(const struct engine_end *end)
{
    return end->height * end->width * end->channels;
}

int engine_pack_codes(const struct engine_end *end, const int64_t *codes, void *data)
{
    uint32_t number;

    for (number = 0; number < elements(end); number++) {
        if (codes[number] < end->minimum || codes[number] > end->maximum)
            return ENGINE_BAD_VALUE;
        put(end, (uint8_t *)data + place_of(end, number), codes[number]);
    }
    return ENGINE_OK;
}

void engine_unpack_codes(const struct engine_end *end, const void *data, int64_t *codes)
{
    uint32_t number;

    for (number = 0; number < elements(end); number++)
        codes[number] = code_at(end, (const uint8_t *)data + place_of(end, number));
}

int engine_pack(const struct engine_end *end, const float *values, void *data)
{
    uint32_t number;

    for (number = 0; number < elements(end); number++) {
        if (!isfinite(values[number]))
            return ENGINE_BAD_VALUE;
        put(end, (uint8_t *)data + place_of(end, number), nearest_code(end, values[number]));
    }
    return ENGINE_OK;
}

void engine_unpack(const struct engine_end *end, const void *data, float *values)
{
    uint32_t number;

    for (number = 0; number < elements(end); number++)
        values[number] = value_of(end, code_at(end, (const uint8_t *)data + place_of(end, number)));
}
