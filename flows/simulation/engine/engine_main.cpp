// The main program of the engine's bench in Verilator: a clock, until the bench ends itself.
#include <memory>

#include "Vtop.h"
#include "verilated.h"

int main(int argc, char** argv) {
    const std::unique_ptr<VerilatedContext> context{new VerilatedContext};
    context->commandArgs(argc, argv);
    const std::unique_ptr<Vtop> top{new Vtop{context.get()}};
    while (!context->gotFinish()) {
        top->clk = 0;
        top->eval();
        context->timeInc(5000);
        top->clk = 1;
        top->eval();
        context->timeInc(5000);
    }
    top->final();
    return 0;
}
