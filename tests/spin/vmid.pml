/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VMID allocator of kernel/s2/vmid.c: two CPUs load and put the vCPUs of
 * three VMs, and there are two numbers. Spin walks through every interleaving.
 *
 * One transition is one access to what others look at without vmids.lock, in
 * the order of the code; what only the holder of the lock looks at changes
 * along with it. A comment "function: statement" names the statement a
 * transition stands for; check.py compares these comments with vmid.c, both
 * ways, so the model cannot fall behind the code.
 *
 * What is simplified, and why nothing is lost by it:
 *  - The code compares generations for equality only. So they have names
 *    here, not numbers, and an id of a dead generation that is reserved nowhere,
 *    so that nothing can make it current again, is as good as none. There are
 *    finitely many states without a bound on the rollovers.
 *  - The generation also turns at any time without need ("elsewhere"), as if
 *    by CPUs and VMs beyond these: more happens than in the kernel, not less.
 *  - A guest fills the TLB at once and as long as it runs. If a stale entry
 *    can hurt at all, it hurts in such a run.
 *  - Memory is sequentially consistent. What the barrier in rollover() is for
 *    can still be seen: ACTIVE_FIRST is what might happen without it.
 *
 * With FAULT and one of the names that check.py lists the model has a fault,
 * and a property must break.
 */
#define CPUS	2
#define VMS	3
#define NUMBERS	2	/* 1 and 2; 0 is the host's */
#define NOBODY	VMS

/*
 * An id is generation and number in one word, as in vmid->id. 0: never any.
 * Generations: 1 is the current one, 2 that of reserved[0], 3 that of
 * reserved[1] if it is another, 4 the one that is just ending.
 */
#define ID(g, n)	((g) << 2 | (n))
#define NUMBER(id)	((id) & 3)
#define GENERATION(id)	((id) >> 2)
#define IDLE		ID(30, 0)	/* VMID_IDLE */
#define CURRENT(id)	(GENERATION(id) == 1)

/* struct vmid_space and its neighbours */
byte used;			/* bit n: number n is taken */
byte next = 1;
byte lock;			/* 1 + the CPU that holds it */
byte actives[CPUS];
byte reserved[CPUS];
byte vmid[VMS];			/* vmid->id */

/* What the CPUs are at */
byte vm[CPUS] = NOBODY;		/* whose vCPU it is loading or has loaded */
byte id[CPUS];			/* locals of kvm_arm_vmid_update() */
bool seen[CPUS];
byte hw[CPUS];			/* the number in VTTBR_EL2 while it counts */
byte tlb[NUMBERS + 1];		/* by number: bit v: translations of VM v */

#define must(condition, property)				\
	if							\
	:: condition						\
	:: else ->						\
		printf("VIOLATED "); printf(#property);		\
		printf("\n"); assert(false)			\
	fi

/* ---- what must hold ---------------------------------------------------- */

/* The number for which CPU c may claim to be known to the allocator. */
#define CLAIM(c)	(actives[c] -> NUMBER(actives[c]) : NUMBER(reserved[c]))

inline check_entry(me, word)
{
	/* VMIDX: the host's number */
	must(hw[me] != 0, host_number);
	/* VMIDX: two VMs never at once, and never one VM under two numbers */
	must((vm[1 - me] == NOBODY) || !hw[1 - me] ||
	     ((hw[0] == hw[1]) == (vm[0] == vm[1])), one_number_one_vm);
	/*
	 * VMIDX: a dead generation. The number is of the current one, or it is
	 * reserved for us, or a rollover is on the way to our 'active'.
	 */
	must(CURRENT(word) || CLAIM(me) == hw[me], generation_alive);
	/* VMIDG: whoever had the number is in no TLB any more */
	must((tlb[hw[me]] & ~(1 << vm[me])) == 0, changed_owner_after_flush);
}

/* While nobody holds the lock, what a CPU runs with is taken. */
#define TAKEN(c)	(!hw[c] || (used & (1 << hw[c])))

/* ---- the hardware ------------------------------------------------------ */

inline fill_tlb(c)
{
	tlb[hw[c]] = tlb[hw[c]] | (hw[c] -> (1 << vm[c]) : 0)
}

/* VTTBR_EL2 is made of vmid->id, read anew (kvm_get_vttbr()). */
inline enter_guest(me, word)
{
	d_step {
		hw[me] = NUMBER(word);
		check_entry(me, word);
		fill_tlb(me)
	}
}

inline invalidate_all()
{
	d_step {
		tlb[1] = 0;
		tlb[2] = 0;
		fill_tlb(0);
		fill_tlb(1);
		tlb[0] = 0
	}
}

/* ---- vmid.c ------------------------------------------------------------ */

inline rename(x, from, to)
{
	x = (GENERATION(x) == from -> ID(to, NUMBER(x)) : x)
}

inline rename_all(from, to)
{
	rename(vmid[0], from, to);
	rename(vmid[1], from, to);
	rename(vmid[2], from, to);
	rename(actives[0], from, to);
	rename(actives[1], from, to);
	rename(reserved[0], from, to);
	rename(reserved[1], from, to);
	rename(id[0], from, to);
	rename(id[1], from, to)
}

/* In a model with a fault even the number of what is dead may matter. */
#ifdef FAULT
#define BURIED(x)	(x -> ID(6, NUMBER(x)) : 0)
#else
#define BURIED(x)	0
#endif

#define BURY(x)								\
	x = (CURRENT(x) || x == reserved[0] || x == reserved[1] -> x : BURIED(x))

/* The rollover is over: new names, and none for the dead. */
inline name_generations()
{
	BURY(vmid[0]);
	BURY(vmid[1]);
	BURY(vmid[2]);
	BURY(id[0]);
	BURY(id[1]);
	got = GENERATION(reserved[0]);
	if
	:: NUMBER(reserved[0]) -> rename_all(got, 5)
	:: else
	fi;
	got = GENERATION(reserved[1]);
	if
	:: NUMBER(reserved[1]) && got != 5 -> rename_all(got, 3)
	:: else
	fi;
	rename_all(5, 2);
	got = 0
}

/* use_number: if (number && !__test_and_set_bit(number, vmids.used)) */
#define USE(n)	used = used | (1 << (n)) & ~1

inline begin_rollover()
{
	d_step {
#ifndef ACTIVE_FIRST
		/* rollover: u64 old = atomic64_read(&vmids.generation), id; */
		/* rollover: atomic64_set(&vmids.generation, old + vmid_count()); */
		rename_all(1, 4);
#endif
		/* rollover: bitmap_zero(vmids.used, vmid_count()); */
		/* rollover: __set_bit(0, vmids.used); */
		used = 0
	}
}

/* rollover: for_each_possible_cpu(cpu) { */
inline collect(c)
{
	d_step {
		/* rollover: id = atomic64_xchg(per_cpu_ptr(&active, cpu), 0); */
		got = actives[c];
		actives[c] = 0;
		/* rollover: if (!id) */
		/* rollover: id = per_cpu(reserved, cpu); */
#ifndef FORGET_RESERVED
		got = (got -> got : reserved[c]);
#endif
#ifdef NO_RESERVE
		got = 0;
#endif
		/* rollover: per_cpu(reserved, cpu) = id; */
		reserved[c] = got;
		/* rollover: use_number(vmid_number(id)); */
#ifndef LEFT_FREE
		USE(NUMBER(got));
#endif
		got = 0
	}
}

inline end_rollover()
{
	d_step {
#ifdef ACTIVE_FIRST
		rename_all(1, 4);
#endif
		name_generations();
		/* rollover: vmids.next = 1; */
		next = 1;
#if !defined(NO_FLUSH) && !defined(FLUSH_LATE)
		/* rollover: s2_flush_all(ctx); */
		invalidate_all()
#endif
	}
}

inline rollover()
{
	begin_rollover();
	collect(0);
	collect(1);
	end_rollover()
}

/* renew_reserved: for_each_possible_cpu(cpu) { */
inline renew(c, old, new)
{
	if
	/* renew_reserved: if (per_cpu(reserved, cpu) == id) { */
#ifdef RENEW_FIRST_ONLY
	:: !found && reserved[c] == old ->
#else
	:: reserved[c] == old ->
#endif
		/* renew_reserved: per_cpu(reserved, cpu) = new; */
		reserved[c] = new;
		/* renew_reserved: found = true; */
		found = true
	:: else
	fi
}

inline first_free(from)
{
	got = from;
	do
	:: got <= NUMBERS && (used & (1 << got)) -> got++
	:: else -> break
	od
}

/* id[me] is the VMID that the MMU had, and in the end the one it has. */
inline try_number(me)
{
	found = false;
	if
	/* allocate: u64 generation = atomic64_read(&vmids.generation); */
	/* allocate: if (number && renew_reserved(old, generation | number)) */
	:: NUMBER(id[me]) ->
		old = id[me];
		renew(0, old, ID(1, NUMBER(old)));
		renew(1, old, ID(1, NUMBER(old)));
		old = 0
	:: else
	fi;
	if
	/* allocate: return generation | number; */
	:: found -> got = NUMBER(id[me])
	/* allocate: number = find_next_zero_bit(vmids.used, vmid_count(), vmids.next); */
	:: else -> first_free(next)
	fi
}

inline roll_over_if_none(me)
{
	if
	/* allocate: if (number >= vmid_count()) { */
	:: got > NUMBERS ->
		got = 0;
		/* allocate: rollover(ctx); */
		rollover();
		d_step {
			/* allocate: generation = atomic64_read(&vmids.generation); */
			/* allocate: number = find_next_zero_bit(vmids.used, vmid_count(), 1); */
			first_free(1);
			must(got <= NUMBERS, a_number_is_left)
		}
	:: else
	fi
}

inline take_number(me)
{
	if
	:: !found ->
		/* allocate: use_number(number); */
		USE(got);
		/* allocate: vmids.next = number + 1; */
		next = got + 1
	:: else
	fi;
	id[me] = ID(1, got);
	got = 0;
	found = false
}

inline update_slow(me)
{
	d_step {
		/* update_slow: raw_spin_lock_irqsave(&vmids.lock, flags); */
		lock == 0;
		lock = 1 + me;
		/* update_slow: old = atomic64_read(&vmid->id); */
		seen[me] = false;
		id[me] = vmid[vm[me]];
		/* update_slow: if (!vmid_current(old)) { */
		if
		:: CURRENT(id[me]) -> found = true; got = NUMBER(id[me])
		/* update_slow: id = allocate(ctx, old); */
		:: else -> try_number(me)
		fi
	}
	roll_over_if_none(me);
	d_step {
		take_number(me);
#ifdef GENERATION_FIRST
		vmid[vm[me]] = ID(1, NUMBER(vmid[vm[me]]))
	}
	d_step {
#endif
#ifndef PUBLISH_LATE
		/* update_slow: atomic64_set(&vmid->id, id); */
		vmid[vm[me]] = id[me]
#endif
	};
	d_step {
		/* update_slow: atomic64_set(this_cpu_ptr(&active), id); */
		actives[me] = id[me];
		/* update_slow: raw_spin_unlock_irqrestore(&vmids.lock, flags); */
		must(TAKEN(0) && TAKEN(1), running_number_is_taken);
		lock = 0
	};
#ifdef FLUSH_LATE
	invalidate_all()
#endif
}

/* Any VM's vCPU, as the scheduler likes. */
inline schedule(me, v)
{
	d_step {
		vm[me] = v;
		/* kvm_arm_vmid_update: u64 id = atomic64_read(&vmid->id); */
		id[me] = vmid[v]
	}
}

inline vmid_update(me)
{
	/* kvm_arm_vmid_update: u64 seen = atomic64_read(mine); */
	seen[me] = (actives[me] != 0);
	if
	/* kvm_arm_vmid_update: if (!seen || !vmid_current(id) || */
#ifdef PLAIN_STORE
	:: CURRENT(id[me]) -> actives[me] = id[me]
	:: else -> update_slow(me)
#else
	:: !seen[me] -> update_slow(me)
	:: seen[me] ->
		if
		:: !CURRENT(id[me]) -> update_slow(me)
		:: CURRENT(id[me]) ->
			/* kvm_arm_vmid_update: !atomic64_cmpxchg_relaxed(mine, seen, id)) */
			if
			:: d_step { actives[me] -> actives[me] = id[me] }
			/* kvm_arm_vmid_update: id = update_slow(mmu->s2, vmid); */
			:: else -> update_slow(me)
			fi
		fi
#endif
	fi;
#ifndef PUBLISH_LATE
	d_step { id[me] = 0; seen[me] = false }
#endif
}

/* ---- who does all this ------------------------------------------------- */

active [CPUS] proctype cpu()
{
	byte got, old;
	bool found;

	do
	::	if
		:: schedule(_pid, 0)
		:: schedule(_pid, 1)
		:: schedule(_pid, 2)
		fi;
		vmid_update(_pid);
#ifndef PUBLISH_LATE
		enter_guest(_pid, vmid[vm[_pid]]);
#else
		enter_guest(_pid, id[_pid]);
		d_step {
			vmid[vm[_pid]] = id[_pid];
			id[_pid] = 0;
			seen[_pid] = false
		};
#endif
		/* VHE makes VTTBR_EL2 once, nVHE anew with every entry. */
		do
		:: enter_guest(_pid, vmid[vm[_pid]])
		:: break
		od;
		hw[_pid] = 0;
		d_step {
#ifndef STAY_ACTIVE
			/* kvm_arm_vmid_clear_active: atomic64_set(this_cpu_ptr(&active), VMID_IDLE); */
			actives[_pid] = IDLE;
#endif
			vm[_pid] = NOBODY
		}
	od
}

/* The generation turns for reasons that lie outside of these CPUs and VMs. */
active proctype elsewhere()
{
	byte got;

	do
	:: atomic { lock == 0 -> lock = 1 + _pid };
		rollover();
		lock = 0
	od
}
