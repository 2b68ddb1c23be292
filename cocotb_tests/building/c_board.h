/* How the C driver reaches registers in a simulation: by functions that Python gives. */
#include <stddef.h>
#include <stdint.h>

static uint32_t (*board_read)(size_t address);
static void (*board_write)(size_t address, uint32_t value);

void connect_board(uint32_t (*read)(size_t), void (*write)(size_t, uint32_t));

void connect_board(uint32_t (*read)(size_t), void (*write)(size_t, uint32_t))
{
    board_read = read;
    board_write = write;
}

#define ACCELERATOR_READ(address) board_read(address)
#define ACCELERATOR_WRITE(address, value) board_write(address, value)
