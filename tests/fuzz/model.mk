# SPDX-License-Identifier: GPL-2.0-only
#
# Fuzzers of s2stat's model and rules: make -f tests/fuzz/model.mk smoke (ten
# seconds each; SECONDS=) or long (MINUTES= of CPU each).

Q	:= $(if $(V),,@)
HERE	:= $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
ROOT	:= $(abspath $(HERE)/../..)
TOOL	:= $(ROOT)/tools/s2stat
OUT	?= $(ROOT)/build/fuzz
CLANG	?= clang
SECONDS	?= 10
MINUTES	?= 10

SAN	:= -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
MODEL_C	:= -std=gnu17 -D_GNU_SOURCE -O1 -g1 -Wall -Wextra -Werror $(SAN) \
	   -I$(TOOL)
MODEL	:= $(patsubst %,$(TOOL)/model/%.c,apply_fault apply_op apply_table debt \
	     event find map mmu pte reorder replay slot snapshot span table \
	     trail vmid) $(wildcard $(TOOL)/invariants/*.c $(TOOL)/rules/*.c)
TARGETS	:= fuzz_model fuzz_rules

all: $(TARGETS:%=$(OUT)/%)

smoke: TIME = $(SECONDS)
long: TIME = $$(($(MINUTES) * 60))
smoke long: all
	@for t in $(TARGETS); do \
		mkdir -p $(OUT)/corpus_$$t; \
		echo "== fuzz: $$t"; \
		(cd $(OUT) && ./$$t -max_len=4096 -timeout=20 -close_fd_mask=1 \
			-dict=$(HERE)rules.dict -max_total_time=$(TIME) \
			-print_final_stats=1 corpus_$$t >$$t.log 2>&1) || \
			{ tail -40 $(OUT)/$$t.log; exit 1; }; \
		grep -E 'DONE|number_of_executed_units' $(OUT)/$$t.log; \
	done

$(OUT)/fuzz_%: $(HERE)fuzz_%.c $(MODEL) \
		$(wildcard $(TOOL)/model/*.h $(TOOL)/invariants/*.h $(TOOL)/rules/*.h)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(MODEL_C) -o $@ $< $(MODEL)

.PHONY: all smoke long
