
 /----------------------------------------------------------------------------\
 |  yosys -- Yosys Open SYnthesis Suite                                       |
 |  Copyright (C) 2012 - 2025  Claire Xenia Wolf <claire@yosyshq.com>         |
 |  Distributed under an ISC-like license, type "license" to see terms        |
 \----------------------------------------------------------------------------/
 Amaranth Yosys 0.50 (PyPI ver 0.50.0.0.post130, git sha1 b5170e139)

-- Executing script file `-' --

1. Executing RTLIL frontend.
Input filename: <<rtlil

2. Executing PROC pass (convert processes to netlists).

2.1. Executing PROC_CLEAN pass (remove empty switches from decision trees).
Cleaned up 0 empty switches.

2.2. Executing PROC_RMDEAD pass (remove dead branches from decision trees).
Removed a total of 0 dead cases.

2.3. Executing PROC_PRUNE pass (remove redundant assignments in processes).
Removed 0 redundant assignments.
Promoted 0 assignments to connections.

2.4. Executing PROC_INIT pass (extract init attributes).

2.5. Executing PROC_ARST pass (detect async resets in processes).

2.6. Executing PROC_ROM pass (convert switches to ROMs).
Converted 0 switches.
<suppressed ~67 debug messages>

2.7. Executing PROC_MUX pass (convert decision trees to multiplexers).
Creating decoders for process `\requant.$428'.
     1/1: $181
Creating decoders for process `\requant.$426'.
     1/1: $180
Creating decoders for process `\requant.$424'.
     1/1: $179
Creating decoders for process `\requant.$422'.
     1/1: $178
Creating decoders for process `\requant.$420'.
     1/1: $177
Creating decoders for process `\requant.$418'.
     1/1: $176
Creating decoders for process `\requant.$416'.
     1/1: $175
Creating decoders for process `\requant.$414'.
     1/1: $174
Creating decoders for process `\requant.$412'.
     1/1: $173
Creating decoders for process `\requant.$410'.
     1/1: $172
Creating decoders for process `\requant.$408'.
     1/1: $171
Creating decoders for process `\requant.$406'.
     1/1: $170
Creating decoders for process `\requant.$404'.
     1/1: $169
Creating decoders for process `\requant.$402'.
     1/1: $168
Creating decoders for process `\requant.$400'.
     1/1: $167
Creating decoders for process `\requant.$398'.
     1/1: $166
Creating decoders for process `\requant.$396'.
     1/1: $165
Creating decoders for process `\requant.$394'.
     1/1: $164
Creating decoders for process `\requant.$392'.
     1/1: $163
Creating decoders for process `\requant.$390'.
     1/1: $162
Creating decoders for process `\requant.$388'.
     1/1: $161
Creating decoders for process `\requant.$386'.
     1/1: $160
Creating decoders for process `\requant.$384'.
     1/1: $159
Creating decoders for process `\requant.$382'.
     1/1: $158
Creating decoders for process `\requant.$380'.
     1/1: $157
Creating decoders for process `\requant.$378'.
     1/1: $156
Creating decoders for process `\requant.$376'.
     1/1: $155
Creating decoders for process `\requant.$374'.
     1/1: $154
Creating decoders for process `\requant.$372'.
     1/1: $153
Creating decoders for process `\requant.$370'.
     1/1: $152
Creating decoders for process `\requant.$368'.
     1/1: $151
Creating decoders for process `\requant.$366'.
     1/1: $150
Creating decoders for process `\requant.$364'.
     1/1: $149
Creating decoders for process `\requant.$362'.
     1/1: $148
Creating decoders for process `\requant.$360'.
     1/1: $147
Creating decoders for process `\requant.$358'.
     1/1: $146
Creating decoders for process `\requant.$356'.
     1/1: $145
Creating decoders for process `\requant.$354'.
     1/1: $144
Creating decoders for process `\requant.$352'.
     1/1: $143
Creating decoders for process `\requant.$350'.
     1/1: $142
Creating decoders for process `\requant.$348'.
     1/1: $141
Creating decoders for process `\requant.$346'.
     1/1: $140
Creating decoders for process `\requant.$344'.
     1/1: $139
Creating decoders for process `\requant.$342'.
     1/1: $138
Creating decoders for process `\requant.$340'.
     1/1: $137
Creating decoders for process `\requant.$338'.
     1/1: $136
Creating decoders for process `\requant.$336'.
     1/1: $135
Creating decoders for process `\requant.$334'.
     1/1: $134
Creating decoders for process `\requant.$332'.
     1/1: $133
Creating decoders for process `\requant.$330'.
     1/1: $132
Creating decoders for process `\requant.$328'.
     1/1: $131
Creating decoders for process `\requant.$326'.
     1/1: $130
Creating decoders for process `\requant.$324'.
     1/1: $129
Creating decoders for process `\requant.$322'.
     1/1: $128
Creating decoders for process `\requant.$320'.
     1/1: $127
Creating decoders for process `\requant.$318'.
     1/1: $126
Creating decoders for process `\requant.$316'.
     1/1: $125
Creating decoders for process `\requant.$314'.
     1/1: $124
Creating decoders for process `\requant.$312'.
     1/1: $123
Creating decoders for process `\requant.$310'.
     1/1: $122
Creating decoders for process `\requant.$308'.
     1/1: $121
Creating decoders for process `\requant.$306'.
     1/1: $120
Creating decoders for process `\requant.$304'.
     1/1: $119
Creating decoders for process `\requant.$302'.
     1/1: $118
Creating decoders for process `\requant.$300'.
     1/1: $117
Creating decoders for process `\requant.$299'.
     1/1: \rounding_step

2.8. Executing PROC_DLATCH pass (convert process syncs to latches).

2.9. Executing PROC_DFF pass (convert process syncs to FFs).

2.10. Executing PROC_MEMWR pass (convert process memory writes to cells).

2.11. Executing PROC_CLEAN pass (remove empty switches from decision trees).
Found and cleaned up 1 empty switch in `\requant.$428'.
Removing empty process `requant.$428'.
Found and cleaned up 1 empty switch in `\requant.$426'.
Removing empty process `requant.$426'.
Found and cleaned up 1 empty switch in `\requant.$424'.
Removing empty process `requant.$424'.
Found and cleaned up 1 empty switch in `\requant.$422'.
Removing empty process `requant.$422'.
Found and cleaned up 1 empty switch in `\requant.$420'.
Removing empty process `requant.$420'.
Found and cleaned up 1 empty switch in `\requant.$418'.
Removing empty process `requant.$418'.
Found and cleaned up 1 empty switch in `\requant.$416'.
Removing empty process `requant.$416'.
Found and cleaned up 1 empty switch in `\requant.$414'.
Removing empty process `requant.$414'.
Found and cleaned up 1 empty switch in `\requant.$412'.
Removing empty process `requant.$412'.
Found and cleaned up 1 empty switch in `\requant.$410'.
Removing empty process `requant.$410'.
Found and cleaned up 1 empty switch in `\requant.$408'.
Removing empty process `requant.$408'.
Found and cleaned up 1 empty switch in `\requant.$406'.
Removing empty process `requant.$406'.
Found and cleaned up 1 empty switch in `\requant.$404'.
Removing empty process `requant.$404'.
Found and cleaned up 1 empty switch in `\requant.$402'.
Removing empty process `requant.$402'.
Found and cleaned up 1 empty switch in `\requant.$400'.
Removing empty process `requant.$400'.
Found and cleaned up 1 empty switch in `\requant.$398'.
Removing empty process `requant.$398'.
Found and cleaned up 1 empty switch in `\requant.$396'.
Removing empty process `requant.$396'.
Found and cleaned up 1 empty switch in `\requant.$394'.
Removing empty process `requant.$394'.
Found and cleaned up 1 empty switch in `\requant.$392'.
Removing empty process `requant.$392'.
Found and cleaned up 1 empty switch in `\requant.$390'.
Removing empty process `requant.$390'.
Found and cleaned up 1 empty switch in `\requant.$388'.
Removing empty process `requant.$388'.
Found and cleaned up 1 empty switch in `\requant.$386'.
Removing empty process `requant.$386'.
Found and cleaned up 1 empty switch in `\requant.$384'.
Removing empty process `requant.$384'.
Found and cleaned up 1 empty switch in `\requant.$382'.
Removing empty process `requant.$382'.
Found and cleaned up 1 empty switch in `\requant.$380'.
Removing empty process `requant.$380'.
Found and cleaned up 1 empty switch in `\requant.$378'.
Removing empty process `requant.$378'.
Found and cleaned up 1 empty switch in `\requant.$376'.
Removing empty process `requant.$376'.
Found and cleaned up 1 empty switch in `\requant.$374'.
Removing empty process `requant.$374'.
Found and cleaned up 1 empty switch in `\requant.$372'.
Removing empty process `requant.$372'.
Found and cleaned up 1 empty switch in `\requant.$370'.
Removing empty process `requant.$370'.
Found and cleaned up 1 empty switch in `\requant.$368'.
Removing empty process `requant.$368'.
Found and cleaned up 1 empty switch in `\requant.$366'.
Removing empty process `requant.$366'.
Found and cleaned up 1 empty switch in `\requant.$364'.
Removing empty process `requant.$364'.
Found and cleaned up 1 empty switch in `\requant.$362'.
Removing empty process `requant.$362'.
Found and cleaned up 1 empty switch in `\requant.$360'.
Removing empty process `requant.$360'.
Found and cleaned up 1 empty switch in `\requant.$358'.
Removing empty process `requant.$358'.
Found and cleaned up 1 empty switch in `\requant.$356'.
Removing empty process `requant.$356'.
Found and cleaned up 1 empty switch in `\requant.$354'.
Removing empty process `requant.$354'.
Found and cleaned up 1 empty switch in `\requant.$352'.
Removing empty process `requant.$352'.
Found and cleaned up 1 empty switch in `\requant.$350'.
Removing empty process `requant.$350'.
Found and cleaned up 1 empty switch in `\requant.$348'.
Removing empty process `requant.$348'.
Found and cleaned up 1 empty switch in `\requant.$346'.
Removing empty process `requant.$346'.
Found and cleaned up 1 empty switch in `\requant.$344'.
Removing empty process `requant.$344'.
Found and cleaned up 1 empty switch in `\requant.$342'.
Removing empty process `requant.$342'.
Found and cleaned up 1 empty switch in `\requant.$340'.
Removing empty process `requant.$340'.
Found and cleaned up 1 empty switch in `\requant.$338'.
Removing empty process `requant.$338'.
Found and cleaned up 1 empty switch in `\requant.$336'.
Removing empty process `requant.$336'.
Found and cleaned up 1 empty switch in `\requant.$334'.
Removing empty process `requant.$334'.
Found and cleaned up 1 empty switch in `\requant.$332'.
Removing empty process `requant.$332'.
Found and cleaned up 1 empty switch in `\requant.$330'.
Removing empty process `requant.$330'.
Found and cleaned up 1 empty switch in `\requant.$328'.
Removing empty process `requant.$328'.
Found and cleaned up 1 empty switch in `\requant.$326'.
Removing empty process `requant.$326'.
Found and cleaned up 1 empty switch in `\requant.$324'.
Removing empty process `requant.$324'.
Found and cleaned up 1 empty switch in `\requant.$322'.
Removing empty process `requant.$322'.
Found and cleaned up 1 empty switch in `\requant.$320'.
Removing empty process `requant.$320'.
Found and cleaned up 1 empty switch in `\requant.$318'.
Removing empty process `requant.$318'.
Found and cleaned up 1 empty switch in `\requant.$316'.
Removing empty process `requant.$316'.
Found and cleaned up 1 empty switch in `\requant.$314'.
Removing empty process `requant.$314'.
Found and cleaned up 1 empty switch in `\requant.$312'.
Removing empty process `requant.$312'.
Found and cleaned up 1 empty switch in `\requant.$310'.
Removing empty process `requant.$310'.
Found and cleaned up 1 empty switch in `\requant.$308'.
Removing empty process `requant.$308'.
Found and cleaned up 1 empty switch in `\requant.$306'.
Removing empty process `requant.$306'.
Found and cleaned up 1 empty switch in `\requant.$304'.
Removing empty process `requant.$304'.
Found and cleaned up 1 empty switch in `\requant.$302'.
Removing empty process `requant.$302'.
Found and cleaned up 2 empty switches in `\requant.$300'.
Removing empty process `requant.$300'.
Found and cleaned up 1 empty switch in `\requant.$299'.
Removing empty process `requant.$299'.
Cleaned up 67 empty switches.

2.12. Executing OPT_EXPR pass (perform const folding).
Optimizing module requant.
<suppressed ~29 debug messages>

3. Executing OPT_EXPR pass (perform const folding).
Optimizing module requant.

4. Executing OPT_MERGE pass (detect identical cells).
Finding identical cells in module `\requant'.
<suppressed ~48 debug messages>
Removed a total of 16 cells.

5. Executing OPT_DFF pass (perform DFF optimizations).

6. Executing OPT_CLEAN pass (remove unused cells and wires).
Finding unused cells or wires in module \requant..
Removed 10 unused cells and 197 unused wires.
<suppressed ~24 debug messages>

7. Executing MEMORY_COLLECT pass (generating $mem cells).

8. Executing ATTRMAP pass (move or copy attributes).

9. Executing ATTRMAP pass (move or copy attributes).
Removed attribute on requant: top=1
Removed attribute on requant: generator="Amaranth"

10. Executing Verilog backend.

10.1. Executing BMUXMAP pass.

10.2. Executing DEMUXMAP pass.
/* Generated by Amaranth Yosys 0.50 (PyPI ver 0.50.0.0.post130, git sha1 b5170e139) */
Dumping module `\requant'.

module requant(i__valid, o__ready, clk, rst, i__ready, o__payload, o__valid, i__payload);
  wire _000_;
  wire _001_;
  wire _002_;
  wire _003_;
  wire [8:0] _004_;
  wire [9:0] _005_;
  wire [10:0] _006_;
  wire _007_;
  wire _008_;
  wire [8:0] _009_;
  wire [8:0] _010_;
  wire [9:0] _011_;
  wire [31:0] _012_;
  wire [60:0] _013_;
  wire [33:0] _014_;
  wire [30:0] _015_;
  wire [31:0] _016_;
  wire [28:0] _017_;
  wire [33:0] _018_;
  wire [32:0] _019_;
  wire [28:0] _020_;
  wire [62:0] _021_;
  wire [5:0] _022_;
  wire [5:0] _023_;
  wire _024_;
  wire [5:0] _025_;
  wire [24:0] _026_;
  wire _027_;
  wire _028_;
  wire _029_;
  wire _030_;
  wire [5:0] _031_;
  wire _032_;
  wire [12:0] _033_;
  wire _034_;
  wire _035_;
  wire _036_;
  wire _037_;
  wire _038_;
  wire [5:0] _039_;
  wire _040_;
  wire [9:0] _041_;
  wire _042_;
  wire _043_;
  wire _044_;
  wire _045_;
  wire _046_;
  wire [8:0] _047_;
  wire _048_;
  wire [7:0] _049_;
  wire [7:0] _050_;
  wire [7:0] _051_;
  wire [33:0] _052_;
  wire [7:0] _053_;
  wire [7:0] _054_;
  wire [7:0] _055_;
  wire [7:0] _056_;
  wire [10:0] _057_;
  wire [7:0] _058_;
  wire [7:0] _059_;
  wire [7:0] _060_;
  wire [7:0] _061_;
  wire [7:0] _062_;
  wire [30:0] _063_;
  wire [7:0] _064_;
  wire [7:0] _065_;
  wire [7:0] _066_;
  wire [7:0] _067_;
  wire [7:0] _068_;
  wire [7:0] _069_;
  wire [7:0] _070_;
  wire [7:0] _071_;
  wire [7:0] _072_;
  wire [7:0] _073_;
  wire [31:0] _074_;
  wire [7:0] _075_;
  wire [7:0] _076_;
  wire [28:0] _077_;
  wire [32:0] _078_;
  wire [63:0] _079_;
  wire [40:0] _080_;
  wire [24:0] _081_;
  wire [23:0] _082_;
  wire _083_;
  wire _084_;
  wire _085_;
  wire [15:0] _086_;
  wire _087_;
  wire _088_;
  wire _089_;
  wire _090_;
  wire [15:0] _091_;
  wire _092_;
  wire _093_;
  wire [16:0] _094_;
  wire [12:0] _095_;
  wire [7:0] _096_;
  wire _097_;
  wire _098_;
  wire _099_;
  wire [3:0] _100_;
  wire _101_;
  wire _102_;
  wire _103_;
  wire [7:0] _104_;
  wire _105_;
  wire _106_;
  wire _107_;
  wire [3:0] _108_;
  wire _109_;
  wire _110_;
  wire _111_;
  wire [10:0] _112_;
  wire _113_;
  wire [9:0] _114_;
  wire [1:0] _115_;
  wire _116_;
  wire _117_;
  wire _118_;
  wire _119_;
  wire _120_;
  wire _121_;
  wire _122_;
  wire [1:0] _123_;
  wire _124_;
  wire _125_;
  wire _126_;
  wire _127_;
  wire _128_;
  wire _129_;
  wire [9:0] _130_;
  reg [31:0] accumulator = 32'd0;
  reg [60:0] channel = 61'h0000000000000000;
  input clk;
  wire clk;
  reg [24:0] coarse_bits = 25'h0000000;
  reg coarse_carry = 1'h0;
  reg coarse_differs = 1'h0;
  reg coarse_overflow = 1'h0;
  reg coarse_right = 1'h0;
  reg [5:0] coarse_shift = 6'h00;
  reg coarse_sign = 1'h0;
  reg [9:0] fine_bits = 10'h000;
  reg fine_carry = 1'h0;
  reg fine_differs = 1'h0;
  reg fine_overflow = 1'h0;
  reg fine_right = 1'h0;
  reg fine_sign = 1'h0;
  input [92:0] i__payload;
  wire [92:0] i__payload;
  output i__ready;
  wire i__ready;
  input i__valid;
  wire i__valid;
  reg [7:0] maximum = 8'h00;
  reg [7:0] maximum_1 = 8'h00;
  reg [7:0] maximum_2 = 8'h00;
  reg [7:0] maximum_3 = 8'h00;
  reg [7:0] maximum_4 = 8'h00;
  reg [7:0] maximum_5 = 8'h00;
  reg [7:0] maximum_6 = 8'h00;
  reg [7:0] maximum_7 = 8'h00;
  reg [12:0] middle_bits = 13'h0000;
  reg middle_carry = 1'h0;
  reg middle_differs = 1'h0;
  reg middle_overflow = 1'h0;
  reg middle_right = 1'h0;
  reg [5:0] middle_shift = 6'h00;
  reg middle_sign = 1'h0;
  reg [7:0] minimum = 8'h00;
  reg [7:0] minimum_1 = 8'h00;
  reg [7:0] minimum_2 = 8'h00;
  reg [7:0] minimum_3 = 8'h00;
  reg [7:0] minimum_4 = 8'h00;
  reg [7:0] minimum_5 = 8'h00;
  reg [7:0] minimum_6 = 8'h00;
  reg [7:0] minimum_7 = 8'h00;
  output [7:0] o__payload;
  reg [7:0] o__payload = 8'h00;
  input o__ready;
  wire o__ready;
  output o__valid;
  wire o__valid;
  reg [62:0] product = 63'h0000000000000000;
  reg [33:0] product_partial_0_0 = 34'h000000000;
  reg [30:0] product_partial_0_1 = 31'h00000000;
  reg [31:0] product_partial_1_0 = 32'd0;
  reg [28:0] product_partial_1_1 = 29'h00000000;
  reg [33:0] product_weight_0 = 34'h000000000;
  reg [32:0] product_weight_1 = 33'h000000000;
  reg [28:0] product_weight_2 = 29'h00000000;
  reg [10:0] rounded = 11'h000;
  wire rounding_step;
  input rst;
  wire rst;
  reg [5:0] shift = 6'h00;
  reg [5:0] shift_1 = 6'h00;
  reg [5:0] shift_2 = 6'h00;
  reg [8:0] shifted = 9'h000;
  reg [9:0] stage_valid = 10'h000;
  reg step = 1'h0;
  reg [7:0] zero_point = 8'h00;
  reg [7:0] zero_point_1 = 8'h00;
  reg [7:0] zero_point_2 = 8'h00;
  reg [7:0] zero_point_3 = 8'h00;
  reg [7:0] zero_point_4 = 8'h00;
  reg [7:0] zero_point_5 = 8'h00;
  reg [7:0] zero_point_6 = 8'h00;
  assign _000_ = ~ stage_valid[9];
  assign i__ready = _000_ | o__ready;
  assign _085_ = fine_carry ^ fine_sign;
  assign _090_ = fine_right & _085_;
  assign _113_ = ~ fine_differs;
  assign _121_ = fine_bits[0] | _113_;
  assign _024_ = fine_bits[0] & fine_differs;
  assign _034_ = fine_carry ? _121_ : _024_;
  assign rounding_step = _090_ ? _034_ : fine_bits[0];
  assign _052_ = accumulator[16:0] * channel[16:0];
  assign _063_ = accumulator[16:0] * channel[30:17];
  assign _074_ = $signed(accumulator[31:17]) * $signed({ 1'h0, channel[16:0] });
  assign _077_ = $signed(accumulator[31:17]) * $signed({ 1'h0, channel[30:17] });
  assign _078_ = $signed({ 1'h0, product_partial_0_1 }) + $signed(product_partial_1_0);
  assign _079_ = $signed({ product_weight_2[28], product_weight_2[28], product_weight_2[28], product_weight_2[28], product_weight_2[28], product_weight_2[28], product_weight_2[28], product_weight_2[28], product_weight_2[28], product_weight_2[28], product_weight_2[28], product_weight_2[28], product_weight_2[28], product_weight_2[28], product_weight_2[28], product_weight_2[28], product_weight_2[28], product_weight_2, product_weight_0[33:17] }) + $signed(product_weight_1);
  assign _081_ = shift[4] ? _080_[40:16] : _080_[24:0];
  assign _082_ = product[62:39] ^ { product[62], product[62], product[62], product[62], product[62], product[62], product[62], product[62], product[62], product[62], product[62], product[62], product[62], product[62], product[62], product[62], product[62], product[62], product[62], product[62], product[62], product[62], product[62], product[62] };
  assign _083_ = | _082_;
  assign _084_ = shift[5] ? 1'h0 : _083_;
  assign _086_ = _080_[40:25] ^ { product[62], product[62], product[62], product[62], product[62], product[62], product[62], product[62], product[62], product[62], product[62], product[62], product[62], product[62], product[62], product[62] };
  assign _087_ = | _086_;
  assign _088_ = shift[4] ? 1'h0 : _087_;
  assign _089_ = _084_ | _088_;
  assign _080_ = shift[5] ? { product[62], product[62], product[62], product[62], product[62], product[62], product[62], product[62], product[62:30] } : { product[38:0], 2'h0 };
  assign _091_ = _080_[15:0] ^ { product[30], product[30], product[30], product[30], product[30], product[30], product[30], product[30], product[30], product[30], product[30], product[30], product[30], product[30], product[30], product[30] };
  assign _092_ = | _091_;
  assign _093_ = shift[4] & _092_;
  assign _095_ = coarse_shift[2] ? _094_[16:4] : _094_[12:0];
  assign _096_ = coarse_bits[24:17] ^ { coarse_sign, coarse_sign, coarse_sign, coarse_sign, coarse_sign, coarse_sign, coarse_sign, coarse_sign };
  assign _097_ = | _096_;
  assign _098_ = coarse_shift[3] ? 1'h0 : _097_;
  assign _099_ = coarse_overflow | _098_;
  assign _100_ = _094_[16:13] ^ { coarse_sign, coarse_sign, coarse_sign, coarse_sign };
  assign _101_ = | _100_;
  assign _102_ = coarse_shift[2] ? 1'h0 : _101_;
  assign _103_ = _099_ | _102_;
  assign _104_ = coarse_bits[7:0] ^ { coarse_carry, coarse_carry, coarse_carry, coarse_carry, coarse_carry, coarse_carry, coarse_carry, coarse_carry };
  assign _105_ = | _104_;
  assign _106_ = coarse_shift[3] & _105_;
  assign _107_ = coarse_differs | _106_;
  assign _094_ = coarse_shift[3] ? coarse_bits[24:8] : coarse_bits[16:0];
  assign _108_ = _094_[3:0] ^ { coarse_carry, coarse_carry, coarse_carry, coarse_carry };
  assign _109_ = | _108_;
  assign _110_ = coarse_shift[2] & _109_;
  assign _111_ = _107_ | _110_;
  assign _114_ = middle_shift[0] ? _112_[10:1] : _112_[9:0];
  assign _115_ = middle_bits[12:11] ^ { middle_sign, middle_sign };
  assign _116_ = | _115_;
  assign _117_ = middle_shift[1] ? 1'h0 : _116_;
  assign _118_ = middle_overflow | _117_;
  assign _119_ = _112_[10] ^ middle_sign;
  assign _120_ = middle_shift[0] ? 1'h0 : _119_;
  assign _122_ = _118_ | _120_;
  assign _123_ = middle_bits[1:0] ^ { middle_carry, middle_carry };
  assign _124_ = | _123_;
  assign _125_ = middle_shift[1] & _124_;
  assign _126_ = middle_differs | _125_;
  assign _112_ = middle_shift[1] ? middle_bits[12:2] : middle_bits[10:0];
  assign _127_ = _112_[0] ^ middle_carry;
  assign _128_ = middle_shift[0] & _127_;
  assign _129_ = _126_ | _128_;
  assign _001_ = fine_bits[9] != fine_sign;
  assign _002_ = fine_overflow | _001_;
  assign _003_ = ~ fine_sign;
  assign _004_ = _002_ ? { fine_sign, _003_, _003_, _003_, _003_, _003_, _003_, _003_, _003_ } : fine_bits[9:1];
  assign _005_ = $signed(shifted) + $signed(zero_point);
  assign _006_ = $signed(_005_) + $signed({ 1'h0, step });
  assign _007_ = $signed(rounded) < $signed(minimum);
  assign _008_ = $signed(rounded) > $signed(maximum);
  assign _009_ = _008_ ? { maximum[7], maximum } : { 1'h0, rounded[7:0] };
  assign _010_ = _007_ ? { minimum[7], minimum } : _009_;
  always @(posedge clk)
    stage_valid <= _011_;
  always @(posedge clk)
    accumulator <= _012_;
  always @(posedge clk)
    channel <= _013_;
  always @(posedge clk)
    product_partial_0_0 <= _014_;
  always @(posedge clk)
    product_partial_0_1 <= _015_;
  always @(posedge clk)
    product_partial_1_0 <= _016_;
  always @(posedge clk)
    product_partial_1_1 <= _017_;
  always @(posedge clk)
    product_weight_0 <= _018_;
  always @(posedge clk)
    product_weight_1 <= _019_;
  always @(posedge clk)
    product_weight_2 <= _020_;
  always @(posedge clk)
    product <= _021_;
  always @(posedge clk)
    shift_1 <= _022_;
  always @(posedge clk)
    shift_2 <= _023_;
  always @(posedge clk)
    shift <= _025_;
  always @(posedge clk)
    coarse_bits <= _026_;
  always @(posedge clk)
    coarse_overflow <= _027_;
  always @(posedge clk)
    coarse_differs <= _028_;
  always @(posedge clk)
    coarse_sign <= _029_;
  always @(posedge clk)
    coarse_carry <= _030_;
  always @(posedge clk)
    coarse_shift <= _031_;
  always @(posedge clk)
    coarse_right <= _032_;
  always @(posedge clk)
    middle_bits <= _033_;
  always @(posedge clk)
    middle_overflow <= _035_;
  always @(posedge clk)
    middle_differs <= _036_;
  always @(posedge clk)
    middle_sign <= _037_;
  always @(posedge clk)
    middle_carry <= _038_;
  always @(posedge clk)
    middle_shift <= _039_;
  always @(posedge clk)
    middle_right <= _040_;
  always @(posedge clk)
    fine_bits <= _041_;
  always @(posedge clk)
    fine_overflow <= _042_;
  always @(posedge clk)
    fine_differs <= _043_;
  always @(posedge clk)
    fine_sign <= _044_;
  always @(posedge clk)
    fine_carry <= _045_;
  always @(posedge clk)
    fine_right <= _046_;
  always @(posedge clk)
    shifted <= _047_;
  always @(posedge clk)
    step <= _048_;
  always @(posedge clk)
    zero_point_1 <= _049_;
  always @(posedge clk)
    zero_point_2 <= _050_;
  always @(posedge clk)
    zero_point_3 <= _051_;
  always @(posedge clk)
    zero_point_4 <= _053_;
  always @(posedge clk)
    zero_point_5 <= _054_;
  always @(posedge clk)
    zero_point_6 <= _055_;
  always @(posedge clk)
    zero_point <= _056_;
  always @(posedge clk)
    rounded <= _057_;
  always @(posedge clk)
    minimum_1 <= _058_;
  always @(posedge clk)
    minimum_2 <= _059_;
  always @(posedge clk)
    minimum_3 <= _060_;
  always @(posedge clk)
    minimum_4 <= _061_;
  always @(posedge clk)
    minimum_5 <= _062_;
  always @(posedge clk)
    minimum_6 <= _064_;
  always @(posedge clk)
    minimum_7 <= _065_;
  always @(posedge clk)
    minimum <= _066_;
  always @(posedge clk)
    maximum_1 <= _067_;
  always @(posedge clk)
    maximum_2 <= _068_;
  always @(posedge clk)
    maximum_3 <= _069_;
  always @(posedge clk)
    maximum_4 <= _070_;
  always @(posedge clk)
    maximum_5 <= _071_;
  always @(posedge clk)
    maximum_6 <= _072_;
  always @(posedge clk)
    maximum_7 <= _073_;
  always @(posedge clk)
    maximum <= _075_;
  always @(posedge clk)
    o__payload <= _076_;
  assign _076_ = i__ready ? _010_[7:0] : o__payload;
  assign _026_ = i__ready ? _081_ : coarse_bits;
  assign _025_ = i__ready ? shift_2 : shift;
  assign _023_ = i__ready ? shift_1 : shift_2;
  assign _022_ = i__ready ? channel[36:31] : shift_1;
  assign _021_ = i__ready ? { _079_[45:0], product_weight_0[16:0] } : product;
  assign _070_ = i__ready ? maximum_3 : maximum_4;
  assign _020_ = i__ready ? product_partial_1_1 : product_weight_2;
  assign _019_ = i__ready ? _078_ : product_weight_1;
  assign _018_ = i__ready ? product_partial_0_0 : product_weight_0;
  assign _017_ = i__ready ? _077_ : product_partial_1_1;
  assign _016_ = i__ready ? _074_ : product_partial_1_0;
  assign _015_ = i__ready ? _063_ : product_partial_0_1;
  assign _014_ = i__ready ? _052_ : product_partial_0_0;
  assign _013_ = i__ready ? i__payload[92:32] : channel;
  assign _012_ = i__ready ? i__payload[31:0] : accumulator;
  assign _130_ = i__ready ? { stage_valid[8:0], i__valid } : stage_valid;
  assign _069_ = i__ready ? maximum_2 : maximum_3;
  assign _011_ = rst ? 10'h000 : _130_;
  assign _068_ = i__ready ? maximum_1 : maximum_2;
  assign _067_ = i__ready ? channel[60:53] : maximum_1;
  assign _066_ = i__ready ? minimum_7 : minimum;
  assign _065_ = i__ready ? minimum_6 : minimum_7;
  assign _064_ = i__ready ? minimum_5 : minimum_6;
  assign _062_ = i__ready ? minimum_4 : minimum_5;
  assign _061_ = i__ready ? minimum_3 : minimum_4;
  assign _060_ = i__ready ? minimum_2 : minimum_3;
  assign _075_ = i__ready ? maximum_7 : maximum;
  assign _059_ = i__ready ? minimum_1 : minimum_2;
  assign _058_ = i__ready ? channel[52:45] : minimum_1;
  assign _057_ = i__ready ? _006_ : rounded;
  assign _056_ = i__ready ? zero_point_6 : zero_point;
  assign _055_ = i__ready ? zero_point_5 : zero_point_6;
  assign _054_ = i__ready ? zero_point_4 : zero_point_5;
  assign _053_ = i__ready ? zero_point_3 : zero_point_4;
  assign _051_ = i__ready ? zero_point_2 : zero_point_3;
  assign _050_ = i__ready ? zero_point_1 : zero_point_2;
  assign _049_ = i__ready ? channel[44:37] : zero_point_1;
  assign _073_ = i__ready ? maximum_6 : maximum_7;
  assign _048_ = i__ready ? rounding_step : step;
  assign _047_ = i__ready ? _004_ : shifted;
  assign _046_ = i__ready ? middle_right : fine_right;
  assign _045_ = i__ready ? middle_carry : fine_carry;
  assign _044_ = i__ready ? middle_sign : fine_sign;
  assign _043_ = i__ready ? _129_ : fine_differs;
  assign _042_ = i__ready ? _122_ : fine_overflow;
  assign _041_ = i__ready ? _114_ : fine_bits;
  assign _072_ = i__ready ? maximum_5 : maximum_6;
  assign _040_ = i__ready ? coarse_right : middle_right;
  assign _039_ = i__ready ? coarse_shift : middle_shift;
  assign _038_ = i__ready ? coarse_carry : middle_carry;
  assign _037_ = i__ready ? coarse_sign : middle_sign;
  assign _036_ = i__ready ? _111_ : middle_differs;
  assign _035_ = i__ready ? _103_ : middle_overflow;
  assign _033_ = i__ready ? _095_ : middle_bits;
  assign _032_ = i__ready ? shift[5] : coarse_right;
  assign _071_ = i__ready ? maximum_4 : maximum_5;
  assign _031_ = i__ready ? shift : coarse_shift;
  assign _030_ = i__ready ? product[30] : coarse_carry;
  assign _029_ = i__ready ? product[62] : coarse_sign;
  assign _028_ = i__ready ? _093_ : coarse_differs;
  assign _027_ = i__ready ? _089_ : coarse_overflow;
  assign o__valid = stage_valid[9];
endmodule

End of script. Logfile hash: f408a6bd10, CPU: user 0.02s system 0.00s
Amaranth Yosys 0.50 (PyPI ver 0.50.0.0.post130, git sha1 b5170e139)
Time spent: 20% 2x opt_expr (0 sec), 20% 1x opt_clean (0 sec), ...
