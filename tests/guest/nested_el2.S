/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest hypervisor of nested.c: a page at EL2, MMU off. It enters its guest,
 * whose registers have been set, and tells what came back, which nothing should.
 */
#include "payload.h"

	.section .rodata
	.balign	4096
	.globl	nested_el2, nested_el2_end
nested_el2:
	.rept	16
	.balign	128
	b	fault
	.endr

	.globl	nested_el2_entry
nested_el2_entry:
	eret

fault:
	mrs	x0, esr_el2
	str	x0, [x20, #MB_ESR]
	mrs	x0, far_el2
	str	x0, [x20, #MB_FAR]
	mrs	x0, elr_el2
	str	x0, [x20, #MB_ELR]
	dsb	sy
	str	x0, [x21, #BELL_FAULT]
1:	wfi
	b	1b
nested_el2_end:

	.section .note.GNU-stack, "", %progbits
