// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recordings: what is written is read back, whole or up to where a crash, a
 * full disk or a hostile hand left it; and nothing else is read.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trace/format.h"
#include "trace/reader.h"
#include "trace/writer.h"
#include "unit.h"

static char dir[] = "/tmp/s2stat-trace.XXXXXX";
static char path[64];
static struct failure f;

static uint64_t seed;

static uint64_t next_random(void)
{
	seed += 0x9e3779b97f4a7c15ULL;
	uint64_t z = (seed ^ seed >> 30) * 0xbf58476d1ce4e5b9ULL;

	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

/* A number of any size: small ones as likely as huge ones. */
static uint64_t any(void)
{
	uint64_t v = next_random();

	return v >> (next_random() & 63);
}

/* An event of any type with anything in it: a coder may not rely on sense. */
static struct event any_event(void)
{
	struct event e = {
		.time = any(),
		.mmu = next_random() % 4 ? 1 + next_random() % 3 : any(),
		.seq = any(),
		.vm = next_random() % 2 ? 100 : (int32_t)any(),
		.pid = any(),
		.cpu = next_random() % 4 ? next_random() % 64 : any(),
		.type = next_random() % EV_NR,
	};
	const struct event_desc *desc = &event_descs[e.type];

	for (size_t i = 0; i < desc->nr_args; i++)
		if (next_random() % 3)
			event_set_arg(&e, &desc->arg[i], any());
	return e;
}

/* One that a kernel could tell: the n-th page is mapped. */
static struct event usual_event(uint64_t n)
{
	return (struct event){
		.type = EV_s2_set,
		.time = 1000 + 700 * n,
		.mmu = 1,
		.seq = n + 1,
		.vm = 77,
		.pid = 78,
		.cpu = n & 1,
		.s2_set = {
			.op = n,
			.ipa = 0x40000000 + 4096 * n,
			.level = 3,
			.table = 0x80001000,
			.index = n % 512,
			.new = 0x40000000000007ff + 4096 * n,
			.count = n % 512 + 2,
		},
	};
}

static const struct trace_head head = {
	.monotonic = 1000,
	.realtime = 1700000000000000000,
	.page_size = 4096,
	.cpus = 2,
	.listens = 1u << EV_s2_set | 1u << EV_s2_clear,
	.host = "Linux 6.12.0 aarch64",
	.command = "./test \\x1b[1m",
};
static const struct trace_end ending = {
	.reason = TRACE_END_COMMAND,
	.time = 5000,
	.status = 3,
};

static struct trace_writer *begin(struct trace_options o)
{
	struct trace_writer *w;

	assert_int_equal(trace_writer_open(&w, path, &o, &f), 0);
	assert_int_equal(trace_writer_begin(w, &head, &f), 0);
	return w;
}

static void end(struct trace_writer *w)
{
	assert_int_equal(trace_writer_end(w, &ending, &f), 0);
	trace_writer_close(w);
}

/* A file of @n usual events, with a block boundary after every @step. */
static void write_usual(uint64_t n, uint64_t step)
{
	struct trace_writer *w =
		begin((struct trace_options){ .force = true, .level = 1 });

	for (uint64_t i = 0; i < n; i++) {
		struct event e = usual_event(i);

		assert_int_equal(trace_write(w, &e, &f), 0);
		if ((i + 1) % step == 0)
			assert_int_equal(trace_flush(w, &f), 0);
	}
	end(w);
}

static unsigned char *slurp(size_t *len)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	unsigned char *p;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	p = malloc(st.st_size + 1);
	assert_int_equal(read(fd, p, st.st_size), st.st_size);
	close(fd);
	*len = st.st_size;
	return p;
}

/**
 * struct outcome - what reading a file came to
 * @ok:		it could be read at all
 * @events:	usual ones, in their order, none altered
 * @losses:	places where something is said to be missing
 */
struct outcome {
	bool ok;
	bool complete;
	uint64_t events;
	uint64_t losses;
	uint64_t lost;
	struct trace_seen seen;
};

/* Events may be missing, but what is there must be as it was written. */
static void check_usual(const struct event *e, struct outcome *out,
			uint64_t *last)
{
	struct event as_it_was;

	if (e->type == EV_lost) {
		out->losses++;
		out->lost += e->lost.count;
		return;
	}
	assert_true(e->seq > *last);
	as_it_was = usual_event(e->seq - 1);
	assert_memory_equal(e, &as_it_was, sizeof(*e));
	*last = e->seq;
	out->events++;
}

static struct outcome read_all(struct trace_reader *r)
{
	struct outcome out = {};
	const struct event *e;
	uint64_t last = 0;
	size_t nr;

	if (!r) {
		assert_int_equal(f.code, EXIT_ERROR);
		return out;
	}
	out.ok = true;
	do {
		assert_int_equal(trace_next(r, &e, &nr, &f), 0);
		for (size_t i = 0; i < nr; i++)
			check_usual(&e[i], &out, &last);
	} while (nr);
	assert_int_equal(trace_next(r, &e, &nr, &f), 0);
	assert_int_equal(nr, 0);
	out.complete = trace_complete(r);
	out.seen = *trace_seen(r);
	trace_close(r);
	return out;
}

static struct outcome read_usual(void)
{
	struct trace_reader *r;

	trace_open(&r, path, &f);
	return read_all(r);
}

/* As read_usual(), of a file with @len bytes at @p in it. */
static struct outcome read_bytes(const unsigned char *p, size_t len)
{
	struct trace_reader *r;
	struct outcome out;
	int fd = memfd_create("trace", 0);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, len), len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	trace_open_fd(&r, fd, "memory", &f);
	out = read_all(r);
	close(fd);
	return out;
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/t", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static int clear(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

static void whatever_is_written_is_read_back(void **state)
{
	struct trace_reader *r;
	const struct event *got;
	struct event want;
	uint64_t n = 0;
	size_t nr;

	(void)state;
	for (int level = 0; level < 4; level += 3) {
		struct trace_writer *w = begin((struct trace_options){
			.force = true, .level = level });

		seed = 42;
		for (int i = 0; i < 100000; i++) {
			want = any_event();
			assert_int_equal(trace_write(w, &want, &f), 0);
		}
		end(w);

		assert_int_equal(trace_open(&r, path, &f), 0);
		seed = 42;
		for (n = 0; !trace_next(r, &got, &nr, &f) && nr; n += nr)
			for (size_t i = 0; i < nr; i++) {
				want = any_event();
				assert_memory_equal(&got[i], &want,
						    sizeof(want));
			}
		assert_int_equal(n, 100000);
		assert_true(trace_complete(r));
		assert_int_equal(trace_end(r)->events, 100000);
		trace_close(r);
	}
}

static void the_head_and_the_end_say_what_they_were_told(void **state)
{
	const struct trace_name names[] = {
		{ 77, "qemu-system-aar", "web \\x1b[31m" },
		{ 78, "s2guest", "pid 78" },
		{ 77, "qemu-system-aar", "web-2" },
	};
	struct trace_writer *w = begin((struct trace_options){});
	struct trace_reader *r;
	const struct event *e;
	size_t nr;

	(void)state;
	assert_int_equal(trace_write_names(w, names, 3, &f), 0);
	end(w);
	assert_int_equal(trace_open(&r, path, &f), 0);
	assert_int_equal(trace_next(r, &e, &nr, &f), 0);
	assert_int_equal(nr, 0);
	assert_int_equal(trace_head(r)->monotonic, head.monotonic);
	assert_int_equal(trace_head(r)->realtime, head.realtime);
	assert_int_equal(trace_head(r)->page_size, 4096);
	assert_int_equal(trace_head(r)->cpus, 2);
	assert_int_equal(trace_head(r)->listens, head.listens);
	assert_string_equal(trace_head(r)->host, head.host);
	assert_string_equal(trace_head(r)->command, head.command);
	assert_int_equal(trace_end(r)->status, 3);
	assert_int_equal(trace_end(r)->time, 5000);
	assert_string_equal(trace_name(r, 77)->name, "web-2");
	assert_string_equal(trace_name(r, 78)->vmm, "s2guest");
	assert_null(trace_name(r, 79));
	trace_names(r, &nr);
	assert_int_equal(nr, 2);
	trace_close(r);
}

static void a_cut_file_is_read_up_to_its_last_whole_block(void **state)
{
	unsigned char *p;
	uint64_t before = 0;
	size_t len;

	(void)state;
	write_usual(60, 10);
	p = slurp(&len);
	for (size_t cut = 0; cut <= len; cut++) {
		struct outcome out;

		out = read_bytes(p, cut);
		assert_true(out.events % 10 == 0);
		assert_true(out.events >= before);
		if (out.ok && cut < len) {
			assert_false(out.complete);
			assert_int_equal(out.losses, 1);
		}
		before = out.events;
	}
	assert_int_equal(before, 60);
	assert_true(read_bytes(p, len).complete);
	free(p);
}

static void a_flipped_bit_costs_one_block_and_is_told(void **state)
{
	unsigned char *p;
	size_t len;

	(void)state;
	write_usual(60, 10);
	p = slurp(&len);
	for (size_t at = 0; at < len; at++) {
		struct outcome out;

		p[at] ^= 1 << at % 8;
		out = read_bytes(p, len);
		p[at] ^= 1 << at % 8;
		if (!out.ok)
			continue;
		assert_true(out.events >= 50);
		assert_int_equal(out.losses, out.events < 60 ? 1 : out.losses);
		assert_true(out.losses >= 1);
		assert_false(out.complete);
	}
	free(p);
}

static void a_missing_or_repeated_block_is_told(void **state)
{
	unsigned char *p, *q;
	struct trace_block b;
	struct outcome out;
	size_t len, first, second;

	(void)state;
	write_usual(40, 10);
	p = slurp(&len);
	q = malloc(2 * len);
	assert_true(trace_block_get(&b, p));
	first = TRACE_BLOCK_HEAD + b.stored;
	assert_true(trace_block_get(&b, p + first));
	second = first + TRACE_BLOCK_HEAD + b.stored;

	memcpy(q, p, first);
	memcpy(q + first, p + second, len - second);
	out = read_bytes(q, len - (second - first));
	assert_int_equal(out.events, 30);
	assert_int_equal(out.losses, 1);
	assert_false(out.complete);

	memcpy(q, p, second);
	memcpy(q + second, p + first, len - first);
	out = read_bytes(q, len + second - first);
	assert_int_equal(out.events, 40);
	assert_int_equal(out.losses, 1);
	assert_int_equal(out.seen.foreign, 1);
	assert_false(out.complete);
	free(p);
	free(q);
}

/* A block with a right checksum: what a hostile hand would write. */
static size_t forge(unsigned char *at, enum trace_kind kind, uint64_t index,
		    uint32_t events, const void *payload, size_t len)
{
	const struct trace_block b = {
		.kind = kind,
		.stored = len,
		.raw = len,
		.events = events,
		.index = index,
		.id = 7,
		.crc = trace_crc(payload, len),
	};

	trace_block_put(&b, at);
	memcpy(at + TRACE_BLOCK_HEAD, payload, len);
	return TRACE_BLOCK_HEAD + len;
}

static size_t forge_text(unsigned char *at, enum trace_kind kind,
			 uint64_t index, const char *text)
{
	return forge(at, kind, index, 0, text, strlen(text));
}

#define FORGED_HEAD "s2stat-trace 1\nstart 0 0\npage-size 4096\ncpus 1\n"

static void what_is_no_recording_is_refused_in_a_sentence(void **state)
{
	static const char *const bad[] = {
		"s2stat-trace 2\npage-size 4096\nevent s2_set op:u64:dec\n",
		"s2stat-trace 0\npage-size 4096\nevent s2_set op:u64:dec\n",
		"something else\n",
		"",
		FORGED_HEAD,
		FORGED_HEAD "event\n",
		FORGED_HEAD "event S2\n",
		FORGED_HEAD "event a b:u64:dec\nevent a b:u64:dec\n",
		FORGED_HEAD "event a b\n",
		FORGED_HEAD "event a b:u64\n",
		FORGED_HEAD "event a b:u128:dec\n",
		FORGED_HEAD "event a b:u64:\n",
		FORGED_HEAD "event a :u64:dec\n",
		FORGED_HEAD
		"event a_name_that_is_longer_than_any_of_ours b:u64:dec\n",
		"s2stat-trace 1\npage-size 5000\nevent a b:u64:dec\n",
		"s2stat-trace 1\nevent a b:u64:dec\n",
		FORGED_HEAD "event a b:u64:d b:u64:d b:u64:d b:u64:d b:u64:d "
			    "b:u64:d b:u64:d b:u64:d b:u64:d b:u64:d b:u64:d "
			    "b:u64:d b:u64:d b:u64:d b:u64:d b:u64:d b:u64:d\n",
	};
	unsigned char buf[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(
			read_bytes(buf, forge_text(buf, TRACE_HEAD, 0, bad[i]))
				.ok);
		assert_non_null(strstr(f.text, "is no recording"));
		assert_null(strchr(f.text, '\n'));
	}
	assert_false(read_bytes((const unsigned char *)"hello", 5).ok);
	assert_false(read_usual().ok);
	assert_non_null(strstr(f.text, strerror(ENOENT)));
}

static void a_forged_payload_gives_no_more_than_a_loss(void **state)
{
	unsigned char buf[8192];
	struct outcome out;
	size_t len, n;

	(void)state;
	len = forge_text(buf, TRACE_HEAD, 0,
			 FORGED_HEAD "event lost count:u64:dec\n");
	for (int round = 0; round < 4000; round++) {
		unsigned char payload[64];

		seed = round;
		n = next_random() % sizeof(payload);
		for (size_t i = 0; i < n; i++)
			payload[i] = next_random() >>
				     (next_random() % 3 ? 62 : 0);
		out = read_bytes(buf,
				 len + forge(buf + len, TRACE_EVENTS, 1,
					     next_random() % 8, payload, n));
		assert_true(out.ok);
		assert_false(out.complete);
		assert_true(out.losses >= 1);
	}
}

/* A file of another version: events and arguments that we do not know. */
static void a_newer_file_is_read_as_far_as_it_is_known(void **state)
{
	static const char text[] = FORGED_HEAD
		"colour green\n"
		"event s2_teleport where:u64:hex\n"
		"event s2_cache mood:s32:mood cache:u64:hex\n"
		"event s2_nothing\n"
		"words mood bad good\n"
		"words reason a b c d e f g h i j k l m n o p q r s t u\n";
	/* type, flags, time, [place, mmu, vm], mask, arguments */
	static const unsigned char payload[] = {
		0, 1, 0, 0, 5,	4,  1, 10, /* s2_teleport */
		1, 0, 2, 3, 1,	16, /* s2_cache: mood -1, cache 8 */
		2, 0, 2, /* s2_nothing */
		1, 0, 2, 2, 16, /* s2_cache: cache 16 */
	};
	unsigned char buf[4096];
	struct trace_reader *r;
	const struct event *e;
	size_t nr, len;
	int fd;

	(void)state;
	len = forge_text(buf, TRACE_HEAD, 0, text);
	len += forge(buf + len, TRACE_EVENTS, 1, 4, payload, sizeof(payload));
	len += forge_text(buf + len, 99, 2, "a kind of block of the future");
	len += forge_text(buf + len, TRACE_END, 3, "mood good\nreason time\n");
	fd = memfd_create("trace", 0);
	assert_int_equal(write(fd, buf, len), len);
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(trace_open_fd(&r, fd, "memory", &f), 0);
	assert_int_equal(trace_next(r, &e, &nr, &f), 0);
	assert_int_equal(nr, 2);
	assert_int_equal(e[0].type, EV_s2_cache);
	assert_int_equal(e[0].mmu, 5);
	assert_int_equal(e[0].vm, 2);
	assert_int_equal(e[0].seq, 2);
	assert_int_equal(e[0].time, 1);
	assert_int_equal(e[0].s2_cache.cache, 8);
	assert_int_equal(e[0].s2_cache.before, 0);
	assert_int_equal(e[1].seq, 4);
	assert_int_equal(e[1].time, 3);
	assert_int_equal(e[1].s2_cache.cache, 16);
	assert_string_equal(trace_word(trace_head(r), SHOW_REASON, 0), "fault");
	assert_string_equal(trace_word(trace_head(r), SHOW_REASON, 20), "u");
	assert_null(trace_word(trace_head(r), SHOW_REASON, 21));
	assert_int_equal(trace_next(r, &e, &nr, &f), 0);
	assert_int_equal(nr, 0);
	assert_true(trace_complete(r));
	trace_close(r);
	close(fd);
}

static void nothing_is_replaced_unless_asked_to(void **state)
{
	const struct trace_options plain = {}, force = { .force = true };
	struct trace_writer *w, *v;

	(void)state;
	write_usual(1, 1);
	assert_int_equal(trace_writer_open(&w, path, &plain, &f), -1);
	assert_non_null(strstr(f.text, "is there already"));
	trace_writer_close(w);
	assert_int_equal(read_usual().events, 1);

	/* Until it begins, a recording leaves what is there alone. */
	assert_int_equal(trace_writer_open(&w, path, &force, &f), 0);
	trace_writer_close(w);
	assert_int_equal(read_usual().events, 1);

	/* Two at once: the second to begin finds the first. */
	unlink(path);
	assert_int_equal(trace_writer_open(&w, path, &plain, &f), 0);
	assert_int_equal(trace_writer_open(&v, path, &plain, &f), 0);
	assert_int_equal(trace_writer_begin(w, &head, &f), 0);
	assert_int_equal(trace_writer_begin(v, &head, &f), -1);
	trace_writer_close(v);
	end(w);
	assert_true(read_usual().complete);
	/* And nothing else is left in the directory: teardown sees to that. */
}

static void a_recording_without_an_event_leaves_no_file(void **state)
{
	struct trace_writer *w = begin((struct trace_options){});

	(void)state;
	trace_writer_close(w);
	assert_int_equal(access(path, F_OK), -1);
}

static void a_bounded_file_is_never_larger(void **state)
{
	const uint64_t max = 300000;
	struct trace_writer *w =
		begin((struct trace_options){ .max_size = max });
	struct trace_written done;
	struct outcome out;
	struct stat st;

	(void)state;
	for (uint64_t i = 0; i < 200000; i++) {
		struct event e = usual_event(i);

		assert_int_equal(trace_write(w, &e, &f), 0);
	}
	assert_int_equal(trace_writer_end(w, &ending, &f), 0);
	done = trace_written(w);
	trace_writer_close(w);
	assert_int_equal(stat(path, &st), 0);
	assert_true(done.full);
	assert_true((uint64_t)st.st_size <= max);
	assert_int_equal(done.bytes, st.st_size);
	out = read_usual();
	assert_true(out.events > 1000 && out.events < 200000);
	assert_int_equal(out.events, done.events);
}

/*
 * The smallest bound: the usual block would not fit. And that it was reached
 * shows only when the end has been decided on.
 */
static void a_small_file_holds_some_and_says_that_it_is_full(void **state)
{
	struct trace_writer *w =
		begin((struct trace_options){ .max_size = 65536, .level = 0 });
	struct outcome out;

	(void)state;
	for (uint64_t i = 0; i < 20000; i++) {
		struct event e = usual_event(i);

		assert_int_equal(trace_write(w, &e, &f), 0);
	}
	assert_int_equal(ending.reason, TRACE_END_COMMAND);
	assert_int_equal(trace_writer_end(w, &ending, &f), 0);
	assert_true(trace_written(w).full);
	trace_writer_close(w);
	out = read_usual();
	assert_true(out.events > 1000 && out.events < 20000);
	assert_false(out.complete);
}

/* RLIMIT_FSIZE fails a write in the middle, as a full disk does. */
static void a_full_disk_leaves_whole_blocks(void **state)
{
	struct rlimit old, small = { .rlim_cur = 300000 };
	struct trace_writer *w = begin((struct trace_options){});
	struct outcome out;
	struct stat st;
	int err = 0;

	(void)state;
	getrlimit(RLIMIT_FSIZE, &old);
	small.rlim_max = old.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (uint64_t i = 0; i < 200000 && !err; i++) {
		struct event e = usual_event(i);

		err = trace_write(w, &e, &f);
	}
	if (!err)
		err = trace_writer_end(w, &ending, &f);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(err, -1);
	assert_non_null(strstr(f.text, strerror(EFBIG)));
	trace_writer_close(w);
	out = read_usual();
	assert_true(out.events > 1000);
	assert_int_equal(out.losses, 1);
	assert_false(out.complete);
	assert_false(out.seen.cut);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(out.seen.bytes, st.st_size);
}

static void a_writer_that_is_killed_leaves_what_it_wrote(void **state)
{
	struct outcome out;
	struct stat st = {};
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct trace_writer *w = begin((struct trace_options){});

		for (uint64_t i = 0;; i++) {
			struct event e = usual_event(i);

			if (trace_write(w, &e, &f))
				_exit(1);
		}
	}
	while (st.st_size < 3000000) {
		usleep(1000);
		if (stat(path, &st))
			st.st_size = 0;
		assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	}
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	out = read_usual();
	assert_true(out.events > 100000);
	assert_int_equal(out.losses, 1);
	assert_false(out.complete);
}

static void more_mmus_than_a_block_holds_take_more_blocks(void **state)
{
	struct trace_writer *w = begin((struct trace_options){ .level = 1 });
	struct trace_reader *r;
	const struct event *e;
	uint64_t n = 0;
	size_t nr;

	(void)state;
	for (uint64_t i = 0; i < 20000; i++) {
		struct event one = usual_event(1);

		one.mmu = i % 10000;
		assert_int_equal(trace_write(w, &one, &f), 0);
	}
	end(w);
	assert_int_equal(trace_open(&r, path, &f), 0);
	while (!trace_next(r, &e, &nr, &f) && nr)
		for (size_t i = 0; i < nr; i++)
			assert_int_equal(e[i].mmu, n++ % 10000);
	assert_int_equal(n, 20000);
	assert_true(trace_seen(r)->blocks > 4);
	trace_close(r);
}

static void usual_events_take_few_bytes(void **state)
{
	struct stat st;

	(void)state;
	write_usual(100000, 100000);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size < 100000 * 6);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, clear)
	const struct CMUnitTest tests[] = {
		TEST(whatever_is_written_is_read_back),
		TEST(the_head_and_the_end_say_what_they_were_told),
		TEST(a_cut_file_is_read_up_to_its_last_whole_block),
		TEST(a_flipped_bit_costs_one_block_and_is_told),
		TEST(a_missing_or_repeated_block_is_told),
		TEST(what_is_no_recording_is_refused_in_a_sentence),
		TEST(a_forged_payload_gives_no_more_than_a_loss),
		TEST(a_newer_file_is_read_as_far_as_it_is_known),
		TEST(nothing_is_replaced_unless_asked_to),
		TEST(a_recording_without_an_event_leaves_no_file),
		TEST(a_bounded_file_is_never_larger),
		TEST(a_small_file_holds_some_and_says_that_it_is_full),
		TEST(a_full_disk_leaves_whole_blocks),
		TEST(a_writer_that_is_killed_leaves_what_it_wrote),
		TEST(more_mmus_than_a_block_holds_take_more_blocks),
		TEST(usual_events_take_few_bytes),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
