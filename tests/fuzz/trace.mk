# SPDX-License-Identifier: GPL-2.0-only
#
# The fuzzer of s2stat's reader of recordings; included by Makefile, whose
# fuzz-smoke and fuzz-long run it as well.

TOOL	:= $(ROOT)/tools/s2stat
TRACE_C	:= -std=gnu17 -D_GNU_SOURCE -O1 -g1 -Wall -Wextra -Werror \
	   -Wno-sign-compare -MMD -MP $(SAN) -I$(TOOL)
TRACE_OBJS := $(patsubst %,$(OUT)/tool/%.o,trace/reader trace/inblock \
	     trace/block trace/codec trace/table trace/head model/event \
	     model/vmm model/map model/tally source/failure) \
	     $(OUT)/tool/fuzz_trace.o
TRACE_RUN := ./fuzz_trace -max_len=8192 -timeout=20 -close_fd_mask=1

all: $(OUT)/fuzz_trace

fuzz_trace: $(OUT)/fuzz_trace

fuzz-smoke: fuzz-smoke-trace
fuzz-long: fuzz-long-trace

fuzz-smoke-trace: $(OUT)/fuzz_trace
	@mkdir -p $(OUT)/corpus-trace
	@echo "== fuzz: trace, $(SECONDS) s"
	@cd $(OUT) && $(TRACE_RUN) -max_total_time=$(SECONDS) \
		-print_final_stats=1 corpus-trace $(HERE)corpus/trace \
		>fuzz_trace.log 2>&1 || { tail -40 fuzz_trace.log; exit 1; }
	@grep -E 'DONE|number_of_executed_units' $(OUT)/fuzz_trace.log

fuzz-long-trace: $(OUT)/fuzz_trace
	@mkdir -p $(OUT)/corpus-trace
	@echo "== fuzz: trace, ten CPU-minutes"
	@cd $(OUT) && $(TRACE_RUN) -fork=2 -max_total_time=300 \
		corpus-trace $(HERE)corpus/trace >fuzz_trace.log 2>&1 || \
		{ tail -40 fuzz_trace.log; exit 1; }
	@grep -E '^#[0-9]' $(OUT)/fuzz_trace.log | tail -1

$(OUT)/fuzz_trace: $(TRACE_OBJS)
	$(Q)$(CLANG) $(SAN) -o $@ $^ -lzstd -lz

$(OUT)/tool/fuzz_trace.o: $(HERE)fuzz_trace.c
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(TRACE_C) -c -o $@ $<

$(OUT)/tool/%.o: $(TOOL)/%.c
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(TRACE_C) -c -o $@ $<

-include $(TRACE_OBJS:.o=.d)

.PHONY: fuzz_trace fuzz-smoke-trace fuzz-long-trace
