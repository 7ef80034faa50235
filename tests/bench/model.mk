# SPDX-License-Identifier: GPL-2.0-only
#
# Builds what measures s2stat on this machine, optimised as s2stat is, without
# sanitizers:
#
#	make -f tests/bench/model.mk [run] [EVENTS=n] [MMUS=n]
#		the bench of the model, and runs it
#	make -f tests/bench/model.mk tools
#		that and the generator of recordings, under build/bench

Q	:= $(if $(V),,@)
HERE	:= $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
ROOT	:= $(abspath $(HERE)/../..)
TOOL	:= $(ROOT)/tools/s2stat
OUT	?= $(ROOT)/build/bench
CFLAGS	?= -O2 -g
EVENTS	?= 100000000
MMUS	?= 8
BUILD	:= $(CC) -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror $(CFLAGS) -I$(TOOL)

MODEL	:= $(wildcard $(TOOL)/model/*.c)
SRC	:= $(HERE)bench_model.c $(MODEL) $(wildcard $(TOOL)/invariants/*.c \
	   $(TOOL)/rules/*.c)
GEN	:= $(HERE)gen_trace.c $(wildcard $(TOOL)/trace/*.c) $(MODEL) \
	   $(TOOL)/source/failure.c
HEADERS	:= $(wildcard $(TOOL)/*/*.h)

run: $(OUT)/bench_model
	$(OUT)/bench_model $(EVENTS) $(MMUS)

tools: $(OUT)/bench_model $(OUT)/gen_trace

$(OUT)/bench_model: $(SRC) $(HEADERS)
	@mkdir -p $(@D)
	$(Q)$(BUILD) -o $@ $(SRC) -lm

$(OUT)/gen_trace: $(GEN) $(HEADERS)
	@mkdir -p $(@D)
	$(Q)$(BUILD) -o $@ $(GEN) -lzstd -lz -lm

.PHONY: run tools
