/* Driver of @TOP@ behind AXI DMA, for C99 without an operating system.
 *
 * It needs no memory of its own and no library but the C library's rintf. Addresses are those of the
 * block design. One image is under way at a time:
 *
 *     struct @TOP@ net;
 *     int status = @TOP@_open(&net, registers, dma_in, dma_out);
 *     @TOP@_pack(0, image, bytes_in);
 *     status = @TOP@_run(&net, in, out, 1000000);          polls; or, with interrupts:
 *     status = @TOP@_start(&net, in, out);
 *     ... in the handler of the DMAs' interrupts and of the accelerator's irq:
 *     status = @TOP@_interrupt(&net);                      @PREFIX@_BUSY until the image is there
 *     @TOP@_unpack(0, bytes_out, result);
 */
#ifndef @PREFIX@_H
#define @PREFIX@_H

#include <stdint.h>

#include "@TOP@_registers.h"

#define @PREFIX@_INPUTS @INPUTS@
#define @PREFIX@_OUTPUTS @OUTPUTS@

/* Inputs: elements of an image, channels last, and the bytes that they are sent as. */
@EACH INPUT@
/* @INDEX@: @TENSOR@, @SHAPE@, @MEANING@, by @STREAM@ */
#define @PREFIX@_@STREAM_UPPER@_ELEMENTS @ELEMENTS@
#define @PREFIX@_@STREAM_UPPER@_BYTES @IMAGE_BYTES@
@END@

/* Outputs. */
@EACH OUTPUT@
/* @INDEX@: @TENSOR@, @SHAPE@, @MEANING@, by @STREAM@ */
#define @PREFIX@_@STREAM_UPPER@_ELEMENTS @ELEMENTS@
#define @PREFIX@_@STREAM_UPPER@_BYTES @IMAGE_BYTES@
@END@

enum {
    @PREFIX@_OK = 0,
    @PREFIX@_BUSY = 1,           /* an image is under way */
    @PREFIX@_NOT_FOUND = -1,     /* no accelerator of bittrue answers */
    @PREFIX@_OTHER_BUILD = -2,   /* the bitstream is not the one this driver was made with */
    @PREFIX@_DMA_ERROR = -3,
    @PREFIX@_TIMEOUT = -4,
    @PREFIX@_STREAM_ERROR = -5,  /* the accelerator counted an error: read its registers */
    @PREFIX@_BAD_VALUE = -6      /* a code out of range, or a value that is not finite */
};

/* Addresses. Where one DMA has both directions, it is in both lists. */
struct @TOP@ {
    uintptr_t registers;
    uintptr_t dma_in[@PREFIX@_INPUTS];
    uintptr_t dma_out[@PREFIX@_OUTPUTS];
    void *out[@PREFIX@_OUTPUTS]; /* what is being received */
};

/* What a status means, in one line. */
const char *@TOP@_message(int status);

/* Check that the accelerator is the one this driver is for. */
int @TOP@_find(struct @TOP@ *net, uintptr_t registers);

/* Whether the accelerator counted an error of its streams. */
int @TOP@_errors(const struct @TOP@ *net);

/* Check that the accelerator is the one this driver is for, reset the DMAs, and enable it. */
int @TOP@_open(struct @TOP@ *net, uintptr_t registers,
    const uintptr_t dma_in[@PREFIX@_INPUTS], const uintptr_t dma_out[@PREFIX@_OUTPUTS]);

/* Send an image and receive what is made of it; gives up after so many reads of the DMA. The
 * buffers are as long as @PREFIX@_STREAM_BYTES says, and where the DMA can reach them. */
int @TOP@_run(struct @TOP@ *net, const void *const in[@PREFIX@_INPUTS],
    void *const out[@PREFIX@_OUTPUTS], uint32_t polls);

/* Begin the same, with interrupts; and what their handler calls. */
int @TOP@_start(struct @TOP@ *net, const void *const in[@PREFIX@_INPUTS],
    void *const out[@PREFIX@_OUTPUTS]);
int @TOP@_interrupt(struct @TOP@ *net);

/* Drop what is under way and begin with the initial states. */
void @TOP@_reset(struct @TOP@ *net);

/* Take no more images. */
void @TOP@_close(struct @TOP@ *net);

/* Codes of one image of an input as the bytes that are sent, and the bytes of an output as codes. */
int @TOP@_pack_codes(int input, const int64_t *codes, uint8_t *bytes);
void @TOP@_unpack_codes(int output, const uint8_t *bytes, int64_t *codes);

/* The same for real values, which are quantized; codes stand for themselves where there is no scale. */
int @TOP@_pack(int input, const float *values, uint8_t *bytes);
void @TOP@_unpack(int output, const uint8_t *bytes, float *values);

#endif /* @PREFIX@_H */
