/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest: one page of position-independent code at EL1, MMU off. It takes
 * a job from its mailbox, does it, rings the doorbell, takes the next.
 *
 * On entry x20 is the mailbox, x21 the doorbell. With the MMU off every data
 * access is Device memory: aligned, in order, and never merged, so that each
 * page is touched by exactly the accesses written here. A plain ldr/str of one
 * register is used throughout, for only these give KVM a valid syndrome when
 * they turn out to be MMIO.
 */
#include "payload.h"

	.section .rodata
	.balign	4096
	.globl	payload_start, payload_end
payload_start:
	adr	x0, vectors
	msr	vbar_el1, x0
	isb
take:
	ldr	x1, [x20, #MB_JOB]
	ldr	x2, [x20, #MB_IPA]
	ldr	x3, [x20, #MB_COUNT]
	ldr	x4, [x20, #MB_STRIDE]
	ldr	x5, [x20, #MB_VALUE]
	ldr	x6, [x20, #MB_STEP]
	mov	x7, #0
	cmp	x1, #JOB_WRITE
	b.eq	write
	cmp	x1, #JOB_READ
	b.eq	read
	cmp	x1, #JOB_EXEC
	b.eq	exec
	cmp	x1, #JOB_SPIN
	b.eq	spin
	cmp	x1, #JOB_READ32
	b.eq	read32
	cmp	x1, #JOB_MMU
	b.eq	mmu
done:
	str	x7, [x20, #MB_BAD]
	dsb	sy
	mov	x0, #0
	str	x0, [x21, #BELL_DONE]
	b	take

write:
	cbz	x3, done
	str	x5, [x2]
	add	x2, x2, x4
	add	x5, x5, x6
	sub	x3, x3, #1
	b	write

read:
	cbz	x3, done
	ldr	x0, [x2]
	cmp	x0, x5
	b.eq	1f
	bl	mismatch
1:	add	x2, x2, x4
	add	x5, x5, x6
	sub	x3, x3, #1
	b	read

	/* What is called returns a value in x0 and changes nothing else. */
exec:
	cbz	x3, done
	blr	x2
	cmp	x0, x5
	b.eq	1f
	bl	mismatch
1:	add	x2, x2, x4
	add	x5, x5, x6
	sub	x3, x3, #1
	b	exec

spin:
	str	x5, [x2]
	mov	x8, #0
1:	ldr	x0, [x2]
	cmp	x0, x5
	b.eq	2f
	bl	mismatch
2:	str	x5, [x2]
	add	x8, x8, #1
	str	x8, [x20, #MB_ROUNDS]
	ldr	x0, [x20, #MB_STOP]
	cbz	x0, 1b
	b	done

read32:
	ldr	w0, [x2]
	str	x0, [x20, #MB_GOT]
	b	done

	/* 39 bits of input, 40 of output, 4 KB pages, all of it cacheable. */
mmu:
	msr	ttbr0_el1, x2
	mov	x0, #0xff
	msr	mair_el1, x0
	ldr	x0, =(25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | 2 << 32)
	msr	tcr_el1, x0
	isb
	tlbi	vmalle1
	dsb	nsh
	isb
	mrs	x0, sctlr_el1
	mov	x8, #(1 << 0 | 1 << 2)
	orr	x0, x0, x8
	orr	x0, x0, #(1 << 12)
	msr	sctlr_el1, x0
	isb
	b	done
	.ltorg

mismatch:
	add	x7, x7, #1
	str	x2, [x20, #MB_BAD_IPA]
	str	x0, [x20, #MB_GOT]
	ret

fault:
	mrs	x0, esr_el1
	str	x0, [x20, #MB_ESR]
	mrs	x0, far_el1
	str	x0, [x20, #MB_FAR]
	mrs	x0, elr_el1
	str	x0, [x20, #MB_ELR]
	dsb	sy
	str	x0, [x21, #BELL_FAULT]
1:	wfi
	b	1b

	.balign	2048
vectors:
	.rept	16
	.balign	128
	b	fault
	.endr
	/* An error here says that the payload has outgrown its page. */
	.org	payload_start + 4096
payload_end:

	.section .note.GNU-stack, "", %progbits
