// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every s2 event, as it happens. See stream.h.
 *
 * Three things cannot be done at one moment for the whole host: to begin to
 * listen, to read what is there, and to stop. So events are held back at both
 * ends until it is known which of them the stream must have.
 */
#include "stream.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "../model/tally.h"
#include "bpf.h"
#include "probe.h"
#include "record.skel.h"
#include "snapshot.h"

/* Held back at most: what is more stays in the ring buffer, or is lost. */
#define HOLD_MAX ((size_t)512 << 20)
/* Events handed over before a caller may look at its clock again. */
#define TURN 65536
/* How long the last events of an MMU may be on their way. */
#define LINGER_NS 1000000000ULL

enum state {
	HOLDING, /* what comes is kept */
	PASSING, /* what comes is handed over */
};

/* The last number of each live MMU, by rising id. */
struct seqs {
	struct event_seq *rec;
	size_t nr;
	size_t room;
};

/**
 * struct stream - the running kernel, listened to
 * @state:	what to do with what comes
 * @f:		of the call that is under way
 * @err:	the receiver failed
 * @turn:	events of this turn
 * @held:	records, as the ring buffer had them
 * @snap:	its MMUs; with @told unset: not to be told of
 * @until:	events may be older than the snapshot up to this time
 * @tally:	what was handed over
 */
struct stream {
	struct record_bpf *bpf;
	struct bpf_link *link[EV_NR_S2];
	struct bpf_link *seq_link;
	struct ring_buffer *ring;
	struct bpf_buffer buf;
	stream_fn fn;
	void *arg;
	uint32_t listens;
	enum state state;
	struct failure *f;
	int err;
	uint32_t turn;
	unsigned char *held;
	size_t nr_held;
	size_t room;
	struct snapshot snap;
	uint64_t until;
	struct tally tally;
};

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void decode(const struct event_record *rec, struct event *e)
{
	const struct event_desc *desc = &event_descs[rec->type];

	*e = (struct event){
		.time = rec->time,
		.mmu = rec->mmu,
		.seq = rec->seq,
		.vm = rec->vm,
		.pid = rec->pid,
		.cpu = rec->cpu,
		.type = rec->type,
	};
	for (size_t i = 0; i < rec->nr; i++)
		event_set_arg(e, &desc->arg[i], rec->arg[i]);
}

/* Told by the snapshot already: see the head of the file. */
static bool is_old(const struct stream *s, const struct event *e)
{
	const struct snapshot_mmu *mmu;

	if (e->time > s->until || !event_is_s2(e))
		return false;
	mmu = map_get(&s->snap.known, e->mmu);
	return mmu && (!mmu->told || e->seq <= mmu->seq);
}

/* Everything that a receiver gets comes through here. */
static int pass(const struct event *e, void *arg, struct failure *f)
{
	struct stream *s = arg;

	if (tally_event(&s->tally, e))
		return failed(f, EXIT_ERROR, "out of memory");
	return s->fn(e, s->arg, f);
}

static int hand_over(struct stream *s, const struct event_record *rec)
{
	struct event e;

	decode(rec, &e);
	return is_old(s, &e) ? 0 : pass(&e, s, s->f);
}

static size_t size_of(const struct event_record *rec)
{
	return sizeof(*rec) + rec->nr * sizeof(rec->arg[0]);
}

static int hold(struct stream *s, const struct event_record *rec)
{
	size_t len = size_of(rec), more = s->room ? 2 * s->room : 1 << 20;

	if (s->nr_held + len > s->room) {
		unsigned char *p = realloc(s->held, more);

		if (!p)
			return failed(s->f, EXIT_ERROR, "out of memory");
		s->held = p;
		s->room = more;
	}
	memcpy(s->held + s->nr_held, rec, len);
	s->nr_held += len;
	return 0;
}

/* The record behind @at, or NULL: for (rec = NULL; (rec = next(s, rec));) */
static const struct event_record *next_held(const struct stream *s,
					    const struct event_record *rec)
{
	const unsigned char *at = s->held;

	if (rec)
		at = (const unsigned char *)rec + size_of(rec);
	return at < s->held + s->nr_held ? (const void *)at : NULL;
}

/* From the ring buffer. */
static int take(void *arg, void *data, size_t len)
{
	const struct event_record *rec = data;
	struct stream *s = arg;

	if (len < sizeof(*rec) || rec->type >= EV_NR ||
	    rec->nr > event_descs[rec->type].nr_args || len < size_of(rec))
		s->err = failed(s->f, EXIT_ERROR,
				"the ring buffer holds what is no event");
	else
		s->err = s->state == HOLDING ? hold(s, rec) : hand_over(s, rec);
	if (s->err)
		return -ECANCELED;
	/* A negative answer ends the turn; the record is taken all the same. */
	return ++s->turn < TURN ? 0 : -EAGAIN;
}

/* Takes what the ring buffer has, up to a turn. Returns 1 if there is more. */
static int drain(struct stream *s)
{
	int n;

	s->turn = 0;
	s->err = 0;
	n = ring_buffer__consume(s->ring);
	if (s->err)
		return -1;
	if (n < 0 && n != -EAGAIN)
		return bpf_refused(s->f, "read the ring buffer", n);
	return n == -EAGAIN;
}

static void hold_more(void *arg)
{
	struct stream *s = arg;

	if (s->nr_held < HOLD_MAX)
		drain(s);
}

/* Arguments of the tracepoint behind mmu and seq; -1: there is none. */
static int tracepoint_args(const struct btf *btf, const char *name)
{
	const struct btf_type *t;
	char type[64];
	int id;

	snprintf(type, sizeof(type), "btf_trace_%s", name);
	id = btf__find_by_name_kind(btf, type, BTF_KIND_TYPEDEF);
	t = id > 0 ? btf__type_by_id(btf, id) : NULL;
	for (int i = 0; t && i < 2; i++)
		t = btf__type_by_id(btf, t->type);
	/* The first is the program's own, then come mmu and seq. */
	if (!t || !btf_is_func_proto(t) || btf_vlen(t) < 3)
		return -1;
	return btf_vlen(t) - 3;
}

/* Looks which tracepoints there are, and how large they are. */
static int look(struct stream *s, struct failure *f)
{
	struct btf *btf = btf__load_vmlinux_btf();

	if (!btf)
		return bpf_refused(f, "read the kernel's types", -errno);
	for (int e = 0; e < EV_NR_S2; e++) {
		const struct event_desc *desc = &event_descs[e];
		int nr = tracepoint_args(btf, desc->name);
		struct bpf_program *prog;

		prog = bpf_object__find_program_by_name(s->bpf->obj,
							desc->name);
		if (nr < 0) {
			bpf_program__set_autoload(prog, false);
			continue;
		}
		if ((size_t)nr > desc->nr_args)
			nr = desc->nr_args;
		s->bpf->rodata->nr_args[e] = nr;
		s->listens |= 1u << e;
	}
	btf__free(btf);
	if (!s->listens)
		return failed(
			f, EXIT_KERNEL,
			"this kernel has no s2 tracepoints: there are no events to listen to");
	return 0;
}

static uint64_t ring_size(uint64_t bytes)
{
	uint64_t size = 1ULL << bpf_page_shift();

	while (size < bytes)
		size *= 2;
	return size;
}

static int load(struct stream *s, const struct stream_wants *wants,
		struct failure *f)
{
	uint64_t size = ring_size(wants->buffer);
	int err;

	s->bpf = record_bpf__open();
	if (!s->bpf)
		return bpf_refused(f, "open the BPF recorder", -errno);
	bpf_map__set_max_entries(s->bpf->maps.ring, size);
	s->bpf->rodata->wakeup_bytes = size / 8;
	if (look(s, f))
		return -1;
	err = record_bpf__load(s->bpf);
	return err ? bpf_refused(f, "load the BPF recorder", err) : 0;
}

static int attach(struct stream *s, struct failure *f)
{
	for (int e = 0; e < EV_NR_S2; e++) {
		struct bpf_program *prog;

		if (!(s->listens & 1u << e))
			continue;
		prog = bpf_object__find_program_by_name(s->bpf->obj,
							event_descs[e].name);
		s->link[e] = bpf_program__attach(prog);
		if (!s->link[e])
			return bpf_refused(f, "attach to the s2 tracepoints",
					   -errno);
	}
	s->seq_link = bpf_program__attach_iter(s->bpf->progs.show_seq, NULL);
	if (!s->seq_link)
		return bpf_refused(f, "attach the s2_mmu iterator", -errno);
	s->ring =
		ring_buffer__new(bpf_map__fd(s->bpf->maps.ring), take, s, NULL);
	if (!s->ring)
		return bpf_refused(f, "map the ring buffer", -errno);
	return 0;
}

/**
 * stream_open() - attaches to the running kernel
 * @out:	given back with stream_close(); NULL on failure
 *
 * Nothing is recorded yet. The caller may give up its capabilities afterwards,
 * all but those of caps_keep_bpf().
 *
 * Return: 0, or -1 with @f filled.
 */
int stream_open(struct stream **out, const struct stream_wants *wants,
		struct failure *f)
{
	struct stream *s;
	struct probe probe;

	*out = NULL;
	bpf_say(wants->verbose);
	probe_kernel(&probe);
	if (probe_verdict(&probe, f))
		return -1;
	s = calloc(1, sizeof(*s));
	if (!s)
		return failed(f, EXIT_ERROR, "out of memory");
	s->fn = wants->fn;
	s->arg = wants->arg;
	s->snap.fn = pass;
	s->snap.arg = s;
	s->snap.busy = hold_more;
	s->snap.busy_arg = s;
	if (load(s, wants, f) || attach(s, f) || bpf_buffer_init(&s->buf, f) ||
	    snapshot_open(&s->snap, f)) {
		stream_close(s);
		return -1;
	}
	*out = s;
	return 0;
}

/** stream_listens() - the events it has, 1 << EV_*: an old kernel lacks some */
uint32_t stream_listens(const struct stream *s)
{
	return s->listens;
}

/** stream_tally() - what was handed over so far */
const struct tally *stream_tally(const struct stream *s)
{
	return &s->tally;
}

static int add_seq(const struct s2r_head *rec, void *arg)
{
	struct seqs *seqs = arg;
	struct event_seq *more;

	if (seqs->nr == seqs->room) {
		seqs->room = seqs->room ? 2 * seqs->room : 16;
		more = reallocarray(seqs->rec, seqs->room, sizeof(*more));
		if (!more)
			return -ENOMEM;
		seqs->rec = more;
	}
	seqs->rec[seqs->nr++] = *(const struct event_seq *)rec;
	return 0;
}

static int compare_seqs(const void *a, const void *b)
{
	const struct event_seq *x = a, *y = b;

	return (x->mmu > y->mmu) - (x->mmu < y->mmu);
}

/* How far each live MMU has got; to be freed in any case. */
static int read_seqs(struct stream *s, struct seqs *seqs)
{
	*seqs = (struct seqs){};
	if (bpf_pass(&s->buf, s->seq_link, add_seq, seqs, s->f))
		return -1;
	qsort(seqs->rec, seqs->nr, sizeof(*seqs->rec), compare_seqs);
	return 0;
}

static const struct event_seq *find_seq(const struct seqs *seqs, uint64_t mmu)
{
	const struct event_seq key = { .mmu = mmu };

	if (!seqs->nr)
		return NULL;
	return bsearch(&key, seqs->rec, seqs->nr, sizeof(key), compare_seqs);
}

static struct snapshot_mmu *know(struct stream *s, uint64_t id, uint64_t seq)
{
	struct snapshot_mmu *mmu = calloc(1, sizeof(*mmu));

	if (!mmu || map_set(&s->snap.known, id, mmu)) {
		free(mmu);
		failed(s->f, EXIT_ERROR, "out of memory");
		return NULL;
	}
	mmu->id = id;
	mmu->seq = seq;
	return mmu;
}

/* From here on events are in the stream; what was before is in the snapshot. */
static int begin_listening(struct stream *s)
{
	struct seqs seqs;
	int err;

	s->state = HOLDING;
	s->bpf->bss->listening = true;
	err = read_seqs(s, &seqs);
	for (size_t i = 0; !err && i < seqs.nr; i++)
		if (!know(s, seqs.rec[i].mmu, seqs.rec[i].seq))
			err = -1;
	free(seqs.rec);
	return err;
}

static int read_ends(struct stream *s)
{
	struct seqs seqs;
	int err = read_seqs(s, &seqs);
	size_t i;

	map_for_each(i, &s->snap.known)
	{
		struct snapshot_mmu *mmu = s->snap.known.slot[i].value;
		const struct event_seq *seq = find_seq(&seqs, mmu->id);

		mmu->end = seq ? seq->seq : 0;
	}
	free(seqs.rec);
	return err;
}

/*
 * An MMU that died while we began to listen is neither in the snapshot nor
 * does the stream have its beginning: it is left out.
 */
static int leave_out_dying(struct stream *s)
{
	const struct event_record *rec;
	struct map begun = {};
	int err = 0;

	for (rec = NULL; !err && (rec = next_held(s, rec));) {
		if (!rec->seq || map_get(&s->snap.known, rec->mmu) ||
		    map_get(&begun, rec->mmu))
			continue;
		if (rec->type == EV_s2_mmu_init)
			err = map_set(&begun, rec->mmu, s);
		else if (!know(s, rec->mmu, 0))
			err = -1;
	}
	map_free(&begun);
	return err;
}

static int release(struct stream *s)
{
	const struct event_record *rec;

	for (rec = NULL; (rec = next_held(s, rec));)
		if (hand_over(s, rec))
			return -1;
	free(s->held);
	s->held = NULL;
	s->nr_held = 0;
	s->room = 0;
	s->state = PASSING;
	return 0;
}

/**
 * stream_begin() - the stream begins, with the snapshot
 *
 * Return: 0, or -1 with @f filled.
 */
int stream_begin(struct stream *s, struct failure *f)
{
	s->f = f;
	s->until = UINT64_MAX;
	if (begin_listening(s) || snapshot_tell(&s->snap, f) || read_ends(s) ||
	    snapshot_ends(&s->snap, f) || drain(s) < 0 || leave_out_dying(s))
		return -1;
	s->until = now() + LINGER_NS;
	return release(s);
}

/**
 * stream_poll() - hands over what has come
 * @timeout_ms:	how long to wait for something
 *
 * Returns after a while even if there is always more.
 *
 * Return: 0, or -1 with @f filled.
 */
int stream_poll(struct stream *s, int timeout_ms, struct failure *f)
{
	struct epoll_event ev;
	int more;

	s->f = f;
	more = drain(s);
	if (more || !timeout_ms)
		return more < 0 ? -1 : 0;
	if (epoll_wait(ring_buffer__epoll_fd(s->ring), &ev, 1, timeout_ms) <
		    0 &&
	    errno != EINTR)
		return failed(f, EXIT_ERROR, "cannot wait: %s",
			      strerror(errno));
	return drain(s) < 0 ? -1 : 0;
}

/**
 * struct ending - what is still to come when the stream ends
 * @seqs:	live MMUs and their last numbers
 * @due:	how many events of each are on their way
 * @freed:	MMUs whose s2_mmu_free is held
 * @dying:	MMUs of which it is still to come
 */
struct ending {
	struct seqs seqs;
	uint64_t *due;
	struct map freed;
	size_t dying;
};

/* What the MMUs told until now, against what they have told to the last. */
static int begin_ending(struct stream *s, struct ending *end)
{
	size_t i;

	if (read_seqs(s, &end->seqs))
		return -1;
	end->due = calloc(end->seqs.nr + 1, sizeof(*end->due));
	if (!end->due)
		return failed(s->f, EXIT_ERROR, "out of memory");
	for (i = 0; i < end->seqs.nr; i++) {
		const struct event_seq *seq = &end->seqs.rec[i];
		const struct tally_mmu *m = tally_find(&s->tally, seq->mmu);
		uint64_t got = m ? m->base + m->events : 0;

		end->due[i] = seq->seq > got ? seq->seq - got : 0;
	}
	map_for_each(i, &s->tally.mmu)
	{
		const struct tally_mmu *m = s->tally.mmu.slot[i].value;

		end->dying += !m->freed && !find_seq(&end->seqs, m->id);
	}
	return 0;
}

/* What is held, against what is due. Returns 1 if all is there. */
static int all_there(struct stream *s, struct ending *end)
{
	const struct event_record *rec;
	uint64_t *got = calloc(end->seqs.nr + 1, sizeof(*got));
	size_t dead = 0, missing = 0;

	map_free(&end->freed);
	if (!got)
		return failed(s->f, EXIT_ERROR, "out of memory");
	for (rec = NULL; (rec = next_held(s, rec));) {
		const struct event_seq *seq = find_seq(&end->seqs, rec->mmu);

		if (seq && rec->seq && rec->seq <= seq->seq)
			got[seq - end->seqs.rec]++;
		if (rec->type != EV_s2_mmu_free)
			continue;
		dead += !seq && tally_find(&s->tally, rec->mmu);
		if (map_set(&end->freed, rec->mmu, s)) {
			free(got);
			return failed(s->f, EXIT_ERROR, "out of memory");
		}
	}
	for (size_t i = 0; i < end->seqs.nr; i++)
		missing += got[i] < end->due[i];
	free(got);
	return !missing && dead >= end->dying;
}

/* Waits for what is on its way; what was lost never comes. */
static int linger(struct stream *s, struct ending *end)
{
	uint64_t deadline = now() + LINGER_NS;
	int there = 0;

	while (!there) {
		if (drain(s) < 0)
			return -1;
		there = all_there(s, end);
		if (there || now() > deadline || s->nr_held > HOLD_MAX)
			break;
		usleep(1000);
	}
	return there < 0 ? -1 : 0;
}

/*
 * Is an event that came last one that the stream must have? Of a live MMU up
 * to the number that stream_end tells; all of one that died. One that was born
 * after the numbers were read has no place in the stream any more.
 */
static bool belongs(const struct stream *s, const struct ending *end,
		    const struct event_record *rec)
{
	const struct event_seq *seq;

	if (!rec->seq)
		return true;
	seq = find_seq(&end->seqs, rec->mmu);
	if (seq)
		return rec->seq <= seq->seq;
	return map_get(&end->freed, rec->mmu) ||
	       tally_find(&s->tally, rec->mmu);
}

static int release_last(struct stream *s, const struct ending *end)
{
	const struct event_record *rec;

	for (rec = NULL; (rec = next_held(s, rec));)
		if (belongs(s, end, rec) && hand_over(s, rec))
			return -1;
	return 0;
}

static int tell_lost(struct stream *s, const struct event_loss *loss, int cpu)
{
	const struct event e = {
		.type = EV_lost,
		.time = now(),
		.mmu = loss->mmu,
		.vm = loss->vm,
		.cpu = cpu,
		.lost = { .count = loss->total - loss->told,
			  .since = loss->since },
	};

	return e.lost.count ? pass(&e, s, s->f) : 0;
}

/* What CPUs could not tell any more. */
static int tell_losses(struct stream *s)
{
	int cpus = libbpf_num_possible_cpus(), err = 0;
	struct event_loss *loss;
	__u32 zero = 0;

	loss = cpus > 0 ? calloc(cpus, sizeof(*loss)) : NULL;
	if (!loss)
		return failed(s->f, EXIT_ERROR, "out of memory");
	if (bpf_map_lookup_elem(bpf_map__fd(s->bpf->maps.losses), &zero, loss))
		err = bpf_refused(s->f, "read the losses", -errno);
	for (int cpu = 0; !err && cpu < cpus; cpu++)
		err = tell_lost(s, &loss[cpu], cpu);
	free(loss);
	return err;
}

/* Events that BPF skipped because the program already ran on the CPU. */
static int tell_misses(struct stream *s)
{
	struct event_loss loss = {};
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, s->bpf->obj) {
		struct bpf_prog_info info = {};
		__u32 len = sizeof(info);

		if (bpf_program__fd(prog) >= 0 &&
		    !bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len))
			loss.total += info.recursion_misses;
	}
	return tell_lost(s, &loss, -1);
}

static int tell_ends(struct stream *s, const struct ending *end)
{
	for (size_t i = 0; i < end->seqs.nr; i++) {
		const struct event_seq *seq = &end->seqs.rec[i];
		const struct event e = {
			.type = EV_stream_end,
			.time = now(),
			.mmu = seq->mmu,
			.seq = seq->seq,
			.vm = seq->vm,
			.stream_end = { .vcpus = seq->vcpus },
		};

		if (pass(&e, s, s->f))
			return -1;
	}
	return 0;
}

static int finish(struct stream *s, struct ending *end)
{
	s->state = HOLDING;
	if (begin_ending(s, end) || linger(s, end))
		return -1;
	s->bpf->bss->listening = false;
	/* Behind what is held there may be losses that are told. */
	if (drain(s) < 0 || all_there(s, end) < 0)
		return -1;
	return release_last(s, end) || tell_losses(s) || tell_misses(s) ||
	       tell_ends(s, end);
}

/**
 * stream_end() - the stream ends
 *
 * What was on its way is handed over; then a stream_end for each MMU.
 *
 * Return: 0, or -1 with @f filled.
 */
int stream_end(struct stream *s, struct failure *f)
{
	struct ending end = {};
	int err;

	s->f = f;
	err = finish(s, &end);
	free(end.seqs.rec);
	free(end.due);
	map_free(&end.freed);
	return err ? -1 : 0;
}

/** stream_close() - detaches and gives all back; @s may be NULL */
void stream_close(struct stream *s)
{
	if (!s)
		return;
	snapshot_close(&s->snap);
	ring_buffer__free(s->ring);
	bpf_link__destroy(s->seq_link);
	for (int e = 0; e < EV_NR_S2; e++)
		bpf_link__destroy(s->link[e]);
	record_bpf__destroy(s->bpf);
	bpf_buffer_free(&s->buf);
	tally_free(&s->tally);
	free(s->held);
	free(s);
}
