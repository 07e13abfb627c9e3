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
  /** What a template ends with that made its cipher under another name than was asked for: `xts(ecb(aes))`. */
  readonly renamedErrno: ErrnoName;
  /** Chain modes the crypto API has as templates. */
  readonly chainModes: readonly string[];
  /** Digests an essiv salt may be asked from, as the recorded builds have them. */
  readonly digests: readonly string[];
  /** What an `authenc(` ends with whose MAC cannot be had; null: with the reason itself. */
  readonly aeadSpecErrno: ErrnoName | null;
  /** Must the device's metadata be as long as the tags, or at least as long? */
  readonly integrityTags: 'exactly' | 'at-least';
  /** Is a unit that fails authentication read once more before it is given up? */
  readonly aeadRecheck: boolean;
  /** What stands behind stream and block cipher where adiantum's template complains. */
  readonly adiantumHash: string;
  /** What a number beyond 64 bits is read as: the low 64 bits of it, or the largest there is. */
  readonly numberOverflow: 'wraps' | 'largest';
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
  renamedErrno: 'ENOENT',
  chainModes: ['ecb', 'cbc', 'pcbc', 'cfb', 'ofb', 'ctr', 'xts', 'lrw'],
  digests: [
    'md4',
    'md5',
    'sha1',
    'sha224',
    'sha256',
    'sha384',
    'sha512',
    'sha3-224',
    'sha3-256',
    'sha3-384',
    'sha3-512',
    'blake2s-128',
    'blake2s-160',
    'blake2s-224',
    'blake2s-256',
    'blake2b-160',
    'blake2b-256',
    'blake2b-384',
    'blake2b-512',
    'rmd128',
    'rmd160',
    'rmd256',
    'rmd320',
    'tgr128',
    'tgr160',
    'tgr192',
    'wp256',
    'wp384',
    'wp512',
    'streebog256',
    'streebog512',
    'crc32c',
    'ghash',
    'xxhash64',
    'michael_mic',
    'poly1305',
  ],
  aeadSpecErrno: 'ENOMEM',
  integrityTags: 'exactly',
  aeadRecheck: false,
  adiantumHash: ',nhpoly1305',
  numberOverflow: 'wraps',
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
