/* How the engine's C driver reaches registers and memory in a simulation: as Python gives them. */
#include "../building/c_board.h"

static void (*board_flush)(size_t address, size_t bytes);
static void (*board_invalidate)(size_t address, size_t bytes);

void connect_memory(void (*flush)(size_t, size_t), void (*invalidate)(size_t, size_t));

void connect_memory(void (*flush)(size_t, size_t), void (*invalidate)(size_t, size_t))
{
    board_flush = flush;
    board_invalidate = invalidate;
}

#define ACCELERATOR_FLUSH(pointer, bytes) board_flush((size_t)(pointer), bytes)
#define ACCELERATOR_INVALIDATE(pointer, bytes) board_invalidate((size_t)(pointer), bytes)
