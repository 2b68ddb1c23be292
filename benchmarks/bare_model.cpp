// The Verilated requantizer alone: new input in every cycle, output taken in every cycle.
#include <cstdint>
#include <cstdio>

#include "Vtop.h"
#include "verilated.h"

int main() {
    constexpr uint64_t cycles = 10'000'000;
    VerilatedContext context;
    Vtop model{&context};
    uint32_t random = 1;
    uint64_t checksum = 0;
    model.rst = 0;
    model.i_valid = 1;
    model.o_ready = 1;
    for (uint64_t cycle = 0; cycle < cycles; cycle++) {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        model.i_payload[0] = random;
        model.i_payload[1] = ~random;
        model.i_payload[2] = random & 0x1fffffff;
        model.clk = 0;
        model.eval();
        model.clk = 1;
        model.eval();
        checksum += model.o_payload;
    }
    std::fprintf(stderr, "%llu\n", static_cast<unsigned long long>(checksum));
    std::printf("%llu\n", static_cast<unsigned long long>(cycles));
    return 0;
}
