// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Baseline for the reader: the records of ours, in a ring buffer of BCC's own, for BCC's event(). */
struct record {
	u64 trigger_ns, ran_ns, address;
	s32 nofault, result;
	u32 tgid, tid, length, wanted;
	u16 trigger_cpu, ran_cpu;
	u8 map_kind, mode, capture, flags;
	char comm[16];
	char data[16];
};

BPF_RINGBUF_OUTPUT(events, RING_PAGES);

int fill(void *ctx)
{
	struct record *record;
	u64 ids = bpf_get_current_pid_tgid();
	u32 tgid = ids >> 32;

	if (tgid != FILLER)
		return 0;
	record = events.ringbuf_reserve(sizeof(*record));
	if (!record)
		return 0;
	__builtin_memset(record, 0, sizeof(*record));
	record->trigger_ns = bpf_ktime_get_ns();
	record->tgid = tgid;
	record->tid = ids;
	record->address = ADDRESS;
	bpf_get_current_comm(record->comm, sizeof(record->comm));
	record->length = bpf_probe_read_user_str(record->data, sizeof(record->data), (void *)ADDRESS);
	record->wanted = record->length;
	events.ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	return 0;
}
