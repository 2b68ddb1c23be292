/* Images through @TOP@ in a SoC of LiteX, by the DMAs that add_accelerator gives it.
 *
 * Compile drivers/@TOP@.c, too, which packs and unpacks images:
 *
 *     struct @TOP@ net;
 *     int status = @TOP@_litex_open(&net, @PREFIX@_REGISTERS_BASE);
 *     @TOP@_pack(0, image, bytes_in);
 *     status = @TOP@_litex_run(&net, in, out, 1000000);
 *     @TOP@_unpack(0, bytes_out, result);
 *
 * Buffers begin at a word of memory and are @PREFIX@_WORDS(bytes of an image) long.
 */
#ifndef @PREFIX@_LITEX_H
#define @PREFIX@_LITEX_H

#include <generated/csr.h>
#include <generated/mem.h>
#include <generated/soc.h>
#include <system.h>

#include "../drivers/@TOP@.h"

/* Bytes rounded up to whole words of memory. */
#define @PREFIX@_WORD (CONFIG_BUS_DATA_WIDTH / 8u)
#define @PREFIX@_WORDS(bytes) (((bytes) + @PREFIX@_WORD - 1u) / @PREFIX@_WORD * @PREFIX@_WORD)

/* Make what the processor wrote visible to DMA, and what DMA wrote to the processor. */
static inline void @TOP@_litex_share(void)
{
    flush_cpu_dcache();
#ifdef CONFIG_L2_SIZE
    flush_l2_cache();
#endif
}

/* Check that the accelerator is the one this driver is for, and enable it. */
static inline int @TOP@_litex_open(struct @TOP@ *net, uintptr_t registers)
{
    int status = @TOP@_find(net, registers);

    if (status == @PREFIX@_OK)
        @TOP@_reset(net);
    return status;
}

/* Begin to send an image and to receive what is made of it. */
static inline void @TOP@_litex_start(const void *const in[@PREFIX@_INPUTS],
    void *const out[@PREFIX@_OUTPUTS])
{
    @TOP@_litex_share();
@EACH OUTPUT@
    @TOP@_@STREAM@_dma_enable_write(0);
    @TOP@_@STREAM@_dma_base_write((uintptr_t)out[@INDEX@]);
    @TOP@_@STREAM@_dma_length_write(@PREFIX@_WORDS(@PREFIX@_@STREAM_UPPER@_BYTES));
    @TOP@_@STREAM@_dma_enable_write(1);
@END@
@EACH INPUT@
    @TOP@_@STREAM@_dma_enable_write(0);
    @TOP@_@STREAM@_dma_base_write((uintptr_t)in[@INDEX@]);
    @TOP@_@STREAM@_dma_length_write(@PREFIX@_WORDS(@PREFIX@_@STREAM_UPPER@_BYTES));
    @TOP@_@STREAM@_dma_enable_write(1);
@END@
}

/* @PREFIX@_BUSY until the image is there. */
static inline int @TOP@_litex_status(const struct @TOP@ *net)
{
@EACH INPUT@
    if (!@TOP@_@STREAM@_dma_done_read())
        return @PREFIX@_BUSY;
@END@
@EACH OUTPUT@
    if (!@TOP@_@STREAM@_dma_done_read())
        return @PREFIX@_BUSY;
@END@
    @TOP@_litex_share();
    return @TOP@_errors(net);
}

/* Send an image and receive what is made of it; gives up after so many looks at the DMAs. */
static inline int @TOP@_litex_run(const struct @TOP@ *net, const void *const in[@PREFIX@_INPUTS],
    void *const out[@PREFIX@_OUTPUTS], uint32_t polls)
{
    int status = @PREFIX@_BUSY;

    @TOP@_litex_start(in, out);
    while (status == @PREFIX@_BUSY && polls-- > 0)
        status = @TOP@_litex_status(net);
    return status == @PREFIX@_BUSY ? @PREFIX@_TIMEOUT : status;
}

#endif /* @PREFIX@_LITEX_H */
