/**
 * /dev: block devices as devtmpfs makes their nodes, the links udev makes for mappings, the memory devices
 * (drivers/char/mem.c), and /dev/pattern/SEED, which is the project's own: named test data at any position.
 */

import type { BlockDevice } from '../../block/device.ts';
import {
  BytesPayload,
  EMPTY,
  FillPayload,
  PatternPayload,
  type Payload,
} from '../../block/payload.ts';
import type { BlockSystem } from '../../block/system.ts';
import type { DmControl } from '../../dm/control.ts';
import { type ErrnoName, errno } from '../../kernel/errno.ts';
import type { Host } from '../../sim/host.ts';
import type { Task } from '../../sim/task.ts';
import { type Inode, type OpenFile, S, type Stat } from '../inode.ts';
import { BlockDeviceFile } from './blockdev-file.ts';
import { ComputedDirectory, type InodeNumbers, LinkInode, plainStat } from './pseudo.ts';

export interface DevSource {
  readonly host: Host;
  readonly block: BlockSystem;
  readonly dm: DmControl | null;
}

/** What a character device does with reads and writes. */
interface CharBody {
  read(position: number, length: number): Payload;
  readonly writeRefused?: ErrnoName;
}

class CharDevice implements Inode {
  readonly mount = null;
  readonly refusesDirect = true;
  readonly ino: number;
  private readonly major: number;
  private readonly minor: number;
  private readonly body: CharBody;

  constructor(ino: number, major: number, minor: number, body: CharBody) {
    this.ino = ino;
    this.major = major;
    this.minor = minor;
    this.body = body;
  }

  stat(): Stat {
    const { major, minor } = this;
    return { ...plainStat(this.ino, S.IFCHR | 0o666), rdev: { major, minor } };
  }

  *read(_file: OpenFile, position: number, length: number): Task<Payload | number> {
    return this.body.read(position, length);
  }

  *write(_file: OpenFile, _position: number, data: Payload): Task<number> {
    const { writeRefused } = this.body;
    return writeRefused === undefined ? data.lengthBytes : -errno[writeRefused];
  }
}

const zeroes: CharBody = { read: (_, length) => new FillPayload(0, length) };

/** Major 1 of the kernel's device list. The pattern devices take a major kept for local use. */
const MEMORY_MAJOR = 1;
const PATTERN_MAJOR = 60;
const MEMORY_DEVICES: Readonly<Record<string, readonly [minor: number, body: CharBody]>> = {
  null: [3, { read: () => EMPTY }],
  zero: [5, zeroes],
  full: [7, { ...zeroes, writeRefused: 'ENOSPC' }],
};

export function devDirectory(numbers: InodeNumbers, source: DevSource): Inode {
  const { block, host } = source;
  const fixed = new Map<string, Inode>();
  for (const [name, [minor, body]] of Object.entries(MEMORY_DEVICES)) {
    fixed.set(name, new CharDevice(numbers.next(), MEMORY_MAJOR, minor, body));
  }
  const random: CharBody = { read: (_, n) => new BytesPayload(host.schedule.random.bytes(n)) };
  fixed.set('random', new CharDevice(numbers.next(), MEMORY_MAJOR, 8, random));
  fixed.set('urandom', new CharDevice(numbers.next(), MEMORY_MAJOR, 9, random));
  fixed.set('mapper', mapperDirectory(numbers, source.dm));
  fixed.set('pattern', patternDirectory(numbers));
  return new ComputedDirectory(numbers.next(), {
    names: () => [...fixed.keys(), ...block.devices.keys()],
    behind: (name) => fixed.get(name) ?? block.devices.get(name) ?? null,
    make: (name) =>
      fixed.get(name) ??
      new BlockDeviceFile(numbers.next(), block, block.devices.get(name) as BlockDevice),
  });
}

/** Links to `../dm-N`, as udev makes them once a mapping has a table; names are taken as they are. */
function mapperDirectory(numbers: InodeNumbers, dm: DmControl | null): Inode {
  const control = new CharDevice(numbers.next(), 10, 236, { read: () => EMPTY });
  const target = (name: string): string | null => {
    const device = dm?.device(name) ?? null;
    return device === null ? null : `../${device.name}`;
  };
  return new ComputedDirectory(numbers.next(), {
    names: () => ['control', ...(dm?.list() ?? []).map(({ name }) => name)],
    behind: (name) => (name === 'control' ? control : target(name)),
    make: (name) => (name === 'control' ? control : new LinkInode(numbers.next(), target(name)!)),
  });
}

/** Any 32-bit seed in plain decimal is a name; none is listed. */
function patternDirectory(numbers: InodeNumbers): Inode {
  const seedOf = (name: string): number | null => {
    const seed = /^(0|[1-9][0-9]{0,9})$/.test(name) ? Number(name) : -1;
    return seed >= 0 && seed < 2 ** 32 ? seed : null;
  };
  return new ComputedDirectory(numbers.next(), {
    names: () => [],
    behind: seedOf,
    make: (name) => {
      const seed = seedOf(name)!;
      return new CharDevice(numbers.next(), PATTERN_MAJOR, seed % 2 ** 20, {
        read: (position, length) => new PatternPayload(seed, position, length),
        writeRefused: 'EINVAL',
      });
    },
  });
}
