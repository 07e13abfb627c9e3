/**
 * lsblk of util-linux 2.38.1 (misc-utils/lsblk.c): the tree of block devices with columns read from sysfs. Lines of the tree
 * are drawn in ASCII, as in the C locale. `-z` shows the zone columns; `ZONE-APP 0B` is the number the series is about.
 */

import type { BlockDevice } from '../block/device.ts';
import { S } from '../fs/inode.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import { SECTOR_BYTES } from '../kernel/units.ts';
import type { Task } from '../sim/task.ts';
import { alignedRows, type Column } from './columns.ts';
import type { OptionSpec } from './getopt.ts';
import { utilLinuxSize } from './human.ts';
import { diagnose, optionsOf } from './messages.ts';
import { isType, type MountLine, mountLines, readText } from './paths.ts';
import type { Process } from './program.ts';

const OPTIONS: readonly OptionSpec[] = [
  { short: 'z', long: 'zoned' },
  { short: 'b', long: 'bytes' },
  { short: 'n', long: 'noheadings' },
  { short: 'd', long: 'nodeps' },
  { short: 's', long: 'inverse' },
  { short: 'i', long: 'ascii' },
  { short: 'a', long: 'all' },
  { short: 'p', long: 'paths' },
  { short: 'l', long: 'list' },
  { short: 'o', long: 'output', argument: 'required' },
  { short: 'J', long: 'json' },
  { short: 'P', long: 'pairs' },
  { short: 'r', long: 'raw' },
  { short: 'f', long: 'fs' },
  { short: 't', long: 'topology' },
  { short: 'O', long: 'output-all' },
  { short: 'x', long: 'sort', argument: 'required' },
  { short: 'e', long: 'exclude', argument: 'required' },
  { short: 'I', long: 'include', argument: 'required' },
  { short: 'T', long: 'tree', argument: 'optional' },
];
const NOT_MODELLED = ['json', 'pairs', 'raw', 'fs', 'topology', 'output-all', 'sort', 'tree'];

const EXIT_NO_DEVICE = 32;
const EXIT_SOME = 64;

const DEFAULT_COLUMNS = 'NAME,MAJ:MIN,RM,SIZE,RO,TYPE,MOUNTPOINTS';
const ZONE_COLUMNS = 'NAME,ZONED,ZONE-SZ,ZONE-NR,ZONE-AMAX,ZONE-OMAX,ZONE-APP,ZONE-WGRAN';

interface Look {
  readonly process: Process;
  readonly bytes: boolean;
  readonly paths: boolean;
  readonly mounts: readonly MountLine[];
}

interface LsblkColumn extends Column {
  /** The cell; NAME is made by the tree. */
  value?(look: Look, device: BlockDevice): Task<string>;
}

const left = (heading: string, value?: LsblkColumn['value']): LsblkColumn => ({
  heading,
  hint: 0,
  right: false,
  ...(value === undefined ? {} : { value }),
});
const right = (heading: string, hint: number, value: LsblkColumn['value']): LsblkColumn => ({
  ...left(heading, value),
  hint,
  right: true,
});

/** A queue attribute as it stands there; another text where this kernel has no such attribute. */
const queueText = (name: string, missing = ''): LsblkColumn['value'] =>
  function* text({ process }, device) {
    const value = yield* readText(process, `/sys/block/${device.name}/queue/${name}`);
    return value === null ? missing : value.trim();
  };

const queueSize = (name: string, unitBytes = 1): LsblkColumn['value'] =>
  function* size(look, device) {
    const value = yield* readText(look.process, `/sys/block/${device.name}/queue/${name}`);
    return value === null ? '' : sizeText(look, Number(value.trim()) * unitBytes);
  };

function sizeText(look: Look, bytes: number): string {
  return look.bytes ? String(bytes) : utilLinuxSize(bytes);
}

function* typeOf({ process }: Look, device: BlockDevice): Task<string> {
  const uuid = yield* readText(process, `/sys/block/${device.name}/dm/uuid`);
  if (uuid === null) return 'disk';
  // `CRYPT-PLAIN-x` is what cryptsetup writes there; plain dmsetup leaves it empty.
  const prefix = /^([^-]+)-/.exec(uuid.trim());
  return prefix === null ? 'dm' : prefix[1]!.toLowerCase();
}

function* mountPoints(look: Look, device: BlockDevice): Task<string> {
  const name = yield* nameOf(look.process, device);
  const sources = [`/dev/${device.name}`, `/dev/mapper/${name}`];
  const targets = look.mounts.filter((line) => sources.includes(line.source));
  return targets.map((line) => line.target).join('\n');
}

const COLUMNS: ReadonlyMap<string, LsblkColumn> = new Map(
  [
    left('NAME'),
    left('KNAME', function* kernelName({ paths }, { name }) {
      return paths ? `/dev/${name}` : name;
    }),
    left('PATH', function* path({ process }, device) {
      const name = yield* nameOf(process, device);
      return name === device.name ? `/dev/${name}` : `/dev/mapper/${name}`;
    }),
    {
      ...left('MAJ:MIN', function* numbers(_look, { major, minor }) {
        return `${major}:${minor}`;
      }),
      hint: 6,
    },
    right('RM', 1, function* removable() {
      return '0';
    }),
    right('SIZE', 5, function* size(look, { sizeSectors }) {
      return sizeText(look, sizeSectors * SECTOR_BYTES);
    }),
    right('RO', 1, function* readOnly(_look, device) {
      return device.readOnly ? '1' : '0';
    }),
    left('TYPE', typeOf),
    left('MOUNTPOINT', function* mountPoint(look, device) {
      return (yield* mountPoints(look, device)).replace(/^.*\n/s, '');
    }),
    left('MOUNTPOINTS', mountPoints),
    left('ZONED', queueText('zoned')),
    right('ZONE-SZ', 9, queueSize('chunk_sectors', SECTOR_BYTES)),
    right('ZONE-NR', 8, queueText('nr_zones')),
    right('ZONE-AMAX', 10, queueText('max_active_zones', '0')),
    right('ZONE-OMAX', 10, queueText('max_open_zones', '0')),
    right('ZONE-APP', 11, queueSize('zone_append_max_bytes')),
    right('ZONE-WGRAN', 10, queueSize('zone_write_granularity')),
    right('LOG-SEC', 7, queueText('logical_block_size')),
    right('PHY-SEC', 7, queueText('physical_block_size')),
    right('MIN-IO', 6, queueText('minimum_io_size')),
    right('OPT-IO', 6, queueText('optimal_io_size')),
    right('DISC-GRAN', 6, queueSize('discard_granularity')),
    right('DISC-MAX', 6, queueSize('discard_max_bytes')),
  ].map((column) => [column.heading, column]),
);

/** Columns the tool has and the model has nothing to put into. */
const OTHER_COLUMNS = new Set(
  'FSTYPE FSSIZE FSAVAIL FSUSED FSUSE% FSVER LABEL UUID PTUUID PTTYPE PARTTYPE PARTLABEL PARTUUID PARTFLAGS RA HOTPLUG MODEL SERIAL STATE OWNER GROUP MODE ALIGNMENT ROTA SCHED RQ-SIZE DISC-ALN DISC-ZERO WSAME WWN RAND PKNAME HCTL TRAN SUBSYSTEMS REV VENDOR DAX START FSROOTS PARTTYPENAME PARTN'.split(
    ' ',
  ),
);

/** What a mapping is called; a disk by its own name. */
function* nameOf(process: Process, device: BlockDevice): Task<string> {
  const name = yield* readText(process, `/sys/block/${device.name}/dm/name`);
  return name === null ? device.name : name.trim();
}

function byNumber(a: BlockDevice, b: BlockDevice): number {
  return a.major - b.major || a.minor - b.minor;
}

export function* lsblk(process: Process): Task<number> {
  const parsed = optionsOf(process, OPTIONS);
  if (typeof parsed === 'number') return parsed;
  const has = (name: string): boolean => parsed.options.some((option) => option.name === name);
  const unknown = NOT_MODELLED.find(has);
  if (unknown !== undefined) throw new NotModelled(`lsblk --${unknown}`, 'use -o COLUMNS or -z');
  const asked = parsed.options.findLast((option) => option.name === 'output')?.value;
  const columns: LsblkColumn[] = [];
  for (const text of (asked ?? (has('zoned') ? ZONE_COLUMNS : DEFAULT_COLUMNS)).split(',')) {
    const column = COLUMNS.get(text.toUpperCase());
    if (column !== undefined) columns.push(column);
    else if (OTHER_COLUMNS.has(text.toUpperCase())) {
      throw new NotModelled(
        `the lsblk column ${text}`,
        `there are ${[...COLUMNS.keys()].join(' ')}`,
      );
    } else {
      diagnose(process, `unknown column: ${text}`);
      return 1;
    }
  }
  const look: Look = {
    process,
    bytes: has('bytes'),
    paths: has('paths'),
    mounts: yield* mountLines(process),
  };
  const tree = new Tree(look, columns, has('inverse'), has('nodeps'), has('list'));
  const missing = yield* tree.add(parsed.operands, has('all'));
  if (tree.rows.length > 0) {
    process.stdout.write(alignedRows(columns, tree.rows, !has('noheadings')));
  }
  if (missing === 0) return 0;
  return missing === parsed.operands.length ? EXIT_NO_DEVICE : EXIT_SOME;
}

class Tree {
  readonly rows: string[][] = [];
  private readonly look: Look;
  private readonly columns: readonly LsblkColumn[];
  private readonly inverse: boolean;
  private readonly alone: boolean;
  private readonly flat: boolean;

  constructor(
    look: Look,
    columns: readonly LsblkColumn[],
    inverse: boolean,
    alone: boolean,
    flat: boolean,
  ) {
    this.look = look;
    this.columns = columns;
    this.inverse = inverse;
    this.alone = alone;
    this.flat = flat;
  }

  /** Adds the devices named, or all roots of the tree. Returns how many names were no block devices. */
  *add(names: readonly string[], all: boolean): Task<number> {
    const { process } = this.look;
    const { block } = process.system;
    let missing = 0;
    for (const name of names) {
      const stat = yield* process.system.sys.stat(process, name);
      const device =
        typeof stat !== 'number' && isType(stat, S.IFBLK) && stat.rdev !== undefined
          ? block.byNumber(stat.rdev.major, stat.rdev.minor)
          : null;
      if (device !== null) yield* this.show(device, '', '');
      else {
        diagnose(process, `${name}: not a block device`);
        missing += 1;
      }
    }
    if (names.length > 0) return missing;
    const devices = [...block.devices.values()].sort(byNumber);
    for (const device of devices) {
      if (!all && device.sizeSectors === 0) continue;
      const inner = this.inverse ? this.holders(device).length > 0 : device.slaves.length > 0;
      if (!inner) yield* this.show(device, '', '');
    }
    return 0;
  }

  private holders(device: BlockDevice): BlockDevice[] {
    const { devices } = this.look.process.system.block;
    return [...devices.values()].filter((one) => one.slaves.includes(device)).sort(byNumber);
  }

  private *show(device: BlockDevice, branch: string, below: string): Task<void> {
    const { look } = this;
    const cells: string[] = [];
    for (const column of this.columns) {
      if (column.value !== undefined) {
        cells.push(yield* column.value(look, device));
        continue;
      }
      const name = yield* nameOf(look.process, device);
      const folder = name === device.name ? '/dev/' : '/dev/mapper/';
      cells.push((this.flat ? '' : branch) + (look.paths ? folder : '') + name);
    }
    this.push(cells, below);
    if (this.alone) return;
    const next = this.inverse ? [...device.slaves].sort(byNumber) : this.holders(device);
    for (const [index, child] of next.entries()) {
      const last = index === next.length - 1;
      yield* this.show(child, `${below}${last ? '`' : '|'}-`, `${below}${last ? ' ' : '|'} `);
    }
  }

  /** A cell of several lines (more than one mount point) makes as many rows. */
  private push(cells: readonly string[], below: string): void {
    const parts = cells.map((cell) => cell.split('\n'));
    const height = Math.max(...parts.map((lines) => lines.length));
    for (let row = 0; row < height; row += 1) {
      this.rows.push(
        parts.map((lines, i) => {
          if (row > 0 && this.columns[i]!.value === undefined) return this.flat ? '' : below;
          return lines[row] ?? '';
        }),
      );
    }
  }
}
