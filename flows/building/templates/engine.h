/* Driver of the engine, for C99 without an operating system.
 *
 * A network is PROGRAM.bin, which lies in memory, and PROGRAM.h, which says where in the data region
 * its inputs and outputs are; bittrue compile writes both. The driver needs no memory of its own and
 * no library but the C library's rintf:
 *
 *     struct engine net;
 *     int status = engine_open(&net, registers, &PROGRAM, image);
 *     engine_pack(&PROGRAM.inputs[0], values, data);
 *     status = engine_run(&net, data, 1000000);            polls; or:
 *     status = engine_start(&net, data);
 *     ... until engine_poll(&net), or, in the handler of irq, engine_interrupt(&net) is not ENGINE_BUSY
 *     engine_unpack(&PROGRAM.outputs[0], data, results);
 *
 * While the engine works on one data region, another can be packed and unpacked.
 */
#ifndef ENGINE_H
#define ENGINE_H

#include <stdint.h>

#include "engine_registers.h"

enum {
    ENGINE_OK = 0,
    ENGINE_BUSY = 1,           /* an inference is under way */
    ENGINE_NOT_FOUND = -1,     /* no engine of bittrue answers */
    ENGINE_OTHER_ENGINE = -2,  /* it is not the one that the program or this driver is for */
    ENGINE_TIMEOUT = -4,
    ENGINE_FAULT_STATUS = -5,  /* it stopped: engine_fault says why */
    ENGINE_BAD_VALUE = -6      /* a code out of range, or a value that is not finite */
};

/* A tensor in the data region. Code c of pixel (y, x) begins at byte
 * address + c / lanes * plane_stride + y * row_stride + x * lanes + c % lanes. */
struct engine_end {
    uint32_t address;
    uint32_t height;
    uint32_t width;
    uint32_t channels;
    uint32_t row_stride;
    uint32_t plane_stride;
    uint32_t lanes;
    uint32_t bytes; /* of a code */
    int is_signed;
    int bipolar;
    int64_t minimum;
    int64_t maximum;
    int32_t zero_point;
    double scale; /* 0: there is none */
};

struct engine_program {
    uint32_t image_bytes;
    uint32_t data_bytes;
    uint32_t lanes;
    uint32_t outputs_at_once; /* output channels of the array */
    int input_count;
    int output_count;
    const struct engine_end *inputs;
    const struct engine_end *outputs;
};

struct engine {
    uintptr_t registers;
    const struct engine_program *program;
    void *data; /* of the inference that is under way */
};

/* What a status means, in one line. */
const char *engine_message(int status);

/* Check that the engine is the one that driver and program are for, and tell it where the program
 * is. The image is where the engine's ports reach it, at a multiple of the program's lanes. */
int engine_open(struct engine *net, uintptr_t registers, const struct engine_program *program,
    const void *image);

/* Begin an inference on a data region of data_bytes, at a multiple of lanes: ENGINE_BUSY. */
int engine_start(struct engine *net, void *data);

/* ENGINE_BUSY until it has ended; what it wrote can be read then. */
int engine_poll(struct engine *net);

/* Both; gives up after so many reads of the status. */
int engine_run(struct engine *net, void *data, uint32_t polls);

/* Have irq raised at the end of an inference; and what its handler calls, which is engine_poll. */
void engine_enable_interrupt(struct engine *net);
int engine_interrupt(struct engine *net);

/* Why the engine stopped: the fault, and the instruction's number where that is not NULL. */
uint32_t engine_fault(const struct engine *net, uint32_t *instruction);
const char *engine_fault_message(uint32_t fault);

/* Codes of a tensor, channels last, to their places in a data region, and back. */
int engine_pack_codes(const struct engine_end *end, const int64_t *codes, void *data);
void engine_unpack_codes(const struct engine_end *end, const void *data, int64_t *codes);

/* The same for real values, which are quantized; codes stand for themselves where there is no scale. */
int engine_pack(const struct engine_end *end, const float *values, void *data);
void engine_unpack(const struct engine_end *end, const void *data, float *values);

#endif /* ENGINE_H */
