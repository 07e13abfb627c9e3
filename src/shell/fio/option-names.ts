/** Names of job options of fio 3.33 that are not modelled, and of those that change nothing here. */

const names = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));

/** They say how the tool itself works, what it keeps beside its report, or how memory is filled. */
export const HARMLESS = names(`
  disable_bw_measurement bwavgtime iopsavgtime disk_util thread openfiles clocksource
  scramble_buffers refill_buffers mem iomem_align hugepage-size log_avg_msec allow_mounted_write
  fadvise_hint per_job_logs gtod_cpu latency_run opendir stats numa_cpu_nodes numa_mem_policy cpumask cpus_allowed
  cpus_allowed_policy nice prio prioclass uid gid log_entries log_max_value log_offset log_prio`);

export const UNMODELLED = names(`
  allrandrepeat atomic ba blockalign block_error_percentiles bs_unaligned bs_is_seq_rand bsrange blocksize_range bssplit
  buffer_compress_chunk buffer_compress_percentage buffer_pattern cgroup cgroup_nodelete cgroup_weight clat_percentiles
  continue_on_error create_only dedupe_global dedupe_mode dedupe_percentage dedupe_working_set_percentage disable_clat
  disable_lat disable_slat do_verify error_dump exec_postrun exec_prerun exit_what exitall exitall_on_error
  experimental_verify file_service_type filesize fill_device flow flow_id flow_sleep fsync_on_close gtod_reduce
  ignore_error io_submit_mode iodepth_batch iodepth_batch_complete iodepth_batch_complete_max
  iodepth_batch_complete_min iodepth_batch_submit iodepth_low ioscheduler kb_base lat_percentiles
  latency_percentile latency_target latency_window lockfile lockmem log_alternate_epoch log_alternate_epoch_clock_id
  log_compression log_compression_cpus log_hist_coarseness log_hist_msec log_store_compressed log_unix_epoch
  max_latency merge_blktrace_file merge_blktrace_iters merge_blktrace_scalars nrfiles offset_align
  percentage_random percentile_list pre_read profile ramp_time random_distribution random_generator rate rate_cycle
  rate_ignore_thinktime rate_iops rate_iops_min rate_min rate_process read_iolog read_iolog_chunked
  replay_align replay_no_stall replay_redirect replay_scale replay_skip replay_time_scale rw_sequencer
  serialize_overlap significant_figures slat_percentiles steadystate steadystate_duration steadystate_ramp_time
  sync_file_range thinktime_blocks_type thinktime_iotime thinktime_spin trim_backlog trim_backlog_batch
  trim_percentage trim_verify_zero unified_rw_reporting unique_filename unit_base unlink_each_loop verify verify_async
  verify_backlog verify_backlog_batch verify_dump verify_fatal verify_interval verify_offset verify_only
  verify_pattern verify_state_load verify_state_save wait_for write_barrier write_bw_log write_hint write_hist_log
  write_iolog write_iops_log write_lat_log zonerange hipri fixedbufs registerfiles sqthread_poll sqthread_poll_cpu nowait userspace_reap cmdprio_percentage`);

/** Engines of fio 3.33 that are not here, whether its build has them or loads them. */
export const OTHER_ENGINES = names(`
  cpuio mmap sg net netsplice null splice posixaio rdma vsync ftruncate filecreate filedelete filestat falloc e4defrag
  exec io_uring_cmd libzbc libnbd nbd http rados rbd gfapi gfapi_async libhdfs libpmem dev-dax mtd dfs nfs xnvme libblkio
  libiscsi libcufile guasi libpmem2`);

/** What does the work of zonemode=strided, and of what belongs to it. */
export const ZONES_BY_HAND = 'use --zonemode=zbd, or a job for each part with --offset and --size';

const INSTEAD: readonly (readonly [RegExp, string])[] = [
  [/zone/, ZONES_BY_HAND],
  [/verify/, 'write and read in two jobs, compare with cmp or the readback of a scenario'],
  [/^rate/, 'slow a job down with --thinktime'],
  [/^(nrfiles|filesize|unique_filename|file_service_type)$/, 'name files with --filename=A:B'],
  [/^(bs.*|blocksize_range)$/, 'one size: --bs'],
];

/** What to do instead of an option that is not modelled. */
export function insteadOf(name: string): string {
  return INSTEAD.find(([pattern]) => pattern.test(name))?.[1] ?? 'leave it out';
}
