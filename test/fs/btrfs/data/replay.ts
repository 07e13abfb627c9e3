/**
 * Replays recorded cells of btrfs on the rig: the same calls, their return values, log lines and what reads brought. What other
 * floors answer for (queue attributes, `btrfs` programs, table loads) is left out here.
 */

import { PatternPayload, type Payload } from '../../../../src/block/payload.ts';
import { rwbs } from '../../../../src/block/rwbs.ts';
import { O } from '../../../../src/fs/inode.ts';
import { errnoName } from '../../../../src/kernel/errno.ts';
import type { Rig } from './rig.ts';

export interface Op {
  readonly op: string;
  readonly args?: string;
  readonly ret?: number;
  readonly errno?: string;
  readonly lines?: readonly string[];
  readonly [key: string]: unknown;
}

export interface Difference {
  readonly op: string;
  readonly expected: unknown;
  readonly got: unknown;
}

const OPEN: Record<string, number> = {
  RDONLY: 0,
  WRONLY: 1,
  RDWR: 2,
  CREAT: O.CREAT,
  DIRECT: O.DIRECT,
};

/** Only data bios of the device the file system is on: `NS 32768 248`. */
function dataBios(rig: Rig, from: number): string[] {
  const out: string[] = [];
  for (const record of rig.host.trace.records(from)) {
    if (record.kind !== 'bioQueue' || record.device !== rig.device.name) continue;
    out.push(
      `${rwbs(rig.host.kernel, record.op, record.flags)} ${record.sector} ${record.sectors}`,
    );
  }
  return out;
}

export class Replay {
  private rig: Rig;
  private readonly fds = new Map<string, number | string>();
  private traceFrom = 0;
  readonly differences: Difference[] = [];

  constructor(rig: Rig) {
    this.rig = rig;
  }

  run(ops: readonly Op[]): void {
    for (const op of ops) this.one(op);
  }

  private differ(op: Op, expected: unknown, got: unknown): void {
    if (JSON.stringify(expected) !== JSON.stringify(got)) {
      this.differences.push({ op: `${op.op} ${op.args ?? ''}`, expected, got });
    }
  }

  private path(name: string): string {
    return name.replace('/mnt/b', '/mnt');
  }

  private one(op: Op): void {
    const { rig } = this;
    const words = (op.args ?? '').split(' ');
    const expected = op.errno ?? op.ret;
    switch (op.op) {
      case 'mount':
        this.traceFrom = rig.host.trace.length;
        this.differ(op, expected, rig.mount());
        this.traceFrom = rig.host.trace.length;
        return;
      case 'umount':
        this.traceFrom = rig.host.trace.length;
        this.differ(op, expected, rig.umount());
        return;
      case 'open': {
        const flags = words[1]!.split('|').reduce((all, word) => all | OPEN[word]!, 0);
        const fd = rig.open(this.path(words[2]!), flags);
        this.fds.set(words[0]!, fd);
        this.differ(op, expected, typeof fd === 'number' ? 0 : fd);
        return;
      }
      case 'close': {
        const fd = this.fds.get(words[0]!);
        const got = typeof fd === 'number' ? rig.named(rig.vfs.close(rig.process, fd)) : 'EBADF';
        this.differ(op, expected, got);
        this.fds.delete(words[0]!);
        return;
      }
      case 'pwrite': {
        const seed = Number(/pat=(\d+)/.exec(op.args!)![1]);
        const fd = this.fds.get(words[0]!)!;
        this.differ(op, expected, rig.pwrite(fd, Number(words[1]), Number(words[2]), seed));
        return;
      }
      case 'sync':
        this.differ(op, expected, rig.sync());
        return;
      case 'fsync':
        this.differ(op, expected, rig.fsync(this.fds.get(words[0]!)!));
        return;
      case 'pread':
        this.pread(op, words);
        return;
      case 'pread-run':
        this.preadRun(op);
        return;
      case 'dropcaches':
        rig.sync();
        rig.dropCaches();
        return;
      case 'readdir': {
        const got = rig.call(rig.vfs.readdir(rig.process, this.path(words[0]!)));
        this.differ(op, op.entries, got);
        return;
      }
      case 'stat':
      case 'fstat': {
        const fd = this.fds.get(words[0]!);
        const task =
          op.op === 'stat'
            ? rig.vfs.stat(rig.process, this.path(words[0]!))
            : rig.vfs.fstat(rig.process, fd as number);
        const got = rig.call(task);
        if (typeof got === 'number') this.differ(op, op.errno, errnoName(got));
        else {
          const of = (s: typeof got): unknown[] => [s.blksize, s.blocks, s.ino, s.nlink, s.size];
          this.differ(op, [op.blksize, op.blocks, op.ino, op.nlink, op.size], of(got));
          this.differ(op, op.mode, got.mode.toString(8));
        }
        return;
      }
      case 'statfs': {
        const got = rig.call(rig.vfs.statfs(rig.process, '/mnt'));
        if (typeof got === 'number') this.differ(op, op.ret, got);
        else this.differ(op, [op.bavail, op.bfree, op.blocks], [got.bavail, got.bfree, got.blocks]);
        return;
      }
      case 'sh':
        if (op.args!.startsWith('dd if=/mnt')) this.dd(op);
        return;
      case 'dmesg':
        this.differ(
          op,
          (op.lines ?? []).filter((line) => !line.startsWith('BTRFS: device fsid')),
          rig.lines().filter((line) => !/^BTRFS: device fsid|^device-mapper/.test(line)),
        );
        return;
      case 'trace':
        if (Array.isArray(op.events)) this.trace(op);
        return;
      case 'zones':
        this.differ(
          op,
          (op.zones as { wp: number; start: number; cond: string }[]).map((zone) =>
            zone.cond === 'not-wp' ? 0 : zone.wp - zone.start,
          ),
          Array.from(rig.media.wp.subarray(0, (op.zones as unknown[]).length)),
        );
        return;
      case 'mountopts':
        this.differ(op, (op.opts as string).startsWith('ro'), rig.mounted.readOnly);
        return;
      default:
    }
  }

  private trace(op: Op): void {
    const events = op.events as Record<string, unknown>[];
    const expected = events
      .filter((event) => event.ev === 'bio_queue' && event.dev === this.rig.device.name)
      .map((event) => [event.op, event.sector, event.nr].join(' '));
    const got = dataBios(this.rig, this.traceFrom);
    this.differ(op, expected, got);
  }

  private pread(op: Op, words: readonly string[]): void {
    const fd = this.fds.get(words[0]!);
    if (fd === undefined || typeof fd === 'string') {
      this.differ(op, op.errno, 'EBADF');
      return;
    }
    this.traceFrom = this.rig.host.trace.length;
    const got = this.rig.pread(fd, Number(words[1]), Number(words[2]));
    if (typeof got === 'string') {
      this.differ(op, op.errno, got);
      return;
    }
    this.differ(op, op.ret, got.lengthBytes);
    if (op.match !== undefined) {
      const seed = Number(/check=(\d+)/.exec(op.args!)![1]);
      this.differ(op, op.match, matches(got, seed, Number(words[1])));
    }
  }

  private preadRun(op: Op): void {
    const fd = this.fds.get('f') ?? 'EBADF';
    const step = ((op.last as number) - (op.first as number)) / ((op.n as number) - 1);
    const results = new Set<unknown>();
    for (let i = 0; i < (op.n as number); i += 1) {
      if (typeof fd === 'string') {
        results.add('EBADF');
        break;
      }
      const at = (op.first as number) + i * step;
      const got = this.rig.pread(fd, at, op.len as number);
      results.add(typeof got === 'string' ? got : matches(got, 7, at) ? got.lengthBytes : 'wrong');
    }
    this.differ(op, [op.errno ?? op.ret], [...results]);
  }

  private dd(op: Op): void {
    const name = /if=(\S+)/.exec(op.args!)![1]!;
    const fd = this.rig.open(this.path(name), O.RDONLY);
    const out = op.out as string;
    if (typeof fd === 'string') {
      this.differ(op, /failed to open/.test(out), true);
      return;
    }
    let total = 0;
    let failed = false;
    for (;;) {
      const got = this.rig.call(this.rig.vfs.read(this.rig.process, fd, 1048576));
      if (typeof got === 'number') failed = true;
      if (typeof got === 'number' || got.lengthBytes === 0) break;
      total += got.lengthBytes;
    }
    this.rig.call(this.rig.vfs.close(this.rig.process, fd));
    this.differ(
      op,
      [/error reading/.test(out), Number(/(\d+) bytes/.exec(out)![1])],
      [failed, total],
    );
  }
}

function matches(payload: Payload, seed: number, position: number): boolean {
  const wanted = new PatternPayload(seed, position, payload.lengthBytes).bytes();
  const bytes = payload.bytes();
  return bytes.every((byte, i) => byte === wanted[i]);
}
