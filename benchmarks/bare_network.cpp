// A Verilated network alone: another random beat at its input in every cycle, its output always taken.
// The arguments are the cycles to run and the bits of a beat of the input.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "Vtop.h"
#include "verilated.h"

namespace {

uint32_t random_word() {
    static uint32_t state = 1;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

// Verilator wants the bits above a port's width to be zero.
template <typename Port>
void set(Port& port, unsigned bits) {
    const uint64_t drawn = uint64_t{random_word()} << 32 | random_word();
    port = static_cast<Port>(bits >= 64 ? drawn : drawn & ((uint64_t{1} << bits) - 1));
}

template <std::size_t Words>
void set(VlWide<Words>& port, unsigned bits) {
    for (std::size_t word = 0; word < Words; word++) {
        const unsigned left = std::min(bits - 32 * static_cast<unsigned>(word), 32u);
        port[word] = left == 32 ? random_word() : random_word() & ((1u << left) - 1);
    }
}

}  // namespace

int main(int, char** arguments) {
    const uint64_t cycles = std::strtoull(arguments[1], nullptr, 10);
    const unsigned bits = std::strtoul(arguments[2], nullptr, 10);
    VerilatedContext context;
    Vtop model{&context};
    uint64_t outputs = 0;
    model.rst = 0;
    model.i_valid = 1;
    model.o_ready = 1;
    for (uint64_t cycle = 0; cycle < cycles; cycle++) {
        if (model.i_ready) set(model.i_payload, bits);
        model.clk = 0;
        model.eval();
        model.clk = 1;
        model.eval();
        outputs += model.o_valid;
    }
    std::fprintf(stderr, "%llu outputs\n", static_cast<unsigned long long>(outputs));
    std::printf("%llu\n", static_cast<unsigned long long>(cycles));
    return outputs == 0;
}
