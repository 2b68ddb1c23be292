// The main program of a bench in Verilator: drives the clock, and calls cocotb when it can matter.
//
// While the bench is `busy`, cocotb sleeps until `done` rises, and nothing else can wake it but a
// timer. So the clock is toggled without consulting any callback until `busy` falls or a timer is
// due, which makes most of the difference between this bench and one that asks at every edge.
#include <algorithm>
#include <cstdint>
#include <memory>

#include "Vtop.h"
#include "verilated.h"
#include "verilated_vpi.h"

extern "C" void vlog_startup_routines_bootstrap();

namespace {

constexpr uint64_t half_period = 5'000;  // in units of the 1 ps time precision: 100 MHz

uint64_t now = 0;

void call_value_callbacks() {
    while (VerilatedVpi::callValueCbs()) {
    }
}

// Evaluates the circuit and the callbacks in turn until neither has anything left to do.
void settle(Vtop& bench) {
    do {
        do {
            bench.eval_step();
            VerilatedVpi::clearEvalNeeded();
            VerilatedVpi::doInertialPuts();
            call_value_callbacks();
        } while (VerilatedVpi::evalNeeded());
        VerilatedVpi::callCbs(cbReadWriteSynch);
        VerilatedVpi::doInertialPuts();
        call_value_callbacks();
    } while (VerilatedVpi::evalNeeded());
    bench.eval_end_step();
    VerilatedVpi::callCbs(cbReadOnlySynch);
}

}  // namespace

// What $time returns.
double sc_time_stamp() { return static_cast<double>(now); }

int main(int argc, char** argv) {
    VerilatedContext& context = *Verilated::threadContextp();
    context.commandArgs(argc, argv);
    context.fatalOnVpiError(false);
#if VM_TRACE
    context.traceEverOn(true);
#endif
    const auto bench = std::make_unique<Vtop>("");
    bench->clk = 0;

    vlog_startup_routines_bootstrap();
    VerilatedVpi::callCbs(cbStartOfSimulation);
    call_value_callbacks();
    settle(*bench);

    uint64_t next_edge = half_period;
    while (!context.gotFinish()) {
        const uint64_t next_timer = VerilatedVpi::cbNextDeadline();
        while (bench->busy && next_edge < next_timer) {
            now = next_edge;
            bench->clk = !bench->clk;
            bench->eval();
            next_edge += half_period;
        }
        now = std::min(next_edge, next_timer);
        VerilatedVpi::callCbs(cbNextSimTime);
        call_value_callbacks();
        VerilatedVpi::callTimedCbs();
        call_value_callbacks();
        if (now == next_edge) {
            bench->clk = !bench->clk;
            next_edge += half_period;
        }
        settle(*bench);
    }
    bench->final();
    VerilatedVpi::callCbs(cbEndOfSimulation);
    return context.errorCount() > 0;
}
