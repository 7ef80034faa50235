# SPDX-License-Identifier: GPL-2.0-only
#
# s2stat: every job of the project, by name. `make help` lists them.
# All output goes under build/; what is missing is installed by scripts/deps.

SHELL := /bin/bash
.DEFAULT_GOAL := help

ARM64_SYSROOT := $(CURDIR)/build/arm64/sysroot
PREFIX ?= /usr/local
export KSRC KDEB CONFIG

.PHONY: help run check check-full check-unit kernel kernel-upstream \
	kernel-observed kernel-observed-newest kernel-debug kernel-kcsan kernel-inject kernel-silent kernel-deb \
	series selftests s2stat s2stat-arm64 \
	s2stat-arm64-dynamic guest lint bench install deb deb-arm64 deps \
	arm64-root arm64-sysroot arm64-debian clean distclean

help:
	@echo 'make run              the whole thing: kernel, tools, an emulated Arm host, two guests, live views'
	@echo 'make run TUI=1        the same, and leaves you in the live view'
	@echo 'make check            every test (installs what is missing)'
	@echo 'make check-full       and what takes hours: all selftests, soak, debug kernels, the series'
	@echo 'make check-unit       host-only tests, no kernel build'
	@echo 'make lint             checkpatch, sparse, shellcheck'
	@echo 'make kernel           our arm64 kernel          build/kernel-s2'
	@echo 'make kernel-upstream  same source and config without our series'
	@echo 'make kernel-observed  upstream stage-2 with our tracepoints only'
	@echo 'make kernel-observed-newest  the same in the newest Linux that Debian offers'
	@echo 'make kernel-debug     ours with KASAN, lockdep, DEBUG_VM'
	@echo 'make kernel-kcsan     ours with KCSAN'
	@echo 'make kernel-inject    ours with faults to switch on; for tests only'
	@echo 'make kernel-silent    ours without its events; to measure what they cost'
	@echo 'make kernel-deb       Debian packages of ours   build/deb   (CONFIG=FILE: configured like FILE)'
	@echo 'make series           both series on each 6.12 source package that Debian offers'
	@echo "make selftests        KVM's own selftests, ours and upstream side by side (SELECT=full: all)"
	@echo 'make s2stat           the tool for this machine build/s2stat'
	@echo 'make s2stat-arm64     the tool, static aarch64  build/s2stat-arm64'
	@echo 'make deb              s2stat as a Debian package for this machine   build/deb'
	@echo 'make deb-arm64        the same for an Arm host, with the static program'
	@echo 'make guest            test programs for the host build/guest'
	@echo 'make bench            measures, ours beside upstream: docs/performance.md (PARTS="model", FULL=1)'
	@echo 'make deps             install what is missing (as root)'
	@echo 'make clean, distclean remove outputs, remove build/'
	@echo 'KSRC=path             another Linux tree or tarball (6.12; 7.3 for kernel-observed)'

deps:
	@scripts/deps

kernel: deps
	@scripts/kernel s2

kernel-upstream kernel-observed kernel-debug kernel-kcsan kernel-inject \
kernel-silent kernel-deb: kernel-%: deps
	@scripts/kernel $*

kernel-observed-newest: deps
	@scripts/kernel observed --suite newest

series: deps arm64-root
	@scripts/series

selftests: kernel kernel-upstream arm64-root
	@scripts/selftests
	@tests/vm/selftests --select $(or $(SELECT),quick)

arm64-root arm64-sysroot arm64-debian: arm64-%: deps
	@scripts/arm64 $*

s2stat: deps
	@$(MAKE) -C tools/s2stat OUT=$(CURDIR)/build/s2stat

s2stat-arm64: arm64-sysroot
	@$(MAKE) -C tools/s2stat CROSS=aarch64 SYSROOT=$(ARM64_SYSROOT) \
		OUT=$(CURDIR)/build/s2stat-arm64

s2stat-arm64-dynamic: arm64-sysroot arm64-root
	@$(MAKE) -C tools/s2stat CROSS=aarch64 SYSROOT=$(ARM64_SYSROOT) \
		SHARED=$(CURDIR)/build/arm64/root \
		OUT=$(CURDIR)/build/s2stat-arm64-dynamic

guest: deps
	@$(MAKE) -C tests/guest OUT=$(CURDIR)/build/guest

check-unit: deps
	@$(MAKE) --no-print-directory -j$(shell nproc) -Otarget -C tests/unit check

lint: kernel
	@scripts/lint

check:
	@scripts/check

check-full:
	@FULL=1 scripts/check

run:
	@scripts/demo

bench: deps
	@scripts/bench $(PARTS)

deb: deps
	@scripts/deb

deb-arm64: arm64-sysroot
	@scripts/deb arm64

install: s2stat
	@$(MAKE) -C tools/s2stat OUT=$(CURDIR)/build/s2stat PREFIX=$(PREFIX) install

clean:
	rm -rf build/s2stat build/s2stat-arm64 build/guest build/unit build/vm \
		build/kernel-*.log build/src/linux-*/out

distclean:
	rm -rf build
