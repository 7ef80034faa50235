# SPDX-License-Identifier: GPL-2.0-only
#
# Builds and runs the bench of s2stat's model: make -f tests/bench/model.mk
# [EVENTS=n] [MMUS=n]. Optimised as s2stat is, without sanitizers.

Q	:= $(if $(V),,@)
HERE	:= $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
ROOT	:= $(abspath $(HERE)/../..)
TOOL	:= $(ROOT)/tools/s2stat
OUT	?= $(ROOT)/build/bench
CFLAGS	?= -O2 -g
EVENTS	?= 100000000
MMUS	?= 8

MODEL	:= $(patsubst %,$(TOOL)/model/%.c,apply_fault apply_op apply_table debt \
	     event find map mmu pte reorder replay slot snapshot span table \
	     trail vmid)
SRC	:= $(HERE)bench_model.c $(MODEL) $(wildcard $(TOOL)/invariants/*.c \
	   $(TOOL)/rules/*.c)

run: $(OUT)/bench_model
	$(OUT)/bench_model $(EVENTS) $(MMUS)

$(OUT)/bench_model: $(SRC) $(wildcard $(TOOL)/model/*.h $(TOOL)/invariants/*.h)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror $(CFLAGS) \
		-I$(TOOL) -o $@ $(SRC)

.PHONY: run
