// SPDX-License-Identifier: GPL-2.0-only
/*
 * Builds the state of the host's stage-2 contexts from records (see vm.h).
 */
#include "vm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/**
 * host_init() - an empty host
 * @host:	to initialise; given back with host_free()
 * @page_shift:	log2 of the page size of the host, which is its granule
 */
void host_init(struct host *host, uint32_t page_shift)
{
	*host = (struct host){ .page_shift = page_shift, .offers = OFFER_ALL };
}

static void vm_free(struct vm *vm)
{
	free(vm->suspect);
	free(vm);
}

/** host_free() - gives back all that @host holds */
void host_free(struct host *host)
{
	struct vm *next;

	for (size_t i = 0; i < host->nr; i++)
		vm_free(host->vm[i]);
	for (struct vm *vm = host->leaving; vm; vm = next) {
		next = vm->next;
		vm_free(vm);
	}
	free(host->vm);
	host_init(host, host->page_shift);
}

/* Where @id is, or would be, among host->vm: ids rise. */
static size_t position(const struct host *host, uint64_t id)
{
	size_t lo = 0, hi = host->nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (host->vm[mid]->id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/** host_find() - the context with this id, or NULL */
struct vm *host_find(const struct host *host, uint64_t id)
{
	size_t i = position(host, id);

	return i < host->nr && host->vm[i]->id == id ? host->vm[i] : NULL;
}

/* Puts @vm among host->vm; -1 when memory ran out. */
static int place(struct host *host, struct vm *vm)
{
	size_t i = position(host, vm->id);

	if (host->nr == host->room) {
		size_t room = host->room ? 2 * host->room : 16;
		struct vm **grown;

		grown = reallocarray(host->vm, room, sizeof(*grown));
		if (!grown)
			return -1;
		host->vm = grown;
		host->room = room;
	}
	memmove(host->vm + i + 1, host->vm + i,
		(host->nr - i) * sizeof(*host->vm));
	host->vm[i] = vm;
	host->nr++;
	return 0;
}

static struct vm *insert(struct host *host, uint64_t id)
{
	struct vm *vm = calloc(1, sizeof(*vm));

	if (!vm)
		return NULL;
	vm->id = id;
	vm->vcpus = -1;
	if (!place(host, vm))
		return vm;
	free(vm);
	return NULL;
}

static void forget_tables(struct vm *vm)
{
	memset(vm->level, 0, sizeof(vm->level));
	free(vm->suspect);
	vm->suspect = NULL;
	vm->nr_suspects = 0;
	vm->unread = 0;
	vm->uncounted = 0;
	vm->locked = 0;
}

/**
 * host_begin() - starts a sample
 *
 * Contexts that the last sample reported as gone are forgotten; of the others
 * what is about to be read again is. Those that were about to go are back.
 */
void host_begin(struct host *host)
{
	size_t kept = 0;

	for (size_t i = 0; i < host->nr; i++) {
		struct vm *vm = host->vm[i];

		if (!vm->alive) {
			vm_free(vm);
			continue;
		}
		vm->seen = false;
		vm->delta = (struct s2r_counts){};
		forget_tables(vm);
		host->vm[kept++] = vm;
	}
	host->nr = kept;
	while (host->leaving) {
		struct vm *vm = host->leaving;

		host->leaving = vm->next;
		vm->seen = false;
		if (place(host, vm))
			vm_free(vm);
	}
}

/**
 * host_mmu() - a live context
 *
 * Return: 0, or -ENOMEM.
 */
int host_mmu(struct host *host, const struct s2r_mmu *rec)
{
	struct vm *vm = host_find(host, rec->id);

	if (!vm)
		vm = insert(host, rec->id);
	if (!vm)
		return -ENOMEM;
	vm->seen = true;
	vm->tgid = rec->vm;
	vm->nested = rec->nested;
	vm->lpa2 = rec->lpa2;
	vm->fwb = rec->fwb;
	vm->vcpus = rec->vcpus;
	vm->vmid_raw = rec->vmid;
	vm->vmid_bits = rec->vmid_bits < 64 ? rec->vmid_bits : 0;
	vm->root_pa = rec->root_pa;
	vm->ipa_bits = rec->ipa_bits;
	vm->start_level = rec->start_level;
	vm->root_pages = rec->root_pages;
	vm->tables_alloc = rec->tables_alloc;
	vm->tables_freed = rec->tables_freed;
	return 0;
}

static uint32_t counted(const struct s2r_table *rec)
{
	return rec->leaves + rec->children + rec->annotations;
}

/* Every table page holds one reference on itself, and one per entry. */
static bool count_is_right(const struct s2r_table *rec)
{
	return rec->count == (int64_t)counted(rec) + 1;
}

static int suspect(struct vm *vm, const struct s2r_table *rec)
{
	struct vm_suspect *grown;

	grown = reallocarray(vm->suspect, vm->nr_suspects + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	vm->suspect = grown;
	grown[vm->nr_suspects++] = (struct vm_suspect){
		.pa = rec->pa,
		.ipa = rec->ipa,
		.level = rec->level,
		.count = rec->count,
		.counted = counted(rec),
		.looks = 1,
		.agree = 1,
	};
	return 0;
}

/* How many references too many (or, below 0, too few) a table page has. */
static int64_t excess(int64_t count, uint32_t counted)
{
	return count - ((int64_t)counted + 1);
}

/** host_vmids() - the state of the VMID allocator */
void host_vmids(struct host *host, const struct s2r_vmids *rec)
{
	host->vmids = (struct vmid_space){
		.generation = rec->generation,
		.bits = rec->bits,
		.in_use = rec->in_use,
		.reserved = rec->reserved,
	};
}

/**
 * host_table() - a table page of a context that host_mmu() announced
 *
 * A context that came to life in between has no identity yet; its tables are
 * left for the next sample.
 *
 * Return: 0, or -ENOMEM.
 */
int host_table(struct host *host, const struct s2r_table *rec)
{
	struct vm *vm = host_find(host, rec->mmu);
	uint32_t per_page = 1U << (host->page_shift - 3);
	struct vm_level *l;

	if (!vm || !vm->seen)
		return 0;
	l = &vm->level[vm_level(rec->level)];
	l->tables += rec->nr > per_page ? rec->nr / per_page : 1;
	l->entries += rec->nr;
	l->used += counted(rec);
	l->leaves += rec->leaves;
	l->annotations += rec->annotations;
	vm->unread += rec->unread;
	vm->locked += rec->locked;
	vm->uncounted += rec->count == S2R_NO_COUNT;
	if (rec->unread || rec->count == S2R_NO_COUNT || count_is_right(rec))
		return 0;
	return suspect(vm, rec);
}

/** host_recheck_begin() - starts a second look at the suspects */
void host_recheck_begin(struct host *host)
{
	for (size_t i = 0; i < host->nr; i++)
		for (size_t k = 0; k < host->vm[i]->nr_suspects; k++)
			host->vm[i]->suspect[k].seen = false;
}

/**
 * host_recheck() - a table page, looked at again
 *
 * The count and the entries of a table are not read in one instant, and faults
 * set entries meanwhile. One look at which they agree clears the table: what
 * leaks stays and shows again in the next sample. It is accused only if it was
 * off by the same amount at the last looks, for a leak does not come and go.
 */
void host_recheck(struct host *host, const struct s2r_table *rec)
{
	struct vm *vm = host_find(host, rec->mmu);

	for (size_t k = 0; vm && k < vm->nr_suspects; k++) {
		struct vm_suspect *s = &vm->suspect[k];

		if (s->pa != rec->pa || s->cleared)
			continue;
		s->seen = true;
		s->looks++;
		if (excess(rec->count, counted(rec)) ==
		    excess(s->count, s->counted))
			s->agree++;
		else
			s->agree = 1;
		s->count = rec->count;
		s->counted = counted(rec);
		if (count_is_right(rec) || s->level != rec->level)
			s->cleared = true;
	}
}

/**
 * host_recheck_end() - ends a second look
 *
 * Return: how many suspects are left.
 */
size_t host_recheck_end(struct host *host)
{
	size_t left = 0;

	for (size_t i = 0; i < host->nr; i++) {
		for (size_t k = 0; k < host->vm[i]->nr_suspects; k++) {
			struct vm_suspect *s = &host->vm[i]->suspect[k];

			if (!s->seen)
				s->cleared = true;
			left += !s->cleared;
		}
	}
	return left;
}

/** counts_sub() - @to - @from, member by member: all are counters */
struct s2r_counts counts_sub(const struct s2r_counts *to,
			     const struct s2r_counts *from)
{
	struct s2r_counts d;
	const __u64 *a = (const __u64 *)to, *b = (const __u64 *)from;
	__u64 *r = (__u64 *)&d;

	for (size_t i = 0; i < sizeof(d) / sizeof(*r); i++)
		r[i] = a[i] - b[i];
	return d;
}

/** counts_add() - adds one CPU's row to a sum; the owner is no counter */
void counts_add(struct s2r_counts *sum, const struct s2r_counts *c)
{
	const __u64 *a = (const __u64 *)c;
	__u64 *r = (__u64 *)sum;
	__u64 vm = sum->vm ? sum->vm : c->vm;

	for (size_t i = 0; i < sizeof(*c) / sizeof(*r); i++)
		r[i] += a[i];
	sum->vm = vm;
}

/**
 * host_counts() - the counters of a context, summed over the CPUs
 *
 * A context that was born and died between two samples is known from its
 * counters only. One that is alive but was not met was born after the iterator
 * passed: the next sample has it.
 *
 * Return: 0, or -ENOMEM.
 */
int host_counts(struct host *host, uint64_t id, const struct s2r_counts *sum)
{
	struct vm *vm = host_find(host, id);

	if (!vm && !sum->freed)
		return 0;
	if (!vm) {
		vm = insert(host, id);
		if (!vm)
			return -ENOMEM;
		vm->tgid = sum->vm;
	}
	vm->delta = counts_sub(sum, &vm->total);
	vm->total = *sum;
	vm->dead = sum->freed;
	vm->counted = true;
	return 0;
}

/*
 * Is its end still to be told? A context loses its tables, is met no more, and
 * only then says so, as its last event: a sample may fall in between. If it is
 * not to be told of twice, nor what it did last to be missed, that event decides;
 * one that does not come (it was dropped) is waited for once.
 */
static bool is_leaving(const struct vm *vm)
{
	return !vm->alive && vm->counted && !vm->dead && vm->missed < 2;
}

/* Out of sight until the next sample, which counts this one's events, too. */
static void leave(struct host *host, struct vm *vm)
{
	vm->total = counts_sub(&vm->total, &vm->delta);
	vm->delta = (struct s2r_counts){};
	vm->next = host->leaving;
	host->leaving = vm;
}

/* Without a root it is no more: it died when, or after, the iterator met it. */
static bool has_root(const struct host *host, const struct vm *vm)
{
	return host->no_tables ? vm->root_pa : vm_sum(vm).tables;
}

/** host_end() - ends a sample */
void host_end(struct host *host)
{
	size_t kept = 0;

	for (size_t i = 0; i < host->nr; i++) {
		struct vm *vm = host->vm[i];

		vm->alive = vm->seen && has_root(host, vm);
		vm->missed = vm->seen ? 0 : vm->missed + 1;
		if (!vm->alive)
			forget_tables(vm);
		if (is_leaving(vm))
			leave(host, vm);
		else
			host->vm[kept++] = vm;
	}
	host->nr = kept;
}

/**
 * vm_suspects() - table pages that no look has cleared yet
 * @first, @last: get the span in which their first IPAs are; may be NULL
 */
size_t vm_suspects(const struct vm *vm, uint64_t *first, uint64_t *last)
{
	uint64_t lo = UINT64_MAX, hi = 0;
	size_t n = 0;

	for (size_t k = 0; k < vm->nr_suspects; k++) {
		const struct vm_suspect *s = &vm->suspect[k];

		if (s->cleared)
			continue;
		lo = s->ipa < lo ? s->ipa : lo;
		hi = s->ipa > hi ? s->ipa : hi;
		n++;
	}
	if (first)
		*first = lo;
	if (last)
		*last = hi;
	return n;
}

/** suspect_is_wrong() - was its count wrong at every look, and steadily so? */
bool suspect_is_wrong(const struct vm_suspect *s)
{
	return !s->cleared && (s->agree == s->looks || s->agree >= VM_AGREE);
}

/** vm_mismatches() - table pages whose count is wrong */
size_t vm_mismatches(const struct vm *vm)
{
	size_t n = 0;

	for (size_t k = 0; k < vm->nr_suspects; k++)
		n += suspect_is_wrong(&vm->suspect[k]);
	return n;
}

/**
 * vm_audit() - verdict over the reference counts of all table pages
 *
 * Return: VM_AUDIT_MISMATCH if one is wrong; VM_AUDIT_INCONCLUSIVE if entries
 * could not be read, a table never held still or the context is gone; else
 * VM_AUDIT_OK.
 */
enum vm_verdict vm_audit(const struct vm *vm)
{
	if (vm_mismatches(vm))
		return VM_AUDIT_MISMATCH;
	if (vm->unread || vm->uncounted || !vm->alive ||
	    vm_suspects(vm, NULL, NULL))
		return VM_AUDIT_INCONCLUSIVE;
	return VM_AUDIT_OK;
}

/** vm_verdict_name() - as shown, and as in the JSON */
const char *vm_verdict_name(enum vm_verdict verdict)
{
	switch (verdict) {
	case VM_AUDIT_OK:
		return "ok";
	case VM_AUDIT_MISMATCH:
		return "mismatch";
	case VM_AUDIT_INCONCLUSIVE:
		break;
	}
	return "inconclusive";
}

/** vm_sum() - all levels together */
struct vm_level vm_sum(const struct vm *vm)
{
	struct vm_level sum = {};

	for (unsigned int i = 0; i < VM_LEVELS; i++) {
		sum.tables += vm->level[i].tables;
		sum.entries += vm->level[i].entries;
		sum.used += vm->level[i].used;
		sum.leaves += vm->level[i].leaves;
		sum.annotations += vm->level[i].annotations;
	}
	return sum;
}

/** vm_level_size() - bytes that one entry of @level spans */
uint64_t vm_level_size(uint32_t page_shift, int level)
{
	unsigned int shift;

	shift = page_shift + (page_shift - 3) * (VM_LAST_LEVEL - level);
	return shift < 64 ? 1ULL << shift : 0;
}

/** vm_mapped() - bytes of IPA space that leaves map */
uint64_t vm_mapped(const struct vm *vm, uint32_t page_shift)
{
	uint64_t sum = 0;

	for (int l = VM_LEVEL_MIN; l <= VM_LAST_LEVEL; l++)
		sum += vm->level[vm_level(l)].leaves *
		       vm_level_size(page_shift, l);
	return sum;
}

/** vm_vmid() - the VMID last given to it; only if vm->vmid_bits is known */
uint64_t vm_vmid(const struct vm *vm)
{
	return vm->vmid_raw & ((1ULL << vm->vmid_bits) - 1);
}

/** vm_generation() - of that VMID; 0: it never ran. As vm_vmid() */
uint64_t vm_generation(const struct vm *vm)
{
	return vm->vmid_raw >> vm->vmid_bits;
}

/**
 * vmid_is_current() - may it run with the VMID that it has?
 *
 * Return: 1 or 0: with the next run it gets another; -1: not known.
 */
int vmid_is_current(const struct host *host, const struct vm *vm)
{
	if (!vm->vmid_bits || !host->vmids.bits ||
	    !(host->offers & OFFER_VMID_SPACE))
		return -1;
	return vm_generation(vm) == host->vmids.generation;
}

/** scope_is_bounded() - does an invalidation of @scope name its pages? */
bool scope_is_bounded(unsigned int scope)
{
	return scope == S2_SCOPE_IPA || scope == S2_SCOPE_IPA_LOCAL ||
	       scope == S2_SCOPE_RANGE;
}

/** counts_flushes() - invalidations of any scope for any reason */
uint64_t counts_flushes(const struct s2r_counts *c)
{
	uint64_t sum = 0;

	for (unsigned int r = 0; r <= S2_NR_REASONS; r++)
		sum += counts_flushes_by_reason(c, r);
	return sum;
}

/** counts_flushes_by_reason() - @r may be S2_NR_REASONS: unknown ones */
uint64_t counts_flushes_by_reason(const struct s2r_counts *c, unsigned int r)
{
	uint64_t sum = 0;

	for (unsigned int s = 0; s <= S2_NR_SCOPES; s++)
		sum += c->flushes[r][s];
	return sum;
}

/** counts_flushes_by_scope() - @s may be S2_NR_SCOPES: unknown ones */
uint64_t counts_flushes_by_scope(const struct s2r_counts *c, unsigned int s)
{
	uint64_t sum = 0;

	for (unsigned int r = 0; r <= S2_NR_REASONS; r++)
		sum += c->flushes[r][s];
	return sum;
}

/**
 * counts_leading_flush() - the reason and scope that most invalidations have
 *
 * Return: how many have it; 0 if there were none.
 */
uint64_t counts_leading_flush(const struct s2r_counts *c, unsigned int *reason,
			      unsigned int *scope)
{
	uint64_t most = 0;

	*reason = 0;
	*scope = 0;
	for (unsigned int r = 0; r <= S2_NR_REASONS; r++) {
		for (unsigned int s = 0; s <= S2_NR_SCOPES; s++) {
			if (c->flushes[r][s] <= most)
				continue;
			most = c->flushes[r][s];
			*reason = r;
			*scope = s;
		}
	}
	return most;
}

/** counts_flush_pages() - pages that flushes of a bounded scope covered */
uint64_t counts_flush_pages(const struct s2r_counts *c)
{
	uint64_t sum = 0;

	for (unsigned int r = 0; r <= S2_NR_REASONS; r++)
		for (unsigned int s = 0; s <= S2_NR_SCOPES; s++)
			sum += c->flush_pages[r][s];
	return sum;
}

/** counts_faults() - guest aborts of all kinds */
uint64_t counts_faults(const struct s2r_counts *c)
{
	uint64_t sum = 0;

	for (unsigned int k = 0; k <= S2_NR_FAULTS; k++)
		sum += c->faults[k];
	return sum;
}

/** counts_activity() - what top sorts by */
uint64_t counts_activity(const struct s2r_counts *c)
{
	return c->sets + c->clears + counts_flushes(c);
}
