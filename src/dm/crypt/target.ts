/**
 * dm-crypt (drivers/md/dm-crypt.c: crypt_ctr(), crypt_map(), crypt_endio(), crypt_status(), crypt_message(),
 * crypt_io_hints(); 5.10 to 7.3, eras by kernel.crypt). On a zoned device it encrypts in the submitter's context and
 * sends the ciphertext at once, so writes keep their order.
 *
 * What it sends below is a bio of its own. The IV comes from the sector of the bio it was given, and an append's is its
 * zone's start, wherever the device will put the data; at the end only the status is copied to the bio above, so up
 * to 5.13 device mapper never learns where an append landed. Both are the defects the series is about.
 */

import { type Bio, Flag, Op } from '../../block/bio.ts';
import type { BlockDevice } from '../../block/device.ts';
import { type QueueLimits, withLimits } from '../../block/limits.ts';
import { BytesPayload, concat, type Payload } from '../../block/payload.ts';
import { Status } from '../../block/status.ts';
import { errno } from '../../kernel/errno.ts';
import { NotModelled } from '../../kernel/not-modelled.ts';
import { PAGE_BYTES, SECTOR_BYTES } from '../../kernel/units.ts';
import { TraceKind, TraceSource } from '../../sim/trace.ts';
import type {
  DeviceVisitor,
  MapResult,
  Target,
  TargetContext,
  TargetFlags,
  TargetResult,
  TargetType,
} from '../target.ts';
import { lookupFailed } from '../targets/linear.ts';
import { type Cipher, cipherOf } from './cipher.ts';
import { decrypted, encrypted } from './cipher-payload.ts';
import { integrityTag } from './integrity.ts';
import { IvTrace } from './iv-trace.ts';
import { hints, longestBio, tableText } from './limits.ts';
import { messageKey } from './message.ts';
import { type CryptSpec, parseSpec, type SpecEnvironment } from './spec.ts';
import { sealed, unsealed } from './tagged.ts';
import { number64 } from './words.ts';
import { CryptWay } from './workers.ts';
import { appendFlags } from './zone-append.ts';

type Convert = typeof encrypted;

const OWN = Flag.own;
const CRYPT = TraceKind.crypt;

class CryptTarget implements Target {
  readonly begin: number;
  readonly length: number;
  readonly flags: TargetFlags;
  private readonly context: TargetContext;
  private readonly env: SpecEnvironment;
  private readonly device: BlockDevice;
  private readonly startSector: number;
  private readonly unitSectors: number;
  /** All of a zone shares one IV when this is not 0. */
  private readonly ivZoneSectors: number;
  private readonly source: TraceSource;
  private readonly zoned: boolean;
  /** How bios pass when that takes time, or when workers do it; null: at once. */
  readonly way: CryptWay | null;
  /** Bytes of metadata beside a unit that are its tag. */
  private readonly tagBytes: number;
  private spec: CryptSpec;
  private cipher: Cipher;
  private ivs: IvTrace;
  private longestFor: QueueLimits | null = null;
  private longestRead = 0;
  private longestWrite = 0;
  private keyValid = true;
  private suspended = false;

  constructor(
    context: TargetContext,
    env: SpecEnvironment,
    place: { begin: number; length: number; device: BlockDevice; startSector: number },
    spec: CryptSpec,
    tagBytes: number,
  ) {
    this.tagBytes = tagBytes;
    this.context = context;
    this.env = env;
    this.begin = place.begin;
    this.length = place.length;
    this.device = place.device;
    this.startSector = place.startSector;
    this.spec = spec;
    this.zoned = place.device.limits.zoned.value !== 'none';
    this.unitSectors = spec.options.sectorBytes / SECTOR_BYTES;
    const perZone = this.zoned && env.answers.ivSector === 'zone-start';
    this.ivZoneSectors = perZone ? place.device.limits.chunk_sectors.value : 0;
    this.source = new TraceSource(CRYPT, context.host.trace.intern(context.deviceName));
    this.cipher = cipherOf(spec, perZone, context.crypt, tagBytes);
    this.ivs = this.ivTraceOf(this.cipher);
    const workqueue = env.answers.writeWorkqueue === 'always';
    const direct = context.host.cpu === null && !workqueue;
    this.way = direct ? null : new CryptWay(context, workqueue, this.unitSectors);
    this.flags = {
      flushes: true,
      discards: spec.options.flags.has('allow_discards'),
      ...(this.zoned ? appendFlags(context, spec) : {}),
    };
  }

  map(bio: Bio): MapResult {
    const { op } = bio;
    // Nothing to encrypt: core has split off the data of a flush that carries some.
    const empty = bio.sectors === 0 && (op === Op.flush || (bio.flags & Flag.preflush) !== 0);
    if (empty || op === Op.discard) {
      bio.device = this.device;
      if (bio.sectors > 0) bio.sector = this.below(bio.sector);
      return 'remapped';
    }
    const longest = this.longest(op !== Op.read);
    if (bio.sectors > longest) this.context.acceptPartial(bio, longest);
    const unit = this.unitSectors;
    if (unit > 1 && (bio.sector % unit !== 0 || bio.sectors % unit !== 0)) {
      return this.kill(bio, 'crypt.unit-alignment', { sector_size: this.spec.options.sectorBytes });
    }
    if (op === Op.zoneAppend && this.flags.zoneAppendNotSupported === true) {
      // The limit is 0, so none should arrive (the series, patch 2: WARN_ON_ONCE and kill).
      return this.kill(bio, 'crypt.stray-append', { op: 'zone append' });
    }
    if ((bio.flags & Flag.offPage) !== 0 && this.cutsUnits(bio)) {
      const seen = { sector_size: this.spec.options.sectorBytes };
      return this.kill(bio, 'crypt.memory-alignment', seen, 'crypt_convert_block_skcipher');
    }
    this.send(bio);
    return 'submitted';
  }

  /** Does a page end inside a unit of encryption? The cipher takes units that lie in one piece of memory only. */
  private cutsUnits(bio: Bio): boolean {
    if ((bio.flags & Flag.offSector) !== 0) return true;
    const { sectorBytes } = this.spec.options;
    if (sectorBytes !== SECTOR_BYTES && sectorBytes !== PAGE_BYTES) {
      throw new NotModelled(`dm-crypt sector_size:${sectorBytes} of memory inside a page`);
    }
    return sectorBytes === PAGE_BYTES;
  }

  /** What `map` does with a write that needs nothing of what is special there. */
  mapWhole(bio: Bio): boolean {
    const { sectors, payload } = bio;
    const unit = this.unitSectors;
    if (sectors === 0 || sectors > this.longest(true) || this.way !== null) return false;
    if (unit > 1 && (bio.sector % unit !== 0 || sectors % unit !== 0)) return false;
    if ((bio.flags & Flag.offPage) !== 0) return false;
    const own = this.context.block.bios.clone(bio);
    own.payload = this.converted(own, payload, encrypted);
    own.flags |= OWN;
    own.device = this.device;
    own.sector = this.startSector + (bio.sector - this.begin);
    own.context = this;
    own.onEnd = wholeEnded;
    this.context.submitWhole(bio, own);
    return true;
  }

  /** longestBio(), worked out again only when the device's limits have changed: it is asked for every bio. */
  private longest(write: boolean): number {
    const { limits } = this.device;
    if (limits !== this.longestFor) {
      const { answers } = this.env;
      this.longestFor = limits;
      this.longestRead = longestBio(false, answers, this.spec, limits, this.flags);
      this.longestWrite = longestBio(true, answers, this.spec, limits, this.flags);
    }
    return write ? this.longestWrite : this.longestRead;
  }

  devices(visit: DeviceVisitor): void {
    visit(this.device, this.startSector, this.length);
  }

  ioHints(limits: QueueLimits): QueueLimits {
    const values = hints(limits, this.env.answers, this.spec, this.flags);
    return withLimits(limits, values, { floor: this.context.deviceName, rule: 'crypt.io-hints' });
  }

  /** The mapper shows keys to whoever asks for the table, as the kernel does; dmsetup hides them. */
  status(kind: 'info' | 'table', showKeys: boolean): string {
    if (kind === 'info') return '';
    const number = `${this.device.major}:${this.device.minor}`;
    return tableText(this.spec, number, this.startSector, this.zoned, showKeys);
  }

  message(argv: readonly string[]): number {
    const warn = (text: string): number => {
      this.env.log('warning', this.env.answers.logPrefix + text);
      return -errno.EINVAL;
    };
    if (argv.length < 2 || argv[0]!.toLowerCase() !== 'key') {
      return warn('unrecognised message received.');
    }
    if (!this.suspended) return warn('not suspended during key manipulation.');
    const change = messageKey(argv, this.spec, this.env);
    if (change === 'unknown') return warn('unrecognised message received.');
    this.keyValid = change.valid ?? this.keyValid;
    this.spec = { ...this.spec, key: change.key };
    if (change.set) {
      const { crypt } = this.context;
      this.cipher = cipherOf(this.spec, this.ivZoneSectors > 0, crypt, this.tagBytes);
      this.ivs = this.ivTraceOf(this.cipher);
    }
    return change.result;
  }

  postsuspend(): void {
    this.suspended = true;
  }

  preresume(): number {
    if (this.keyValid) return 0;
    const text = 'aborting resume - crypt key is not set.';
    this.env.log('err', this.env.answers.logPrefix + text);
    return -errno.EAGAIN;
  }

  resume(): void {
    this.suspended = false;
  }

  destroy(): void {}

  private below(sector: number): number {
    return this.startSector + (sector - this.begin);
  }

  /** kcryptd_crypt_write_convert() and kcryptd_io_read(): a bio of its own goes below on behalf of `bio`. */
  private send(bio: Bio): void {
    const own = this.context.block.bios.clone(bio);
    own.device = this.device;
    own.flags = (own.flags | Flag.own) & ~(Flag.offPage | Flag.offSector);
    own.sector = this.below(bio.sector);
    own.context = this;
    if (bio.op === Op.read) {
      // Asked before the device is: what comes back could not be decrypted.
      if (this.cipher.kind === 'not-modelled') throw notModelled(this.cipher.what);
      own.payload = null;
      own.onEnd = readEnded;
    } else {
      own.onEnd = writeEnded;
      if (bio.sectors > 0 && bio.carriesData)
        own.payload = this.converted(bio, bio.payload, encrypted);
      if (this.way !== null) {
        this.way.write(bio, own, this.ciphers);
        return;
      }
    }
    this.context.submitRemapped(bio, own);
  }

  /** `payload` of `bio` through the cipher; the trace shows which IV it began with. */
  converted(bio: Bio, payload: Payload | null, convert: Convert): Payload | null {
    const { cipher } = this;
    const offset = bio.sector - this.begin;
    this.ivs.record(bio, offset, convert === encrypted);
    if (payload === null || cipher.kind === 'transparent') return payload;
    if (cipher.kind === 'not-modelled') throw notModelled(cipher.what);
    if (cipher.kind === 'tagged') {
      return sealed(cipher.tagged, payload, offset, this.context.host.schedule.random);
    }
    const { identity, ivOffsetSectors } = cipher;
    const zone = this.ivZoneSectors;
    if (zone === 0) return convert(payload, identity, offset + ivOffsetSectors);
    const parts: Payload[] = [];
    for (let done = 0; done < bio.sectors; ) {
      const inZone = (offset + done) % zone;
      const sectors = Math.min(bio.sectors - done, zone - inZone);
      const part = payload.slice(done * SECTOR_BYTES, sectors * SECTOR_BYTES);
      parts.push(convert(part, identity, offset + done - inZone + ivOffsetSectors));
      done += sectors;
    }
    return concat(parts);
  }

  private ivTraceOf(cipher: Cipher): IvTrace {
    const used =
      cipher.kind === 'tagged' ? cipher.tagged : cipher.kind === 'identity' ? cipher : null;
    const { trace } = this.context.host;
    return new IvTrace(trace, this.source, used?.identity ?? null, this.spec.options.sectorBytes, {
      offsetSectors: used?.ivOffsetSectors ?? 0,
      zoneSectors: this.ivZoneSectors,
    });
  }

  /** What was read, `payload`, goes to `bio`, and `bio` ends. */
  deliver(bio: Bio, payload: Payload | null): void {
    const { cipher } = this;
    if (cipher.kind !== 'tagged' || payload === null) {
      bio.payload = this.converted(bio, payload, decrypted);
      bio.end(Status.ok);
      return;
    }
    const offset = bio.sector - this.begin;
    this.ivs.record(bio, offset, false);
    const plain = unsealed(cipher.tagged, payload, offset);
    if (typeof plain !== 'number') {
      bio.payload = new BytesPayload(plain);
      bio.end(Status.ok);
      return;
    }
    const { answers } = this.env;
    const { deviceName, host } = this.context;
    // The second look is by a bio of its own, and its device is the one below.
    const name = answers.aeadRecheck ? this.device.name : deviceName;
    const log = `${answers.logPrefix}${name}: INTEGRITY AEAD ERROR, sector ${plain}`;
    host.decide({
      rule: 'crypt.authentication',
      subject: deviceName,
      seen: { sector: plain },
      verdict: 'refuses',
      errno: 'EILSEQ',
      log,
      source: { file: 'drivers/md/dm-crypt.c', function: 'crypt_convert_block_aead' },
      bio: bio.id,
    });
    host.printk('err', log);
    bio.end(Status.protection);
  }

  private kill(
    bio: Bio,
    rule: string,
    seen: Record<string, number | string>,
    where = 'crypt_map',
  ): MapResult {
    this.context.host.decide({
      rule,
      subject: this.context.deviceName,
      seen: { sector: bio.sector, sectors: bio.sectors, ...seen },
      verdict: 'refuses',
      errno: 'EIO',
      source: { file: 'drivers/md/dm-crypt.c', function: where },
      bio: bio.id,
    });
    return 'kill';
  }

  get ciphers(): boolean {
    return this.cipher.kind !== 'transparent';
  }

  /** Does the sector of its own bio travel back to the bio above? */
  get returnsSector(): boolean {
    return this.env.answers.appendCompletion === 'sector';
  }

  give(own: Bio): void {
    this.context.block.bios.give(own);
  }

  /** The target's own bio in place of all of another has ended. */
  wholeEnded(own: Bio): void {
    const { status } = own;
    const bio = own.parent!;
    this.context.block.bios.give(own);
    this.context.wholeEnded(bio, status);
  }
}

function notModelled(what: string): NotModelled {
  return new NotModelled(what, 'see docs/not-modelled.md for the modes left out');
}

function wholeEnded(own: Bio): void {
  (own.context as CryptTarget).wholeEnded(own);
}

function writeEnded(own: Bio): void {
  const bio = own.parent!;
  const target = own.context as CryptTarget;
  const { status } = own;
  if (bio.op === Op.zoneAppend && target.returnsSector) bio.sector = own.sector;
  target.give(own);
  bio.end(status);
}

function readEnded(own: Bio): void {
  const { way, ciphers } = own.context as CryptTarget;
  if (way === null) readDone(own);
  else way.read(own, ciphers, readDone);
}

function readDone(own: Bio): void {
  const bio = own.parent!;
  const target = own.context as CryptTarget;
  const { status, payload } = own;
  target.give(own);
  if (status === Status.ok) target.deliver(bio, payload);
  else bio.end(status);
}

/** The lines a constructor prints, each module notice once in a boot. */
function environment(context: TargetContext): SpecEnvironment {
  const { host } = context;
  const answers = host.kernel.crypt;
  return {
    answers,
    keyring: context.crypt?.keyring ?? null,
    log(level, text) {
      const again = text === answers.crc32Notice;
      if (again && host.log.lines.some((line) => line.text === text)) return;
      host.printk(level, text);
    },
  };
}

export const cryptType: TargetType = {
  name: 'crypt',
  features: [],
  create(context, begin, length, args): TargetResult {
    const env = environment(context);
    const step = parseSpec(args, length, env);
    if (!step.ok) {
      const { ok, errno: name, error, check } = step;
      context.host.decide({
        rule: `crypt.table.${check}`,
        subject: context.deviceName,
        seen: { cipher: args[0] ?? '' },
        verdict: 'refuses',
        errno: name,
        ...(error === undefined ? {} : { log: error }),
        source: { file: 'drivers/md/dm-crypt.c', function: 'crypt_ctr' },
      });
      return error === undefined ? { ok, errno: name } : { ok, errno: name, error };
    }
    const device = context.openDevice(args[3]!);
    if (typeof device === 'number') return lookupFailed(device);
    const start = number64(args[4]!, env.answers.numberOverflow);
    if (start === null) return { ok: false, errno: 'EINVAL', error: 'Invalid device sector' };
    // Beyond what numbers hold exactly no device reaches: the area check of the table says so.
    const startSector = Number(start);
    let tagBytes = 0;
    if (step.value.needsIntegrity) {
      const tag = integrityTag(step.value, device, env.answers.integrityTags);
      if (!tag.ok) return tag;
      tagBytes = tag.value;
    }
    const place = { begin, length, device, startSector };
    return { ok: true, target: new CryptTarget(context, env, place, step.value, tagBytes) };
  },
};
