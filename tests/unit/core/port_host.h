/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The core's surroundings on the host: kernel primitives it uses, in the
 * simplest form that serves one thread, and the s2_port_*() of an emulated
 * machine (host.c): physical memory, TLBs, CPUs.
 *
 * Several CPUs are emulated by one thread: host_cpu says which one runs.
 */
#ifndef S2_PORT_HOST_H
#define S2_PORT_HOST_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef int32_t s32;
typedef unsigned long long u64;
typedef long long s64;

#ifndef PAGE_SHIFT
#define PAGE_SHIFT	12
#endif
#define PAGE_SIZE	(1UL << PAGE_SHIFT)
#define PAGE_MASK	(~(PAGE_SIZE - 1))

#define BIT(n)			(1UL << (n))
#define BIT_ULL(n)		(1ULL << (n))
#define GENMASK_ULL(h, l)	((~0ULL >> (63 - (h))) & (~0ULL << (l)))
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member)					\
	((type *)((char *)(ptr) - offsetof(type, member)))

#define sizeof_field(type, member)	sizeof(((type *)0)->member)
#define static_assert(expr)	_Static_assert(expr, #expr)

#define __init
#define __ro_after_init
#define GFP_KERNEL		0

/* A broken promise of the core's or of the machine's: the test fails. */
void host_fail(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));
bool host_warn(bool cond, const char *what, const char *file, int line);

#define WARN_ON(cond)		host_warn(cond, #cond, __FILE__, __LINE__)
#define WARN_ON_ONCE(cond)	WARN_ON(cond)
#define pr_warn(...)		host_pr_warn(__VA_ARGS__)

void host_pr_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* One thread: a plain access that the compiler may not repeat will do. */
#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, val)	(*(volatile __typeof__(x) *)&(x) = (val))
#define smp_mb()		__sync_synchronize()

/* The core exchanges descriptors only; another CPU may do so before us. */
#define cmpxchg(ptr, old, new)	host_cmpxchg(ptr, old, new)
#define xchg(ptr, new)							\
	__atomic_exchange_n(ptr, (__typeof__(*(ptr)))(new), __ATOMIC_SEQ_CST)

u64 host_cmpxchg(u64 *ptr, u64 old, u64 new);

typedef struct { s32 val; } atomic_t;
typedef struct { u64 val; } atomic64_t;

#define noinline		__attribute__((noinline))
#define atomic_read(a)		READ_ONCE((a)->val)
#define atomic_set(a, v)	WRITE_ONCE((a)->val, v)
#define atomic_inc_return(a)	__sync_add_and_fetch(&(a)->val, 1)
#define atomic_sub(n, a)		((void)__sync_sub_and_fetch(&(a)->val, n))
#define atomic_dec_return(a)	__sync_sub_and_fetch(&(a)->val, 1)
#define atomic64_read(a)	READ_ONCE((a)->val)
#define atomic64_set(a, v)	WRITE_ONCE((a)->val, v)
#define atomic64_add(v, a)	((void)__sync_add_and_fetch(&(a)->val, v))
#define atomic64_inc(a)		((void)__sync_add_and_fetch(&(a)->val, 1))
#define atomic64_inc_return(a)	__sync_add_and_fetch(&(a)->val, 1)
#define atomic64_xchg(a, v)	xchg(&(a)->val, v)
#define atomic64_cmpxchg_relaxed(a, old, new)				\
	host_cmpxchg_relaxed(a, old, new)

/* Between what the caller read and this, another CPU may come by. */
u64 host_cmpxchg_relaxed(atomic64_t *a, u64 old, u64 new);

struct list_head {
	struct list_head *next, *prev;
};

static inline void INIT_LIST_HEAD(struct list_head *list)
{
	list->next = list->prev = list;
}

static inline void list_add_tail(struct list_head *item, struct list_head *list)
{
	item->next = list;
	item->prev = list->prev;
	list->prev->next = item;
	list->prev = item;
}

static inline void list_del(struct list_head *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	item->next = item->prev = NULL;
}

static inline bool list_empty(const struct list_head *list)
{
	return list->next == list;
}

struct rcu_head {
	void *unused;
};

/*
 * A lock that knows whether it is held: taking it twice fails the test. What
 * a failed test left locked is free after host_reset().
 */
typedef struct { u32 held; } raw_spinlock_t;

extern u32 host_boots;

#define __RAW_SPIN_LOCK_UNLOCKED(name)	{ .held = 0 }
#define raw_spin_lock_irqsave(lock, flags)				\
do {									\
	(flags) = 0;							\
	if ((lock)->held == host_boots)					\
		host_fail("%s is taken twice", #lock);			\
	(lock)->held = host_boots;					\
} while (0)
#define raw_spin_unlock_irqrestore(lock, flags)				\
do {									\
	(void)(flags);							\
	(lock)->held = 0;						\
} while (0)

/*
 * Per-CPU variables: an array each, in a section of their own, so that
 * host_reset() can make all of them zero, as they are when a machine starts.
 */
#define HOST_CPUS	8

extern u32 host_cpu, host_cpus;

#define DEFINE_PER_CPU(type, name)					\
	__typeof__(type) name[HOST_CPUS]				\
		__attribute__((section("host_percpu"), used))
#define per_cpu(name, cpu)	(name[cpu])
#define per_cpu_ptr(ptr, cpu)	(&(*(ptr))[cpu])
#define this_cpu_ptr(ptr)	(&(*(ptr))[host_cpu])
#define num_possible_cpus()	host_cpus
#define for_each_possible_cpu(cpu)					\
	for ((cpu) = 0; (cpu) < (int)host_cpus; (cpu)++)

#define HOST_LONG_BITS		(8 * sizeof(unsigned long))

static inline bool __test_and_set_bit(u32 nr, unsigned long *map)
{
	unsigned long bit = BIT(nr % HOST_LONG_BITS);
	bool was = map[nr / HOST_LONG_BITS] & bit;

	map[nr / HOST_LONG_BITS] |= bit;
	return was;
}

static inline void __set_bit(u32 nr, unsigned long *map)
{
	__test_and_set_bit(nr, map);
}

static inline size_t host_map_longs(u32 bits)
{
	return (bits + HOST_LONG_BITS - 1) / HOST_LONG_BITS;
}

static inline void bitmap_zero(unsigned long *map, u32 bits)
{
	memset(map, 0, host_map_longs(bits) * sizeof(long));
}

static inline u32 find_next_zero_bit(const unsigned long *map, u32 bits,
				     u32 from)
{
	for (; from < bits; from++) {
		unsigned long word = map[from / HOST_LONG_BITS];

		if (!(from % HOST_LONG_BITS) && !~word)
			from += HOST_LONG_BITS - 1;
		else if (!(word & BIT(from % HOST_LONG_BITS)))
			return from;
	}
	return bits;
}

static inline unsigned long *bitmap_zalloc(u32 bits, int gfp)
{
	(void)gfp;
	return calloc(host_map_longs(bits), sizeof(long));
}

static inline void bitmap_free(unsigned long *map)
{
	free(map);
}

/* KVM's table cache, with room for what the tests put into it. */
#define HOST_CACHE_MAX	1024

struct kvm_mmu_memory_cache {
	int	nobjs;
	void	*objects[HOST_CACHE_MAX];
};

void *kvm_mmu_memory_cache_alloc(struct kvm_mmu_memory_cache *mc);
int kvm_mmu_topup_memory_cache(struct kvm_mmu_memory_cache *mc, int min);
void kvm_mmu_free_memory_cache(struct kvm_mmu_memory_cache *mc);

struct kvm_vmid {
	atomic64_t	id;
};

/* What struct s2_ctx embeds for Linux's readers; nothing here reads it. */
struct kvm_s2_mmu;

struct kvm_pgtable {
	u32			ia_bits;
	struct kvm_s2_mmu	*mmu;
};

/* The part of a VM's statistics that is ours. */
struct kvm_s2_stat {
	atomic64_t	leaves[3];
	atomic64_t	tables[4];
	atomic64_t	flushes[6];
	atomic64_t	faults[5];
	atomic64_t	vmid_rollovers;
};

struct s2_ctx;

struct kvm_s2_mmu {
	struct kvm_pgtable	*pgt;
	struct s2_ctx		*s2;
	u64			pgd_phys;
	struct kvm_vmid		vmid;
	struct kvm_s2_stat	stat;
};

extern unsigned int kvm_arm_vmid_bits;

u32 kvm_get_vmid_bits(void);
void kvm_arm_vmid_update(struct kvm_vmid *vmid);
void kvm_arm_vmid_clear_active(void);
int kvm_arm_vmid_alloc_init(void);
void kvm_arm_vmid_alloc_free(void);

/* The port; see port.h for what each has to do. */
void *s2_port_va(u64 pa);
u64 s2_port_pa(const void *va);
atomic_t *s2_port_count(const void *table);
struct list_head *s2_port_link(const void *table);
void *s2_port_of_link(struct list_head *link);
void s2_port_set_note(const void *table, u64 note);
u64 s2_port_note(const void *table);
void *s2_port_alloc_root(u32 pages);
void s2_port_free_root(void *root, u32 pages);
void s2_port_table_taken(void *table);
void s2_port_table_untaken(void *table);
void s2_port_free_table(void *table);
void s2_port_dcache_clean_inval(u64 pa, u64 size);
void s2_port_icache_inval(u64 pa, u64 size);
void s2_port_sync_walkers(void);
void s2_port_tlbi_ipa(struct kvm_s2_mmu *mmu, u64 ipa, s32 level);
void s2_port_tlbi_ipa_local(struct kvm_s2_mmu *mmu, u64 ipa, s32 level);
void s2_port_tlbi_range(struct kvm_s2_mmu *mmu, u64 ipa, u64 pages);
void s2_port_tlbi_vmid(struct kvm_s2_mmu *mmu);
void s2_port_tlbi_cpu_context(struct kvm_s2_mmu *mmu);
void s2_port_tlbi_all(void);
u32 s2_port_vmid_bits_wanted(void);
bool s2_port_needbreak(struct kvm_s2_mmu *mmu);
void s2_port_break(struct kvm_s2_mmu *mmu);

#define S2_PORT_TTL_UNKNOWN	INT_MAX
#define S2_PORT_RANGE_PAGES	(32ULL << 16)

/* TTL: granule in 47:46 (1 is 4K, 2 is 16K, 3 is 64K), level in 45:44. */
static inline u64 s2_port_ttl(s32 level)
{
	if (level < 0 || level > 3)
		return 0;

	return (u64)((((PAGE_SHIFT - 10) / 2) << 2) | level) << 44;
}

static inline u64 s2_port_vmid(struct kvm_s2_mmu *mmu)
{
	return atomic64_read(&mmu->vmid.id);
}

static inline struct kvm_s2_stat *s2_port_stat(struct kvm_s2_mmu *mmu)
{
	return &mmu->stat;
}

static inline u32 s2_port_vmid_bits(void)
{
	return kvm_arm_vmid_bits;
}

static inline s32 s2_port_vcpu(void)
{
	return host_cpu;
}

/* No host to take anything away: nothing ever was. */
static inline u64 s2_port_notifier_seq(struct kvm_s2_mmu *mmu)
{
	(void)mmu;
	return 0;
}

static inline s32 s2_port_cpu(void)
{
	return host_cpu;
}

/* The events, in the order of events.h; checker.c is who listens. */
bool host_listening(const char *event);
struct kvm_s2_mmu;
void host_s2_mmu_init(struct kvm_s2_mmu *mmu, u64 seq, s32 ipa_bits,
		      s32 start_level, u64 granule, u64 root_pa,
		      s32 root_pages, s32 nested, s32 features);
void host_s2_mmu_free(struct kvm_s2_mmu *mmu, u64 seq, u64 root_pa,
		      u64 tables_alloc, u64 tables_freed, s64 tables_live);
void host_s2_op_begin(struct kvm_s2_mmu *mmu, u64 seq, u64 op, s32 kind,
		      s32 reason, u64 ipa, u64 end, s32 lock, s32 may_block,
		      u64 notifier_seq);
void host_s2_op_end(struct kvm_s2_mmu *mmu, u64 seq, u64 op, s32 kind,
		    s32 reason, s32 result, u64 entries, u64 resched,
		    u64 deferred);
void host_s2_table_alloc(struct kvm_s2_mmu *mmu, u64 seq, u64 op, u64 table,
			 s32 level, u64 ipa);
void host_s2_table_free(struct kvm_s2_mmu *mmu, u64 seq, u64 op, u64 table,
			s32 level, u64 ipa, s32 count, s32 deferred);
void host_s2_set(struct kvm_s2_mmu *mmu, u64 seq, u64 op, u64 ipa, s32 level,
		 u64 table, s32 index, u64 old, u64 new, s32 count);
void host_s2_clear(struct kvm_s2_mmu *mmu, u64 seq, u64 op, u64 ipa, s32 level,
		   u64 table, s32 index, u64 old, u64 new, s32 count);
void host_s2_flush(struct kvm_s2_mmu *mmu, u64 seq, u64 op, s32 scope, u64 raw,
		   s32 level, u64 ipa, u64 size, u64 vmid, u64 generation,
		   s32 reason, s32 cpu);
void host_s2_vmid_assign(struct kvm_s2_mmu *mmu, u64 seq, u64 vmid,
			 u64 generation, u64 old_vmid, u64 old_generation,
			 s32 in_use, s32 reserved, s32 cpu);
void host_s2_vmid_rollover(struct kvm_s2_mmu *mmu, u64 seq, u64 generation,
			   u64 old_generation, s32 in_use, s32 reserved,
			   s32 cpu);
void host_s2_vmid_load(struct kvm_s2_mmu *mmu, u64 seq, u64 vmid,
		       u64 generation, s32 cpu, s32 vcpu, u64 root_pa);
void host_s2_vmid_put(struct kvm_s2_mmu *mmu, u64 seq, u64 vmid,
		      u64 generation, s32 cpu, s32 vcpu, u64 root_pa);
void host_s2_cache(struct kvm_s2_mmu *mmu, u64 seq, u64 cache, s32 before,
		   s32 after, s32 result);
void host_s2_cmo(struct kvm_s2_mmu *mmu, u64 seq, u64 op, s32 kind, u64 pa,
		 u64 size);

#endif /* S2_PORT_HOST_H */
