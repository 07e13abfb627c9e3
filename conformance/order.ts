/**
 * The order in which the guest scripts ran their cases. Recordings are sorted by id; state (what a device scan has
 * seen, the generation of a file system) goes from case to case, so a replay must run them as the scripts did.
 */

const SPECS =
  'aes-xts-plain64 aes-xts-plain aes-xts-random aes-xts-null aes-xts-benbi cipher_null-ecb aes-ecb-null aes-cbc-null aes-cbc-plain64 aes-cbc-essiv-sha256 aes-cbc-eboiv aes-cbc-elephant aes-cbc-tcw aes64-cbc-lmk xchacha12-adiantum-plain64 xchacha20-adiantum-null capi-xts-aes-plain64 capi-xts-aes-null capi-cbc-aes-essiv capi-ecb-cipher_null'
    .split(' ')
    .map((name) => `crypt-${name}`);

/** Stacks on one device of mount.json. */
export const MOUNT_STACKS: readonly string[] = [
  'raw',
  'linear',
  ...SPECS,
  'crypt-ss4096',
  'crypt-ss4096-large',
  'crypt-null-ss4096',
  'linear-over-crypt-xts',
  'crypt-xts-over-linear',
  'two-target-crypt+linear',
  'crypt-start-zone-aligned',
];

/** Devices of limits.json. */
export const LIMIT_DEVICES: readonly string[] =
  'base regular noconv bs4k cap openact openonly actonly openGTact openall append0 appendsmall appendhuge maxsect1m discard qm0 zs3 zs0 zs1 capgtsize allconv runt big'.split(
    ' ',
  );

/** Stacks on each of them. */
export const LIMIT_STACKS: readonly string[] =
  'raw linear crypt-aes-xts-plain64 crypt-cipher_null-ecb crypt-aes-xts-plain64-ss4096 lastzones'.split(
    ' ',
  );

export const BTRFS_OPTIONS: readonly string[] =
  'prepare nodatacow nodatasum datacow datasum space_cache space_cache=v1 space_cache=v2 nospace_cache clear_cache discard discard=sync discard=async nodiscard ssd ssd_spread nossd compress compress=zstd compress-force=lzo inode_cache norecovery nologreplay rescue=nologreplay rescue=usebackuproot rescue=all rescue=ibadroots degraded autodefrag noautodefrag notreelog treelog max_inline=0 max_inline=2048 commit=1 commit=0 commit=400 thread_pool=2 thread_pool=0 flushoncommit nobarrier barrier skip_balance user_subvol_rm_allowed check_int enospc_debug fatal_errors=panic metadata_ratio=4 fragment=all subvolid=256 subvol=nope device=/dev/nosuch bogus_opt acl noacl rescan_uuid_tree usebackuproot recovery nodatacow,compress discard,nodatasum space_cache=v1,ro ro ro,norecovery ro,nologreplay ro,rescue=nologreplay ro,rescue=all remount'.split(
    ' ',
  );

export const BTRFS_MKFS: readonly string[] =
  '-d_single_-m_single -d_single_-m_dup -d_dup_-m_single -d_dup_-m_dup -d_raid0_-m_raid0 -d_raid1_-m_raid1 default -M -R_free-space-tree -R_^free-space-tree -O_^no-holes -O_^skinny-metadata -s_4096 -n_4096 -n_65536 --csum_xxhash --csum_sha256 --csum_blake2 -R_quota -O_block-group-tree -O_mixed-bg -O_extref -O_raid56 -b no-O-zoned O-^zoned'.split(
    ' ',
  );

export const ZONEFS_OPTIONS: readonly string[] =
  'prepare errors=remount-ro errors=zone-ro errors=zone-offline errors=repair errors=bogus errors= explicit-open errors=repair,explicit-open bogus noatime ro remount'.split(
    ' ',
  );

export const ZONEFS_MKFS: readonly string[] =
  'default -o_aggr_cnv -o_uid=1000 -o_gid=100 -o_perm=600 -o_perm=0 -o_perm=777 -o_aggr_cnv,uid=1000,gid=100,perm=444 -L_testlabel -L_ -o_bogus=1 -o_perm=1777'.split(
    ' ',
  );

export const ZONEFS_SB: readonly string[] =
  'magic magic-raw crc label-raw features-unknown features-all features-zero features-uid features-gid features-perm perm-invalid-no-feature perm-invalid reserved reserved-last zeroed-uuid no-superblock btrfs-superblock'.split(
    ' ',
  );

/** Cases of one stack of series.json. */
export const SERIES_ZONEFS: readonly string[] =
  'create mount two-sync-direct-64K read-back ciphertext iv-proof gnu-dd aio-64K sync-1M'.split(
    ' ',
  );
export const SERIES_BTRFS: readonly string[] =
  'replay create mount mount8 write-1M umount remount read-whole read-4K check'.split(' ');

/** Cases of one stack of zonefs-io.json; those of devices with limits follow. */
export const ZONEFS_IO: readonly string[] = [
  ...'seq-sync-direct-at-eof seq-osync-direct seq-odsync-direct seq-aio-direct seq-not-at-eof seq-unaligned seq-buffered-write seq-append-flag seq-append-aio seq-pwritev2 seq-trunc seq-otrunc-data seq-read-past-eof seq-mmap seq-fallocate seq-full seq-beyond-capacity seq-1MiB-sync seq-1MiB-aio cnv-basic namespace layout open-flags foreign-write'.split(
    ' ',
  ),
  ...'zone-ro zone-offline repair remount-ro'
    .split(' ')
    .flatMap((errors) => [`foreign-write-errors=${errors}`, `foreign-reset-errors=${errors}`]),
  ...['-', 'explicit-open'].flatMap((option) =>
    'open-limit write-limit write-held-open open-read-only full-and-reset'
      .split(' ')
      .map((name) => `${name}-${option}`),
  ),
];

/** Stacks of zonefs-io.json: the first four stand on the base device, each other on a device of that name. */
export const ZONEFS_IO_STACKS: readonly string[] =
  'raw crypt-aes-xts-plain64 crypt-cipher_null-ecb crypt-aes-xts-ss4096 bs4k cap append0 limits limits-crypt openonly actonly'.split(
    ' ',
  );

/** Operations of one stack of paths.json. */
export const PATHS: readonly string[] =
  'dev-direct64K dev-direct1M dev-direct-not-at-wp dev-direct-after-error dev-direct-across-zone dev-zone-mgmt dev-buffered zonefs-sync64K zonefs-sync1M zonefs-sync2x zonefs-aio64K zonefs-aio1M zonefs-aio4x64K zonefs-trunc0 zonefs-truncmax zonefs-mount zonefs-cnv64K zonefs-read64K btrfs-mount btrfs-buffered1M btrfs-direct256K btrfs-read btrfs-umount'.split(
    ' ',
  );
export const PATHS_STACKS: readonly string[] =
  'raw crypt-aes-xts-plain64 crypt-cipher_null-ecb linear'.split(' ');

/** Parts of one stack of bug.json. */
export const BUG: readonly string[] =
  'io readback lower decrypt-first-write decrypt-second-write-with-iv-of-its-own-sector decrypt-second-write-with-iv-of-zone-start'.split(
    ' ',
  );

/** `ids` in the order of `names`: an id's rank is that of the name its tail is, or starts with. */
export function inOrder(
  ids: readonly string[],
  prefix: string,
  names: readonly string[],
): string[] {
  const rank = (id: string): number => {
    const tail = id.slice(prefix.length);
    const exact = names.indexOf(tail);
    if (exact >= 0) return exact;
    let best = names.length;
    let length = 0;
    names.forEach((name, index) => {
      if (name.length > length && (tail.startsWith(name) || tail.startsWith(`${name}/`))) {
        best = index;
        length = name.length;
      }
    });
    return best;
  };
  return [...ids].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}
