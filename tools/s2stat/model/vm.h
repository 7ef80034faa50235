/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of a host's stage-2 contexts at one moment: what occupies their
 * tables, whether the reference counts are right, what happened since the
 * attach and since the sample before.
 *
 * Pure: fed with records, does no I/O. A sample is fed in the order
 * host_begin, host_mmu* (and host_vmids), host_table*, host_recheck*, host_counts*, host_end.
 */
#ifndef S2STAT_MODEL_VM_H
#define S2STAT_MODEL_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../../bpf/records.h"

#define VM_NAME_MAX 128
#define VM_VMM_MAX 32
/* Table levels are -1 (52-bit IPAs) to 3. */
#define VM_LEVELS 5
#define VM_LEVEL_MIN (-1)
#define VM_LAST_LEVEL 3
/* So many looks must agree on how wrong a count is before it is accused. */
#define VM_AGREE 3

/**
 * struct vm_level - the table pages of one level
 * @tables:	table pages (each page of a concatenated root for itself)
 * @entries:	entries they have room for
 * @used:	counted entries: not zero and not in transition
 * @leaves:	valid page and block entries
 * @annotations: invalid entries that are not zero
 */
struct vm_level {
	uint64_t tables;
	uint64_t entries;
	uint64_t used;
	uint64_t leaves;
	uint64_t annotations;
};

/**
 * struct vm_suspect - a table page whose count was not 1 + counted entries
 * @looks:	how often it was looked at
 * @agree:	at how many looks up to the last it was off by the same amount
 * @cleared:	a later look found it right, or gone
 * @seen:	it was met in the current recheck pass
 */
struct vm_suspect {
	uint64_t pa;
	uint64_t ipa;
	int32_t level;
	int32_t count;
	uint32_t counted;
	uint32_t looks;
	uint32_t agree;
	bool cleared;
	bool seen;
};

enum vm_verdict {
	VM_AUDIT_OK,
	VM_AUDIT_MISMATCH,
	VM_AUDIT_INCONCLUSIVE,
};

/**
 * struct vm - one stage-2 context
 * @id:		unique for the life of the host, never reused
 * @tgid:	thread-group id of the process that created the VM
 * @name:	from its VMM's command line, safe to print
 * @vmm:	comm of the owner, safe to print
 * @named:	@name and @vmm were looked up
 * @alive:	its tables were there in this sample
 * @seen:	the iterator met it in this sample
 * @dead:	the s2_mmu_free event was counted
 * @counted:	any event was
 * @missed:	samples in which it was not met since the last in which it was
 * @next:	on host->leaving
 * @vcpus:	vCPUs created, negative when unknown
 * @vmid_raw:	generation << @vmid_bits | VMID
 * @vmid_bits:	0 when the kernel would not say
 * @level:	index with vm_level()
 * @unread:	entries that could not be read
 * @uncounted:	table pages whose reference count the kernel does not show
 * @locked:	entries in transition when looked at
 * @total:	events since the attach
 * @delta:	events since the sample before
 */
struct vm {
	uint64_t id;
	int32_t tgid;
	char name[VM_NAME_MAX];
	char vmm[VM_VMM_MAX];
	bool named;
	bool alive;
	bool seen;
	bool dead;
	bool counted;
	unsigned int missed;
	struct vm *next;
	bool nested;
	bool lpa2;
	bool fwb;
	int32_t vcpus;
	uint64_t vmid_raw;
	uint32_t vmid_bits;
	uint64_t root_pa;
	uint32_t ipa_bits;
	int32_t start_level;
	uint32_t root_pages;
	uint64_t tables_alloc;
	uint64_t tables_freed;
	struct vm_level level[VM_LEVELS];
	uint64_t unread;
	uint64_t uncounted;
	uint64_t locked;
	struct vm_suspect *suspect;
	size_t nr_suspects;
	struct s2r_counts total;
	struct s2r_counts delta;
};

/**
 * enum offer - what the kernel, or our way to read it, tells
 * @OFFER_ENTRIES: sets and clears
 * @OFFER_TABLES: table pages allocated and freed, as events
 * @OFFER_LIFE:	the same in a context's life
 * @OFFER_FLUSHES: invalidations of a context
 * @OFFER_FLUSH_REASONS, @OFFER_FLUSH_SCOPES: of these, why and how far
 * @OFFER_FLUSH_PAGES: and how many pages the bounded ones cover
 * @OFFER_FAULTS: guest aborts
 * @OFFER_FAULT_KINDS, @OFFER_FAULT_RESULTS, @OFFER_FAULT_SIZES: of these
 * @OFFER_VMID_EVENTS: VMIDs assigned to a context
 * @OFFER_ROLLOVERS: generations turned
 * @OFFER_VMID_SPACE: the state of the VMID allocator
 * @OFFER_SLOTS: memslots
 * @OFFER_HOT:	faults by region
 * @OFFER_LEAKS: table pages that outlived their context
 * @OFFER_FAULT_AGAIN: of faults, which lost a race: besides their other results
 *
 * What is not offered is null in JSON and "-" in text, never 0.
 */
enum offer {
	OFFER_ENTRIES = 1 << 0,
	OFFER_TABLES = 1 << 1,
	OFFER_LIFE = 1 << 2,
	OFFER_FLUSHES = 1 << 3,
	OFFER_FLUSH_REASONS = 1 << 4,
	OFFER_FLUSH_SCOPES = 1 << 5,
	OFFER_FLUSH_PAGES = 1 << 6,
	OFFER_FAULTS = 1 << 7,
	OFFER_FAULT_KINDS = 1 << 8,
	OFFER_FAULT_RESULTS = 1 << 9,
	OFFER_FAULT_SIZES = 1 << 10,
	OFFER_VMID_EVENTS = 1 << 11,
	OFFER_ROLLOVERS = 1 << 12,
	OFFER_VMID_SPACE = 1 << 13,
	OFFER_SLOTS = 1 << 14,
	OFFER_HOT = 1 << 15,
	OFFER_LEAKS = 1 << 16,
	OFFER_FAULT_AGAIN = 1 << 17,
	OFFER_ALL = (1 << 18) - 1,
};

/**
 * struct vmid_space - the VMID allocator, if OFFER_VMID_SPACE
 * @generation:	the current one
 * @bits:	width of a VMID; 0 when nothing is known yet
 * @in_use:	numbers taken in this generation
 * @reserved:	of these, kept over from the generation before
 */
struct vmid_space {
	uint64_t generation;
	uint32_t bits;
	uint32_t in_use;
	uint32_t reserved;
};

/**
 * struct host - all contexts at one sample
 * @vm:		by pointer, in the order of @id, so that a struct vm stays put
 * @leaving:	those that are neither alive nor known to have ended: no sample
 *		shows them
 * @page_shift:	log2 of the host's page size
 * @no_tables:	nobody wants to know of the tables: host_table() is not called
 * @offers:	enum offer, or-ed; all unless the source says otherwise
 * @vmids:	the VMID allocator
 * @time:	when the sample ended, seconds since the epoch
 * @seconds:	since the sample before (or the attach); 0 without rates
 * @since:	since the attach
 * @rollovers:	VMID generations turned since the attach
 * @leaked:	table pages that outlived their context, since the attach
 * @dropped:	events not counted since the attach: the sums are too low
 */
struct host {
	struct vm **vm;
	size_t nr;
	size_t room;
	struct vm *leaving;
	uint32_t page_shift;
	bool no_tables;
	uint32_t offers;
	struct vmid_space vmids;
	double time;
	double seconds;
	double since;
	uint64_t rollovers;
	uint64_t leaked;
	uint64_t dropped;
};

void host_init(struct host *host, uint32_t page_shift);
void host_free(struct host *host);
void host_begin(struct host *host);
int host_mmu(struct host *host, const struct s2r_mmu *rec);
int host_table(struct host *host, const struct s2r_table *rec);
void host_vmids(struct host *host, const struct s2r_vmids *rec);
void host_recheck_begin(struct host *host);
void host_recheck(struct host *host, const struct s2r_table *rec);
size_t host_recheck_end(struct host *host);
int host_counts(struct host *host, uint64_t id, const struct s2r_counts *sum);
void host_end(struct host *host);
struct vm *host_find(const struct host *host, uint64_t id);

enum vm_verdict vm_audit(const struct vm *vm);
const char *vm_verdict_name(enum vm_verdict verdict);
bool suspect_is_wrong(const struct vm_suspect *s);
size_t vm_mismatches(const struct vm *vm);
size_t vm_suspects(const struct vm *vm, uint64_t *first, uint64_t *last);
struct vm_level vm_sum(const struct vm *vm);
uint64_t vm_level_size(uint32_t page_shift, int level);
uint64_t vm_mapped(const struct vm *vm, uint32_t page_shift);
uint64_t vm_vmid(const struct vm *vm);
uint64_t vm_generation(const struct vm *vm);

int vmid_is_current(const struct host *host, const struct vm *vm);
bool scope_is_bounded(unsigned int scope);
uint64_t counts_flushes(const struct s2r_counts *c);
uint64_t counts_flushes_by_reason(const struct s2r_counts *c, unsigned int r);
uint64_t counts_flushes_by_scope(const struct s2r_counts *c, unsigned int s);
uint64_t counts_leading_flush(const struct s2r_counts *c, unsigned int *reason,
			      unsigned int *scope);
uint64_t counts_flush_pages(const struct s2r_counts *c);
uint64_t counts_activity(const struct s2r_counts *c);
uint64_t counts_faults(const struct s2r_counts *c);
struct s2r_counts counts_sub(const struct s2r_counts *to,
			     const struct s2r_counts *from);
void counts_add(struct s2r_counts *sum, const struct s2r_counts *c);

/* The level's place in struct vm. @level is from a record: anything goes. */
static inline unsigned int vm_level(int level)
{
	if (level < VM_LEVEL_MIN)
		level = VM_LEVEL_MIN;
	if (level > VM_LAST_LEVEL)
		level = VM_LAST_LEVEL;
	return level - VM_LEVEL_MIN;
}

#endif /* S2STAT_MODEL_VM_H */
