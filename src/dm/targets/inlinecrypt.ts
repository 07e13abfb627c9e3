/**
 * dm-inlinecrypt (drivers/md/dm-inlinecrypt.c, 7.x; read in the source of 7.3.4, not run: everything here is derived). It
 * encrypts nothing itself: each bio gets a key and a data unit number (DUN), and an engine in the disk or, where the disk
 * has none, block/blk-crypto-fallback.c does the work. The DUN is plain64's number, so the bytes are dm-crypt's.
 *
 * The target says that it works on zoned devices (DM_TARGET_ZONED_HM), takes the DUN from the sector of the bio, and does
 * not set ti->emulate_zone_append. An append's sector is the start of its zone: the bug of the series, once more.
 * The fallback adds another: it sends a bio of its own, never copies the written sector back, and has moved on the
 * sector of the bio it was given by the length it encrypted, so that an append is told to lie there.
 */

import { type Bio, type BioPool, Flag, Op } from '../../block/bio.ts';
import type { BlockDevice } from '../../block/device.ts';
import { type QueueLimits, withLimits } from '../../block/limits.ts';
import { type BlockStatus, Status } from '../../block/status.ts';
import { SECTOR_BYTES } from '../../kernel/units.ts';
import { TraceKind, TraceSource } from '../../sim/trace.ts';
import { decrypted, encrypted } from '../crypt/cipher-payload.ts';
import type { CipherIdentity } from '../crypt/identity.ts';
import { IvTrace } from '../crypt/iv-trace.ts';
import type {
  DeviceVisitor,
  MapResult,
  Target,
  TargetContext,
  TargetFlags,
  TargetResult,
  TargetType,
} from '../target.ts';
import { type InlineSpec, parseInline } from './inlinecrypt-args.ts';

/** BIO_MAX_VECS pages: the fallback makes a bio of its own for each. */
const MAX_OWN_SECTORS = 2048;
/** BLK_CRYPTO_KEY_TYPE_RAW; the table text shows the number, which the constructor would not take back. */
const KEY_TYPE_RAW = 1;

class InlineCryptTarget implements Target {
  readonly begin: number;
  readonly length: number;
  readonly flags: TargetFlags;
  private readonly context: TargetContext;
  private readonly device: BlockDevice;
  private readonly spec: InlineSpec;
  private readonly identity: CipherIdentity;
  private readonly unitSectors: number;
  private readonly ivs: IvTrace;

  constructor(context: TargetContext, begin: number, length: number, spec: InlineSpec) {
    this.context = context;
    this.begin = begin;
    this.length = length;
    this.device = spec.device;
    this.spec = spec;
    this.identity = spec.identity;
    this.unitSectors = spec.unitBytes / SECTOR_BYTES;
    const { trace } = context.host;
    const source = new TraceSource(TraceKind.crypt, trace.intern(context.deviceName));
    const counted = { offsetSectors: spec.ivOffsetSectors };
    this.ivs = new IvTrace(trace, source, spec.identity, spec.unitBytes, counted);
    const emulate = context.host.kernel.dm.inlinecryptAppend === 'emulate';
    this.flags = {
      flushes: true,
      discards: spec.discards,
      ...(emulate ? { emulateZoneAppend: true } : {}),
    };
  }

  map(bio: Bio): MapResult {
    const offset = bio.sector - this.begin;
    bio.device = this.device;
    if (bio.sectors === 0) return 'remapped';
    bio.sector = this.spec.startSector + offset;
    if (bio.op !== Op.read && !bio.carriesData) return 'remapped';
    if ((offset + this.spec.ivOffsetSectors) % this.unitSectors !== 0) return 'kill';
    if (bio.op === Op.read) return 'remapped';
    this.ivs.record(bio, offset, true);
    const payload = encrypted(bio.payload!, this.identity, offset + this.spec.ivOffsetSectors);
    if (this.device.inlineCrypto === true) {
      bio.payload = payload;
      return 'remapped';
    }
    this.fallBack(bio, payload);
    return 'submitted';
  }

  endIo(bio: Bio, status: BlockStatus): BlockStatus {
    if (bio.op !== Op.read || status !== Status.ok || bio.payload === null) return status;
    const offset = bio.sector - this.spec.startSector;
    this.ivs.record(bio, offset, false);
    bio.payload = decrypted(bio.payload, this.identity, offset + this.spec.ivOffsetSectors);
    return status;
  }

  /** blk_crypto_fallback_encrypt_bio(): bios of its own with the ciphertext, and `bio`'s sector runs ahead. */
  private fallBack(bio: Bio, payload: NonNullable<Bio['payload']>): void {
    const { bios } = this.context.block;
    const { sectors } = bio;
    const first = bio.sector;
    const pieces = new Fallback(bio, bios, Math.ceil(sectors / MAX_OWN_SECTORS));
    bio.sector = first + sectors;
    for (let done = 0; done < sectors; done += MAX_OWN_SECTORS) {
      const own = bios.clone(bio);
      own.sector = first + done;
      own.sectors = Math.min(MAX_OWN_SECTORS, sectors - done);
      own.payload = payload.slice(done * SECTOR_BYTES, own.sectors * SECTOR_BYTES);
      own.flags |= Flag.own;
      own.context = pieces;
      own.onEnd = pieceEnded;
      this.device.submit(own);
    }
  }

  devices(visit: DeviceVisitor): void {
    visit(this.device, this.spec.startSector, this.length);
  }

  ioHints(limits: QueueLimits): QueueLimits {
    const block = Math.max(limits.logical_block_size.value, this.spec.unitBytes);
    const values = {
      logical_block_size: block,
      physical_block_size: Math.max(limits.physical_block_size.value, this.spec.unitBytes),
      io_min: Math.max(limits.io_min.value, this.spec.unitBytes),
      dma_alignment: block - 1,
    };
    const origin = { floor: this.context.deviceName, rule: 'inlinecrypt.io-hints' };
    return withLimits(limits, values, origin);
  }

  status(kind: 'info' | 'table', showKeys: boolean): string {
    if (kind === 'info') return '';
    const { cipher, keyText, ivOffsetSectors, startSector, discards, unitBytes } = this.spec;
    const key = showKeys ? keyText : keyText.replace(/[0-9a-f]/g, '0');
    const { major, minor } = this.device;
    const options = discards ? ['allow_discards'] : [];
    if (unitBytes !== SECTOR_BYTES) options.push(`sector_size:${unitBytes}`, 'iv_large_sectors');
    const front = `${cipher} ${key} ${KEY_TYPE_RAW} ${ivOffsetSectors} ${major}:${minor} ${startSector}`;
    return options.length === 0 ? front : `${front} ${options.length} ${options.join(' ')}`;
  }

  destroy(): void {}
}

/** What is left of a bio whose data went on in bios of the fallback. */
class Fallback {
  readonly bio: Bio;
  readonly bios: BioPool;
  left: number;
  status: BlockStatus = Status.ok;

  constructor(bio: Bio, bios: BioPool, left: number) {
    this.bio = bio;
    this.bios = bios;
    this.left = left;
  }
}

/** blk_crypto_fallback_encrypt_endio(): the status goes up, the sector does not. */
function pieceEnded(own: Bio): void {
  const pieces = own.context as Fallback;
  if (pieces.status === Status.ok) pieces.status = own.status;
  pieces.left -= 1;
  pieces.bios.give(own);
  if (pieces.left === 0) pieces.bio.end(pieces.status);
}

export const inlineCryptType: TargetType = {
  name: 'inlinecrypt',
  features: [],
  create(
    context: TargetContext,
    begin: number,
    length: number,
    args: readonly string[],
  ): TargetResult {
    const spec = parseInline(args, length, context);
    if ('ok' in spec) return spec;
    return { ok: true, target: new InlineCryptTarget(context, begin, length, spec) };
  },
};
