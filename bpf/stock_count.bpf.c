// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts what happens to each stage-2 context of a kernel without the s2
 * tracepoints (see rows.h), at the entry of KVM's own functions: by fentry where
 * the kernel has trampolines (arm64 since 2aa6ac03516d "arm64: ftrace: Add
 * direct call support", 6.4), else by kprobe. User space loads one set of the
 * two, and of it what the kernel has functions for.
 *
 * The functions that invalidate run here only if the host kernel is at EL2
 * (VHE); else they are EL2's own and out of sight.
 */
#include "stock_kvm.h"

/* What a kprobe sees: asm/ptrace.h of arm64, a user-space ABI. */
struct user_pt_regs {
	u64 regs[31];
	u64 sp;
	u64 pc;
	u64 pstate;
};

#include <bpf/bpf_tracing.h>

#include "rows.h"

char LICENSE[] SEC("license") = "GPL";

/*
 * Address of a context to its id, from its first event to its end: a VM's
 * directory in debugfs goes before its last flush.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, S2R_MAX_VMS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u64);
} ids SEC(".maps");

struct search {
	struct kvm *kvm;
	struct kvm_s2_mmu *mmu;
	u32 found;
};

static long is_it(u32 i, struct search *s)
{
	if (nested_mmu(s->kvm, i) != s->mmu)
		return 0;
	s->found = i + 1;
	return 1;
}

/* 0: the VM's own context; else which nested one, from 1. */
static __always_inline u32 nested_number(struct kvm *kvm,
					 struct kvm_s2_mmu *mmu)
{
	struct search s = { .kvm = kvm, .mmu = mmu };
	u32 nr;

	if (mmu == main_mmu(kvm))
		return 0;
	nr = nr_nested(kvm);
	bpf_loop(nr < STOCK_MAX_NESTED ? nr : STOCK_MAX_NESTED, is_it, &s, 0);
	return s.found;
}

/* The id of @mmu, or 0 when there is no room to remember it. */
static __always_inline u64 id_of(struct kvm_s2_mmu *mmu)
{
	u64 key = (u64)mmu, id, *known;
	struct kvm *kvm;

	known = bpf_map_lookup_elem(&ids, &key);
	if (known)
		return *known;
	kvm = kvm_of_mmu(mmu);
	id = context_id(vm_id(kvm), nested_number(kvm, mmu));
	/* EEXIST means that another CPU was faster, with the same. */
	if (bpf_map_update_elem(&ids, &key, &id, BPF_NOEXIST) == -12)
		return 0;
	return id;
}

/*
 * The process that has the VM. Where this is not one of its own threads it is
 * the thread that created it: the same process as a rule.
 */
static __always_inline s32 owner(struct kvm_s2_mmu *mmu)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct kvm *kvm = kvm_of_mmu(mmu);

	if (BPF_CORE_READ(task, mm) == BPF_CORE_READ(kvm, mm))
		return BPF_CORE_READ(task, tgid);
	return BPF_CORE_READ(kvm, userspace_pid);
}

/* The row of @mmu on this CPU, made if it is the first event; or NULL. */
static __always_inline struct s2r_counts *row(struct kvm_s2_mmu *mmu)
{
	struct s2r_counts *c = NULL;
	u64 id = id_of(mmu);

	if (id)
		c = bpf_map_lookup_elem(&counts, &id);
	if (c)
		return c;
	if (id)
		c = make_row(id);
	else
		dropped();
	if (c)
		c->vm = owner(mmu);
	return c;
}

/* Why, the functions do not say: that goes to the row of the unknown. */
static __always_inline int flush(struct kvm_s2_mmu *mmu, u32 reason, u32 scope,
				 u64 pages)
{
	struct s2r_counts *c = row(mmu);
	u64 r = index(reason, S2_NR_REASONS);
	u64 s = index(scope, S2_NR_SCOPES);

	if (!c)
		return 0;
	add(&c->flushes[r][s], 1);
	add(&c->flush_pages[r][s], pages);
	return 0;
}

/* Pages of a leaf at @level; one when the kernel gives no (valid) level. */
static __always_inline u64 leaf_pages(s32 level)
{
	if (level < 1 || level > 3)
		return 1;
	return 1ULL << ((3 - level) * (page_shift - 3));
}

static __always_inline int flush_ipa(struct kvm_s2_mmu *mmu, u32 scope,
				     s32 level)
{
	return flush(mmu, S2_NR_REASONS, scope, leaf_pages(level));
}

static __always_inline int flush_all(void)
{
	struct s2r_global *g = globals();

	if (g)
		add(&g->rollovers, 1);
	return 0;
}

/* ESR_EL2 of an abort, Arm ARM D24.2.40. */
#define ESR_EC(esr) ((esr) >> 26 & 0x3f)
#define EC_DABT_LOW 0x24
#define ESR_WNR (1ULL << 6)
#define ESR_S1PTW (1ULL << 7)
#define ESR_FSC(esr) ((esr) & 0x3f)
/* The fault status without the level in its low bits. */
#define FSC_TRANSLATION 0x04
#define FSC_ACCESS 0x08
#define FSC_PERMISSION 0x0c
/* Of levels below 0, with FEAT_LPA2. */
#define FSC_TRANSLATION_M1 0x2b
#define FSC_TRANSLATION_M2 0x2a

static __always_inline u32 fault_kind(u64 esr)
{
	switch (ESR_FSC(esr) & ~3) {
	case FSC_TRANSLATION:
		return S2_FAULT_TRANSLATION;
	case FSC_ACCESS:
		return S2_FAULT_ACCESS;
	case FSC_PERMISSION:
		return S2_FAULT_PERMISSION;
	}
	if (ESR_FSC(esr) == FSC_TRANSLATION_M1 ||
	    ESR_FSC(esr) == FSC_TRANSLATION_M2)
		return S2_FAULT_TRANSLATION;
	return S2_FAULT_OTHER;
}

/* As kvm_is_write_fault(): a walk of the guest's tables writes its flags. */
static __always_inline bool fault_writes(u64 esr)
{
	if (ESR_EC(esr) != EC_DABT_LOW)
		return false;
	if (esr & ESR_S1PTW)
		return fault_kind(esr) == S2_FAULT_PERMISSION;
	return esr & ESR_WNR;
}

/* HPFAR_EL2.FIPA, bits 47:4, are bits 55:12 of the IPA. */
static __always_inline u64 fault_ipa(struct kvm_vcpu *vcpu)
{
	u64 hpfar = BPF_CORE_READ(vcpu, arch.fault.hpfar_el2);

	return (hpfar & (((1ULL << 44) - 1) << 4)) << 8;
}

static __always_inline int fault(struct kvm_vcpu *vcpu)
{
	struct kvm_s2_mmu *mmu = BPF_CORE_READ(vcpu, arch.hw_mmu);
	u64 esr = BPF_CORE_READ(vcpu, arch.fault.esr_el2);
	struct s2r_counts *c = row(mmu);

	if (c)
		add(&c->faults[index(fault_kind(esr), S2_NR_FAULTS)], 1);
	if (c && want_hot)
		count_hot(id_of(mmu), fault_ipa(vcpu), fault_writes(esr));
	return 0;
}

static __always_inline int fault_result(struct kvm_vcpu *vcpu, int result)
{
	struct s2r_counts *c = row(BPF_CORE_READ(vcpu, arch.hw_mmu));

	if (!c)
		return 0;
	if (result > 0)
		add(&c->faults_handled, 1);
	else if (!result)
		add(&c->faults_user, 1);
	else
		add(&c->faults_failed, 1);
	return 0;
}

/* Nothing happens to the context afterwards. May come twice, and too early. */
static __always_inline int over(struct kvm_s2_mmu *mmu)
{
	struct s2r_counts *c;
	u64 key = (u64)mmu, *id;

	id = bpf_map_lookup_elem(&ids, &key);
	if (!id)
		return 0;
	c = bpf_map_lookup_elem(&counts, id);
	if (!c)
		c = bpf_map_lookup_elem(&spilled, id);
	if (c)
		add(&c->freed, 1);
	bpf_map_delete_elem(&ids, &key);
	return 0;
}

/*
 * Each once by fentry and once by kprobe. phys_addr_t, int and unsigned long
 * arguments are all registers of 64 bits.
 */
#define AT_ENTRY(name, func, args, call)                           \
	SEC("fentry/" #func) int BPF_PROG(fentry_##name, UNPACK args) \
	{                                                          \
		return call;                                       \
	}                                                          \
	SEC("kprobe/" #func) int BPF_KPROBE(kprobe_##name, UNPACK args) \
	{                                                          \
		return call;                                       \
	}
#define UNPACK(...) __VA_ARGS__

AT_ENTRY(ipa, __kvm_tlb_flush_vmid_ipa,
	 (struct kvm_s2_mmu * mmu, u64 ipa, s64 level),
	 flush_ipa(mmu, S2_SCOPE_IPA, level))

/* Since a12ab1378a88 "KVM: arm64: Use local TLBI on permission relaxation". */
AT_ENTRY(ipa_local, __kvm_tlb_flush_vmid_ipa_nsh,
	 (struct kvm_s2_mmu * mmu, u64 ipa, s64 level),
	 flush_ipa(mmu, S2_SCOPE_IPA_LOCAL, level))

/* Since 6354d15052ec "KVM: arm64: Implement __kvm_tlb_flush_vmid_range()". */
AT_ENTRY(range, __kvm_tlb_flush_vmid_range,
	 (struct kvm_s2_mmu * mmu, u64 start, u64 pages),
	 flush(mmu, S2_NR_REASONS, S2_SCOPE_RANGE, pages))

AT_ENTRY(vmid, __kvm_tlb_flush_vmid, (struct kvm_s2_mmu * mmu),
	 flush(mmu, S2_NR_REASONS, S2_SCOPE_VMID, 0))

AT_ENTRY(cpu_context, __kvm_flush_cpu_context, (struct kvm_s2_mmu * mmu),
	 flush(mmu, S2_REASON_VCPU_MIGRATE, S2_SCOPE_CPU_CONTEXT, 0))

AT_ENTRY(fault, kvm_handle_guest_abort, (struct kvm_vcpu * vcpu), fault(vcpu))

AT_ENTRY(over, kvm_free_stage2_pgd, (struct kvm_s2_mmu * mmu), over(mmu))

/* Only when the VMIDs are used up. */
SEC("fentry/__kvm_flush_vm_context")
int BPF_PROG(fentry_rollover)
{
	return flush_all();
}

SEC("kprobe/__kvm_flush_vm_context")
int BPF_KPROBE(kprobe_rollover)
{
	return flush_all();
}

/* Results only by fexit: a kretprobe misses some when many vCPUs sleep. */
SEC("fexit/kvm_handle_guest_abort")
int BPF_PROG(fexit_fault, struct kvm_vcpu *vcpu, int result)
{
	return fault_result(vcpu, result);
}

/* Where the kernel runs shows in the state that a probe saves. */
__u64 pstate;
bool seen_pstate;

SEC("kprobe")
int read_pstate(struct user_pt_regs *ctx)
{
	pstate = ctx->pstate;
	seen_pstate = true;
	return 0;
}
