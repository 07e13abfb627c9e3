/** What a kernel answers about dm-crypt; v5.10's answers. Bodies: src/dm/crypt/. */

import type { ErrnoName } from '../errno.ts';

export interface CryptAnswers {
  /** What the constructor tells dm about zone append on a zoned device, and for which IV modes. */
  readonly zoneAppendFlag: 'none' | 'not-supported-for-sector-ivs' | 'emulate-always';
  /** The cipher flag behind that answer, as decisions name it; empty when the kernel has none. */
  readonly appendFlagName: string;
  /** The warning at table load when append is given up; empty when the kernel prints none. */
  readonly zoneAppendWarning: string;
  /**
   * The IV modes the series holds safe for append: those that set its cipher flag in crypt_ctr_ivmode(). `none` is a
   * cipher without IV. Not asked by kernels whose `zoneAppendFlag` says something else.
   */
  readonly appendSafeIvs: readonly string[];
  /** What an append's completion tells the bio above: up to 5.13 only the status, never the written sector. */
  readonly appendCompletion: 'status-only' | 'sector';
  /** The sector the IV is made from. `zone-start` is the cover letter's alternative, merged by nobody. */
  readonly ivSector: 'bio-sector' | 'zone-start';
  /** Does the target take zoned devices at all? */
  readonly zonedTarget: boolean;
  /** What stands before the target's own lines: keys/trusted-type.h redefines pr_fmt() from 5.13 on. */
  readonly logPrefix: string;
  /** The words the constructor takes after its count, besides `integrity:` and `sector_size:`. */
  readonly featureArgs: readonly string[];
  /** The largest count of feature arguments the constructor takes. */
  readonly maxFeatureArgs: number;
  /** The types a `:SIZE:TYPE:DESCRIPTION` key may have. */
  readonly keyTypes: readonly string[];
  /** What a template that cannot make the cipher asked for ends with: to 6.11 its own errno was lost. */
  readonly instanceErrno: ErrnoName;
  /** Is cipher_null a block cipher that modes can be put on, or only `ecb(cipher_null)`? */
  readonly nullBlockCipher: boolean;
  /** lmk with an authenticated cipher is refused by name. */
  readonly lmkRefusesAead: boolean;
  /** What the crc32 module of the recorded machine prints when tcw loads it; empty where nothing is printed. */
  readonly crc32Notice: string;
  /** io_hints(): max_segment_size is set to this, in bytes; 0 leaves it alone. */
  readonly maxSegmentBytes: number;
  /** io_hints(): dma_alignment is set to the logical block size minus 1. */
  readonly dmaAlignmentHint: boolean;
  /** io_hints(): max_hw_sectors of a target that emulates append is at most this; 0: no such cap. */
  readonly zonedMaxHwSectors: number;
  /** Longest write map() takes, in bytes; the rest is sent again. */
  readonly maxWriteBytes: number;
  /** Longest read map() takes, in bytes; 0: any. */
  readonly maxReadBytes: number;
  /** Are writes to a target that emulates append cut to `maxWriteBytes` too? */
  readonly splitsZonedWrites: boolean;
  /** Who encrypts writes: on zoned devices the submitter, so that they keep their order; or a worker, always. */
  readonly writeWorkqueue: 'inline-on-zoned' | 'always';
}

export const cryptV510: CryptAnswers = {
  zoneAppendFlag: 'none',
  appendFlagName: '',
  zoneAppendWarning: '',
  appendSafeIvs: ['none', 'null', 'random'],
  appendCompletion: 'status-only',
  ivSector: 'bio-sector',
  zonedTarget: true,
  logPrefix: 'device-mapper: crypt: ',
  featureArgs: [
    'allow_discards',
    'same_cpu_crypt',
    'submit_from_crypt_cpus',
    'no_read_workqueue',
    'no_write_workqueue',
    'iv_large_sectors',
  ],
  maxFeatureArgs: 8,
  keyTypes: ['logon', 'user', 'encrypted'],
  instanceErrno: 'ENOENT',
  nullBlockCipher: true,
  lmkRefusesAead: false,
  crc32Notice: '',
  maxSegmentBytes: 4096,
  dmaAlignmentHint: false,
  zonedMaxHwSectors: 0,
  maxWriteBytes: 1048576,
  maxReadBytes: 0,
  splitsZonedWrites: true,
  writeWorkqueue: 'inline-on-zoned',
};
