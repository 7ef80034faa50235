// SPDX-License-Identifier: GPL-2.0-only
/*
 * The emulated machine: memory for tables, table caches, CPUs, and the life
 * of an MMU as mmu.c conducts it in the kernel.
 *
 * Each table page lies between red zones and is poisoned from the moment it
 * is freed. Physical addresses are not virtual ones, and the page freed last
 * is the last to be used again, so a stale pointer of either kind shows.
 */
#include <stdarg.h>
#include <sys/mman.h>

#include <sanitizer/asan_interface.h>

#include "checker.h"
#include "emit.h"
#include "flush.h"
#include "host.h"
#include "stat.h"
#include "switch.h"
#include "table.h"

/* An arena of chunks: a root or a table each, a red zone behind each. */
#define NR_TABLES	8192
#define NR_ROOTS	64
#define TABLE_STRIDE	2
#define ROOT_STRIDE	(S2_MAX_ROOT_PAGES + 1)
#define NR_PAGES	(NR_TABLES * TABLE_STRIDE + NR_ROOTS * ROOT_STRIDE)

#define LOW_PA		0x5a1200000000ULL
#define HIGH_PA		0xd5a1200000000ULL

struct page {
	bool			alive;
	atomic_t		count;
	struct list_head	link;
	u64			note;
	struct page		*next_free;
};

struct host host;
struct s2_switches s2_switches;
u32 host_cpu, host_cpus = 1, host_boots;
void (*host_on_fail)(void);
void (*host_describe)(void);

static char *arena;
static struct page pages[NR_PAGES];
static struct page *free_head, *free_tail;
static u32 next_root;
static u64 last_id;

void host_fail(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("FAIL: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	if (host_describe)
		host_describe();
	if (host_on_fail)
		host_on_fail();
	abort();
}

bool host_warn(bool cond, const char *what, const char *file, int line)
{
	if (!cond)
		return false;
	if (!host.tolerate)
		host_fail("WARN_ON(%s) at %s:%d", what, file, line);

	host.tolerate--;
	host.warnings++;
	return true;
}

void host_pr_warn(const char *fmt, ...)
{
	(void)fmt;
	host.pr_warns++;
}

static u64 pa_base(void)
{
	return host.high_pa ? HIGH_PA : LOW_PA;
}

static struct page *page_of(const void *va)
{
	size_t offset = (const char *)va - arena;

	if ((const char *)va < arena || offset >= NR_PAGES * PAGE_SIZE)
		host_fail("%p is no table", va);
	return &pages[offset / PAGE_SIZE];
}

static struct page *live_page_of(const void *va)
{
	struct page *page = page_of(va);

	if (!page->alive)
		host_fail("table page %p is used after it was freed", va);
	return page;
}

static void *page_va(const struct page *page)
{
	return arena + (page - pages) * PAGE_SIZE;
}

static void put_on_free_list(struct page *page)
{
	page->next_free = NULL;
	if (free_head)
		free_tail->next_free = page;
	else
		free_head = page;
	free_tail = page;
}

static void *alloc_table(void)
{
	struct page *page = free_head;

	if (!page)
		host_fail("more than %u table pages are in use", NR_TABLES);

	free_head = page->next_free;
	page->alive = true;
	host.live++;
	ASAN_UNPOISON_MEMORY_REGION(page_va(page), PAGE_SIZE);
	return memset(page_va(page), 0, PAGE_SIZE);
}

static void free_table(void *table)
{
	struct page *page = live_page_of(table);

	page->alive = false;
	host.live--;
	memset(table, 0xa5, PAGE_SIZE);
	ASAN_POISON_MEMORY_REGION(table, PAGE_SIZE);
	put_on_free_list(page);
}

/* Makes all per-CPU variables of the core what they are at boot. */
static void reset_percpu(void)
{
	extern char __start_host_percpu[], __stop_host_percpu[];

	memset(__start_host_percpu, 0,
	       __stop_host_percpu - __start_host_percpu);
}

void host_reset(u32 cpus)
{
	u32 i;

	for (i = 0; i < NR_PAGES; i++) {
		if (pages[i].alive)
			ASAN_POISON_MEMORY_REGION(page_va(&pages[i]),
						  PAGE_SIZE);
	}
	if (!arena) {
		arena = mmap(NULL, NR_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			     0);
		if (arena == MAP_FAILED)
			abort();
		ASAN_POISON_MEMORY_REGION(arena, NR_PAGES * PAGE_SIZE);
	}

	memset(pages, 0, sizeof(pages));
	free_head = NULL;
	for (i = 0; i < NR_TABLES; i++)
		put_on_free_list(&pages[i * TABLE_STRIDE]);
	next_root = 0;

	host = (struct host) { .vmid_bits = 16 };
	s2_switches = (struct s2_switches) { .reap_unread = true };
	host_boots++;
	host_cpu = 0;
	host_cpus = cpus;
	reset_percpu();
	tlb_reset();
	checker_reset();
	kvm_arm_vmid_alloc_free();
	if (kvm_arm_vmid_alloc_init())
		host_fail("no VMID allocator");
}

bool host_table_alive(u64 pa)
{
	u64 offset = pa - pa_base();

	return offset < NR_PAGES * PAGE_SIZE && pages[offset >> PAGE_SHIFT].alive;
}

void *s2_port_va(u64 pa)
{
	u64 offset = pa - pa_base();

	if (offset >= NR_PAGES * PAGE_SIZE)
		host_fail("PA 0x%llx is no table", pa);
	live_page_of(arena + offset);
	return arena + offset;
}

u64 s2_port_pa(const void *va)
{
	page_of(va);
	return pa_base() + ((const char *)va - arena);
}

atomic_t *s2_port_count(const void *table)
{
	return &live_page_of(table)->count;
}

struct list_head *s2_port_link(const void *table)
{
	return &live_page_of(table)->link;
}

void *s2_port_of_link(struct list_head *link)
{
	return page_va(container_of(link, struct page, link));
}

void s2_port_set_note(const void *table, u64 note)
{
	live_page_of(table)->note = note;
}

u64 s2_port_note(const void *table)
{
	return live_page_of(table)->note;
}

static struct page *find_root(void)
{
	struct page *page;
	u32 i;

	for (i = 0; i < NR_ROOTS; i++) {
		page = &pages[NR_TABLES * TABLE_STRIDE +
			      next_root++ % NR_ROOTS * ROOT_STRIDE];
		if (!page->alive)
			return page;
	}
	host_fail("more than %u roots", NR_ROOTS);
	return NULL;
}

void *s2_port_alloc_root(u32 nr)
{
	struct page *page;
	u32 i;

	if (host.no_memory)
		return NULL;

	page = find_root();
	for (i = 0; i < nr; i++)
		page[i].alive = true;
	host.live += nr;
	ASAN_UNPOISON_MEMORY_REGION(page_va(page), nr * PAGE_SIZE);
	return memset(page_va(page), 0, nr * PAGE_SIZE);
}

void s2_port_free_root(void *root, u32 nr)
{
	struct page *page = live_page_of(root);
	u32 i;

	for (i = 0; i < nr; i++)
		page[i].alive = false;
	host.live -= nr;
	ASAN_POISON_MEMORY_REGION(root, nr * PAGE_SIZE);
}

void s2_port_table_taken(void *table)
{
	live_page_of(table);
}

void s2_port_table_untaken(void *table)
{
	live_page_of(table);
}

void s2_port_free_table(void *table)
{
	free_table(table);
}

void *kvm_mmu_memory_cache_alloc(struct kvm_mmu_memory_cache *mc)
{
	u64 *page;
	u32 i;

	if (!mc->nobjs)
		host_fail("a page is taken from an empty cache");

	page = mc->objects[--mc->nobjs];
	for (i = 0; i < S2_TABLE_ENTRIES; i += 64) {
		if (page[i])
			host_fail("a page in a cache is not zeroed");
	}
	return page;
}

int kvm_mmu_topup_memory_cache(struct kvm_mmu_memory_cache *mc, int min)
{
	while (mc->nobjs < min) {
		if (host.no_memory)
			return -ENOMEM;
		mc->objects[mc->nobjs++] = alloc_table();
	}
	return 0;
}

void kvm_mmu_free_memory_cache(struct kvm_mmu_memory_cache *mc)
{
	while (mc->nobjs)
		free_table(mc->objects[--mc->nobjs]);
}

u32 kvm_get_vmid_bits(void)
{
	return host.vmid_bits;
}

u32 s2_port_vmid_bits_wanted(void)
{
	return host.vmid_bits_wanted;
}

u64 host_cmpxchg(u64 *ptr, u64 old, u64 new)
{
	if (host.racer)
		host.racer(ptr);
	return __sync_val_compare_and_swap(ptr, old, new);
}

u64 host_cmpxchg_relaxed(atomic64_t *a, u64 old, u64 new)
{
	if (host.vmid_racer)
		host.vmid_racer();
	return __sync_val_compare_and_swap(&a->val, old, new);
}

bool s2_port_needbreak(struct kvm_s2_mmu *mmu)
{
	return host.needbreak && host.needbreak(mmu);
}

void s2_port_break(struct kvm_s2_mmu *mmu)
{
	tlb_check(mmu);
	checker_yield(mmu);
	if (host.on_break)
		host.on_break(mmu);
}

static void meddle(void)
{
	if (host.meddle)
		host.meddle();
}

void s2_port_sync_walkers(void)
{
	meddle();
}

void s2_port_dcache_clean_inval(u64 pa, u64 size)
{
	host.dcache++;
	if (!host.cmo_off)
		tlb_check_pa(pa, size);
}

void s2_port_icache_inval(u64 pa, u64 size)
{
	(void)pa;
	(void)size;
	host.icache++;
}

void s2_port_tlbi_ipa(struct kvm_s2_mmu *mmu, u64 ipa, s32 level)
{
	meddle();
	host.tlbi[S2_SCOPE_IPA]++;
	checker_tlbi(mmu, S2_SCOPE_IPA, ipa, 0);
	tlb_flush_ipa(mmu, ipa, level, -1);
}

void s2_port_tlbi_ipa_local(struct kvm_s2_mmu *mmu, u64 ipa, s32 level)
{
	meddle();
	host.tlbi[S2_SCOPE_IPA_LOCAL]++;
	checker_tlbi(mmu, S2_SCOPE_IPA_LOCAL, ipa, 0);
	tlb_flush_ipa(mmu, ipa, level, host_cpu);
}

void s2_port_tlbi_range(struct kvm_s2_mmu *mmu, u64 ipa, u64 nr)
{
	meddle();
	if (!mmu->s2->geo.range)
		host_fail("invalidation by range, which the CPUs do not have");
	if (!nr || nr > S2_PORT_RANGE_PAGES)
		host_fail("invalidation of a range of %llu pages", nr);

	host.tlbi[S2_SCOPE_RANGE]++;
	checker_tlbi(mmu, S2_SCOPE_RANGE, ipa, nr << PAGE_SHIFT);
	tlb_flush_range(mmu, ipa, ipa + (nr << PAGE_SHIFT));
}

void s2_port_tlbi_vmid(struct kvm_s2_mmu *mmu)
{
	meddle();
	host.tlbi[S2_SCOPE_VMID]++;
	checker_tlbi(mmu, S2_SCOPE_VMID, 0, 0);
	tlb_flush_vmid(mmu, -1);
}

void s2_port_tlbi_cpu_context(struct kvm_s2_mmu *mmu)
{
	host.tlbi[S2_SCOPE_CPU_CONTEXT]++;
	checker_tlbi(mmu, S2_SCOPE_CPU_CONTEXT, 0, 0);
	tlb_flush_vmid(mmu, host_cpu);
}

void s2_port_tlbi_all(void)
{
	host.tlbi[S2_SCOPE_ALL]++;
	checker_tlbi(NULL, S2_SCOPE_ALL, 0, 0);
	tlb_flush_all();
}

int host_mmu_create(struct kvm_s2_mmu *mmu, const struct host_mmu_type *type)
{
	struct s2_ctx *ctx = calloc(1, sizeof(*ctx));

	if (!ctx || s2_geometry_init(&ctx->geo, type->ipa_bits,
				     type->start_level)) {
		free(ctx);
		return -EINVAL;
	}
	ctx->geo.lpa2 = type->lpa2;
	ctx->geo.fwb = type->fwb;
	ctx->geo.has_cmo = !type->fwb;
	ctx->geo.range = type->range;
	ctx->root = s2_port_alloc_root(ctx->geo.root_pages);
	if (!ctx->root) {
		free(ctx);
		return -ENOMEM;
	}
	atomic_set(s2_port_count(ctx->root), 1);

	ctx->pgt.mmu = mmu;
	ctx->id = ++last_id;
	mmu->s2 = ctx;
	s2_stat_root(ctx, ctx->geo.root_pages);
	checker_expect(mmu, !type->fwb, type->lpa2);
	s2_emit(s2_mmu_init, ctx, ctx->geo.ipa_bits, ctx->geo.start_level,
		PAGE_SIZE, s2_port_pa(ctx->root), ctx->geo.root_pages, false,
		s2_features(&ctx->geo));
	mmu->pgd_phys = s2_port_pa(ctx->root);
	mmu->pgt = &ctx->pgt;
	return 0;
}

bool host_listening(const char *event)
{
	return !host.deaf || strcmp(event, "s2_clear");
}

void host_mmu_destroy(struct kvm_s2_mmu *mmu)
{
	struct s2_ctx *ctx = mmu->s2;
	u64 alloc, freed;
	struct s2_op op;

	s2_op_begin(&op, mmu, S2_OP_DESTROY, S2_REASON_TEARDOWN, 0,
		    s2_ipa_limit(&ctx->geo), S2_LOCK_WRITE, false);
	s2_unmap_root(&op);
	s2_debt_pay(&op);
	mmu->pgt = NULL;
	mmu->pgd_phys = 0;
	/* Here mmu_lock is dropped. */
	tlb_check(mmu);
	op.lock = S2_LOCK_NONE;
	s2_op_end(&op, 0);

	alloc = atomic64_read(&ctx->tables_alloc);
	freed = atomic64_read(&ctx->tables_freed);
	if (alloc != freed || s2_table_count(ctx->root) != 1)
		host_fail("LEAK: %llu tables taken, %llu freed, root count %d",
			  alloc, freed, s2_table_count(ctx->root));
	s2_emit(s2_mmu_free, ctx, s2_port_pa(ctx->root), alloc, freed,
		alloc - freed);
	s2_stat_root(ctx, -(s32)ctx->geo.root_pages);
	mmu->s2 = NULL;
	s2_port_free_root(ctx->root, ctx->geo.root_pages);
	free(ctx);
}

/* Leaks of table pages are ours to find; a failed test may leave the rest. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
