/**
 * One mount from the first look at the device to the unmount (struct btrfs_fs_info, as far as mount needs it): its
 * log prefix, options, superblock and writer. mount.ts takes it through open_ctree(); the data side gets it as BtrfsEnv.
 */

import type { BlockDevice } from '../../block/device.ts';
import type { BlockSystem } from '../../block/system.ts';
import type { BtrfsAnswers } from '../../kernel/answers/btrfs.ts';
import { errnoName } from '../../kernel/errno.ts';
import type { LogLevel } from '../../kernel/log.ts';
import type { Asker } from '../../sim/decision.ts';
import type { Host } from '../../sim/host.ts';
import type { Task } from '../../sim/task.ts';
import type { MasterKey } from '../fscrypt.ts';
import { Incompat } from './features.ts';
import { checkOptions } from './option-rules.ts';
import { emittedLines, shownOptions } from './option-show.ts';
import { copyOptions, type OptionState } from './option-state.ts';
import { parseAtMount, parseByApi, type Speaker } from './options.ts';
import { btrfsPrintk, type StateLetter } from './printk.ts';
import { closeScanned, type FoundSuperblock, type ScannedDevice } from './scan.ts';
import type { BtrfsEnv, DeviceZoneInfo, MountOptions } from './seam.ts';
import { SuperWriter } from './super-io.ts';
import type { LogPair } from './super-log.ts';
import { copySuperblock, type Superblock } from './superblock.ts';

export class MountSession implements BtrfsEnv {
  readonly host: Host;
  readonly block: BlockSystem;
  readonly device: BlockDevice;
  readonly entry: ScannedDevice;
  /** As read: the bytes the checksum covers. */
  readonly found: FoundSuperblock;
  readonly superblock: Superblock;
  readonly answers: BtrfsAnswers;
  readonly state = new Set<StateLetter>();
  readonly asker: Asker;
  parsed: OptionState;
  options: MountOptions;
  zones: DeviceZoneInfo | null = null;
  readOnly: boolean;
  masterKey: MasterKey | null = null;
  startup = {
    checkUuidTree: false,
    rebuildFreeSpaceTree: false,
    deleteOrphanFreeSpace: false,
  };
  private writer: SuperWriter;

  constructor(
    block: BlockSystem,
    device: BlockDevice,
    scanned: FoundSuperblock & { readonly entry: ScannedDevice },
    parsed: OptionState,
    readOnly: boolean,
  ) {
    this.host = block.host;
    this.block = block;
    this.device = device;
    this.entry = scanned.entry;
    this.found = scanned;
    this.superblock = copySuperblock(scanned.superblock);
    this.answers = block.host.kernel.btrfs;
    this.parsed = parsed;
    this.readOnly = readOnly;
    this.options = mountOptions(parsed, readOnly);
    this.writer = new SuperWriter(block, device, []);
    this.asker = {
      subject: device.name,
      decide: this.host.decide.bind(this.host),
      log: (level, text) => this.log(level, text),
    };
  }

  /** What log lines call the device: the name it was last scanned under. */
  get source(): string {
    return this.entry.path;
  }

  log(level: LogLevel, text: string): void {
    btrfsPrintk(this.host, level, this.device.name, this.state, text);
  }

  errnoText(errno: number): string {
    return this.answers.errnoStyle === 'name' ? `-${errnoName(errno)}` : String(errno);
  }

  /** Lines of options: with the device where the file system parses, without where the mount API does. */
  get speaker(): Speaker {
    return {
      log: (level, text) =>
        this.answers.optionParser === 'at-mount'
          ? this.log(level, text)
          : btrfsPrintk(this.host, level, null, new Set(), text),
      api: (level, text) => this.host.printk(level, text),
      feature: (name) => {
        const bit = name === 'COMPRESS_LZO' ? Incompat.compressLzo : Incompat.compressZstd;
        if ((this.superblock.incompatFlags & bit) !== 0n) return;
        this.superblock.incompatFlags |= bit;
        this.log('info', `setting incompat feature flag for ${name} (0x${bit.toString(16)})`);
      },
    };
  }

  /** Takes the log zones over, from the report that the mount rules judged. */
  attachLogs(logs: readonly (LogPair | null)[]): void {
    this.writer = new SuperWriter(this.block, this.device, logs);
  }

  writeSuperblock(
    superblock: Superblock,
    how: { readonly allMirrors: boolean; readonly fua: boolean },
  ): Task<number> {
    return this.writer.write(superblock, how);
  }

  shownOptions(): string {
    return shownOptions(this.parsed);
  }

  /** The options have settled: what they mean for the data side, and for feature bits. */
  settleOptions(): void {
    Object.assign(this.options, mountOptions(this.parsed, this.readOnly));
    const { superblock, parsed } = this;
    if (!parsed.flags.has('compress')) return;
    if (parsed.compressType === 'lzo') superblock.incompatFlags |= Incompat.compressLzo;
    if (parsed.compressType === 'zstd') superblock.incompatFlags |= Incompat.compressZstd;
  }

  *remountOptions(readOnly: boolean, data: string): Task<number> {
    const before = this.parsed;
    const next = copyOptions(before);
    this.state.add('M');
    const result = this.tryRemount(next, readOnly, data);
    if (result >= 0) {
      this.parsed = next;
      this.readOnly = readOnly;
      this.settleOptions();
      if (this.answers.optionParser === 'mount-api') {
        for (const line of emittedLines(next, before)) this.log('info', line);
      }
    }
    this.state.delete('M');
    return Math.min(result, 0);
  }

  private tryRemount(next: OptionState, readOnly: boolean, data: string): number {
    const { answers, superblock } = this;
    const parse = answers.optionParser === 'at-mount' ? parseAtMount : parseByApi;
    const parsed = parse(data, next, answers, this.speaker);
    if (parsed < 0 && answers.optionParser === 'mount-api') return parsed;
    const subject = { state: next, superblock, answers, readOnly };
    const result = checkOptions(subject, this.zones !== null, parsed, this.asker);
    next.flags.delete('no_space_cache');
    return result;
  }

  closed(): void {
    closeScanned(this.host, this.entry);
  }
}

function mountOptions(state: OptionState, readOnly: boolean): MountOptions {
  const { flags } = state;
  return {
    readOnly,
    datasum: !flags.has('nodatasum'),
    datacow: !flags.has('nodatacow'),
    compress: flags.has('compress') ? (state.compressType ?? 'no') : 'no',
    compressLevel: state.compressLevel,
    compressForce: flags.has('force_compress'),
    maxInlineBytes: state.maxInlineBytes,
    commitSeconds: state.commitSeconds,
    discard: flags.has('discard') ? 'sync' : flags.has('discard_async') ? 'async' : 'none',
    barrier: !flags.has('nobarrier'),
    treelog: !flags.has('notreelog'),
    flushOnCommit: flags.has('flushoncommit'),
    autodefrag: flags.has('autodefrag'),
  };
}
