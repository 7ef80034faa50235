// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules that check goes by when it is given none. `s2stat check
 * --show-rules` prints them, to begin one's own with.
 */
#include "default.h"

const char rules_default[] =
	"# Rules of s2stat check. docs/rules.md tells what can be written here.\n"
	"\n"
	"# Every table page is given back before its VM is gone.\n"
	"rule tables_gone: tables_live == 0 at destroy\n"
	"\n"
	"# A fault adds a mapping; it never costs the translations of a whole VM.\n"
	"rule no_wide_flush_for_a_fault:\n"
	"	never s2_flush with scope == vmid and reason == fault\n"
	"\n"
	"# More of what one may want; take away the number sign.\n"
	"# rule flush_budget: flushes.total <= 500 over 1s\n"
	"# rule few_lost_races: faults.again * 10 <= faults.total over 10s\n"
	"# rule quick_faults: fault_events.p99 <= 40 at end\n"
	"# rule small_vms for vm \"ci-*\": tables_alloc < 10000 at destroy\n"
	"# waive flush_budget for \"noisy\" until 2027-01-31 because \"balloons\" see \"https://...\"\n";
