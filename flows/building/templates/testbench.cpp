// Drives the clock of the testbench in Verilator; Icarus has one of its own. Ends with 0 only if it
// passed.
#include <memory>

#include "Vtestbench.h"
#include "verilated.h"

int main(int argc, char** argv) {
    const std::unique_ptr<VerilatedContext> context{new VerilatedContext};
    context->commandArgs(argc, argv);
    const std::unique_ptr<Vtestbench> bench{new Vtestbench{context.get()}};
    while (!context->gotFinish()) {
        context->timeInc(5000);  // Picoseconds: half a period of 100 MHz.
        bench->clk = !bench->clk;
        bench->eval();
    }
    const bool passed = bench->passed;
    bench->final();
    return passed ? 0 : 1;
}
