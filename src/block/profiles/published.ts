/**
 * Published measurements, row by row: which of them a profile was fitted on, and which were held out to judge it.
 *
 * - NVMeBenchmarks, commit 01f40f1 (MIT), the data behind arXiv 2310.19094: WD ZN540, fio and SPDK. Means.
 * - "Zone write plugging" v5, cover letter of 3 April 2024, Message-ID 20240403084247.856481-1-dlemoal@kernel.org: null_blk,
 *   a ZNS drive of 1 TB and an SMR disk of 20 TB under a 16-core Xeon.
 */

import type { Path, Workload } from './predict.ts';
import type { ProfileName } from './profile.ts';

export interface PublishedRow {
  readonly name: string;
  readonly profile: ProfileName;
  readonly source: 'NVMeBenchmarks' | 'zone write plugging v5';
  readonly workload: Workload;
  readonly value: number;
  /** Of `value`: operations or bytes per second, or ns of the mean command. */
  readonly unit: 'IOPS' | 'B/s' | 'ns';
  /** A parameter was chosen by this row. */
  readonly fitted: boolean;
  /** Why it is not judged, if so. */
  readonly leftOut?: string;
}

const KIB = 1024;
const MIB = 1024 * KIB;
const US = 1_000;
const MS = 1_000_000;

type Zn = Partial<Workload> & Pick<Workload, 'op'>;

function zn(
  name: string,
  workload: Zn,
  value: number,
  unit: PublishedRow['unit'],
  fitted = false,
): PublishedRow {
  return {
    name: `ZN540 ${name}`,
    profile: 'zn540',
    source: 'NVMeBenchmarks',
    workload: { bytes: 4 * KIB, queueDepth: 1, path: 'user-space', ...workload },
    value,
    unit,
    fitted,
  };
}

const ZN540_LATENCY: readonly PublishedRow[] = [
  zn('write 4 KiB', { op: 'write' }, 11.4 * US, 'ns', true),
  zn('write 8 KiB', { op: 'write', bytes: 8 * KIB }, 11.2 * US, 'ns', true),
  zn('write 16 KiB', { op: 'write', bytes: 16 * KIB }, 16.3 * US, 'ns', true),
  zn('write 32 KiB', { op: 'write', bytes: 32 * KIB }, 26.4 * US, 'ns'),
  zn('write 64 KiB', { op: 'write', bytes: 64 * KIB }, 53 * US, 'ns', true),
  zn('write 128 KiB', { op: 'write', bytes: 128 * KIB }, 107 * US, 'ns', true),
  zn('append 4 KiB', { op: 'append' }, 14.8 * US, 'ns', true),
  zn('append 8 KiB', { op: 'append', bytes: 8 * KIB }, 14 * US, 'ns', true),
  zn('append 16 KiB', { op: 'append', bytes: 16 * KIB }, 20.1 * US, 'ns', true),
  zn('append 32 KiB', { op: 'append', bytes: 32 * KIB }, 27.9 * US, 'ns', true),
  zn('append 64 KiB', { op: 'append', bytes: 64 * KIB }, 53 * US, 'ns'),
  zn('append 128 KiB', { op: 'append', bytes: 128 * KIB }, 107 * US, 'ns'),
  zn('random read 4 KiB', { op: 'read', random: true }, 72.6 * US, 'ns', true),
  zn('random read 8 KiB', { op: 'read', random: true, bytes: 8 * KIB }, 84 * US, 'ns', true),
  zn('random read 16 KiB', { op: 'read', random: true, bytes: 16 * KIB }, 102 * US, 'ns', true),
];

const ZN540_PARALLEL: readonly PublishedRow[] = [
  zn('append 4 KiB, one zone, QD2', { op: 'append', queueDepth: 2 }, 112e3, 'IOPS'),
  zn('append 4 KiB, one zone, QD4', { op: 'append', queueDepth: 4 }, 132e3, 'IOPS', true),
  zn('append 4 KiB, one zone, QD8', { op: 'append', queueDepth: 8 }, 132e3, 'IOPS', true),
  zn('append 4 KiB, one zone, QD32', { op: 'append', queueDepth: 32 }, 132e3, 'IOPS', true),
  zn(
    'append 8 KiB, one zone, QD4',
    { op: 'append', bytes: 8 * KIB, queueDepth: 4 },
    146e3,
    'IOPS',
    true,
  ),
  zn('write 4 KiB, 2 zones', { op: 'write', queueDepth: 2, zones: 2 }, 142e3, 'IOPS'),
  zn('write 4 KiB, 4 zones', { op: 'write', queueDepth: 4, zones: 4 }, 180e3, 'IOPS'),
  zn('write 4 KiB, 8 zones', { op: 'write', queueDepth: 8, zones: 8 }, 186e3, 'IOPS', true),
  zn('write 4 KiB, 14 zones', { op: 'write', queueDepth: 14, zones: 14 }, 182e3, 'IOPS'),
  zn('append 4 KiB, 2 zones', { op: 'append', queueDepth: 2, zones: 2 }, 107e3, 'IOPS'),
  zn('append 4 KiB, 4 zones', { op: 'append', queueDepth: 4, zones: 4 }, 138e3, 'IOPS'),
  zn('append 4 KiB, 8 zones', { op: 'append', queueDepth: 8, zones: 8 }, 134e3, 'IOPS'),
  zn(
    'random read 4 KiB, QD256',
    { op: 'read', random: true, queueDepth: 256 },
    437e3,
    'IOPS',
    true,
  ),
  zn(
    'random read 16 KiB, QD32',
    { op: 'read', random: true, queueDepth: 32, bytes: 16 * KIB },
    2500 * MIB,
    'B/s',
  ),
  zn('write 4 KiB, io_uring, none', { op: 'write', path: 'none' }, 12.6 * US, 'ns'),
  zn(
    'write 4 KiB, io_uring, mq-deadline',
    { op: 'write', path: 'mq-deadline-lock' },
    14.5 * US,
    'ns',
  ),
  ...(
    [
      [2, 76e3],
      [4, 107e3],
      [8, 152e3],
      [16, 224e3],
      [32, 293e3],
    ] as const
  ).map(([queueDepth, iops]) =>
    zn(
      `write 4 KiB, one zone, mq-deadline, QD${queueDepth}`,
      { op: 'write', path: 'mq-deadline-lock', queueDepth },
      iops,
      'IOPS',
      queueDepth === 32,
    ),
  ),
];

const ZN540_FORMAT: readonly PublishedRow[] = [
  zn(
    'write 512 B, 512 B format',
    { op: 'write', bytes: 512, blockBytes: 512 },
    24.8 * US,
    'ns',
    true,
  ),
  zn('write 4 KiB, 512 B format', { op: 'write', blockBytes: 512 }, 19.8 * US, 'ns', true),
  zn(
    'append 512 B, 512 B format',
    { op: 'append', bytes: 512, blockBytes: 512 },
    25.5 * US,
    'ns',
    true,
  ),
  zn('append 4 KiB, 512 B format', { op: 'append', blockBytes: 512 }, 24.3 * US, 'ns', true),
];

const ZN540_ZONES: readonly PublishedRow[] = [
  zn('first write of a zone', { op: 'write', cond: 'empty' }, 13.3 * US, 'ns', true),
  zn('first append of a zone', { op: 'append', cond: 'empty' }, 17.6 * US, 'ns', true),
  zn('first write of a closed zone', { op: 'write', cond: 'closed' }, 14.9 * US, 'ns', true),
  zn('close', { op: 'close' }, 10.7 * US, 'ns', true),
  ...(
    [
      [0, 13.5 * US, true],
      [1e-6, 908 * MS, true],
      [1 / 16, 848 * MS, false],
      [1 / 8, 792 * MS, false],
      [1 / 4, 681 * MS, false],
      [1 / 2, 457 * MS, false],
      [1 - 1e-6, 2.6 * MS, true],
    ] as const
  ).map(([occupancy, ns, fitted]) =>
    zn(`finish at ${percent(occupancy)}`, { op: 'finish', occupancy }, ns, 'ns', fitted),
  ),
  ...(
    [
      [0, 1.6 * MS, true],
      [1e-6, 1.7 * MS, true],
      [1 / 16, 5.1 * MS, true],
      [1 / 8, 6 * MS, false],
      [1 / 4, 7.7 * MS, false],
      [1 / 2, 11.2 * MS, false],
      [1, 15.5 * MS, true],
    ] as const
  ).map(([occupancy, ns, fitted]) =>
    zn(`reset at ${percent(occupancy)}`, { op: 'reset', occupancy }, ns, 'ns', fitted),
  ),
  ...(
    [
      [1e-6, 1.6 * MS, true],
      [1 / 4, 5 * MS, false],
      [1 / 2, 8.5 * MS, false],
      [1, 15.3 * MS, true],
    ] as const
  ).map(([occupancy, ns, fitted]) =>
    zn(
      `reset after finish at ${percent(occupancy)}`,
      { op: 'reset', occupancy, finished: true },
      ns,
      'ns',
      fitted,
    ),
  ),
];

function percent(occupancy: number): string {
  if (occupancy > 0 && occupancy < 0.01) return 'one block';
  if (occupancy < 1 && occupancy > 0.99) return 'all but one block';
  return `${occupancy * 100} %`;
}

const COVER_LETTER_COLUMNS: readonly (readonly [
  string,
  Omit<Workload, 'path'>,
  'MB/s' | 'kIOPS',
])[] = [
  ['4K QD1', { op: 'write', bytes: 4 * KIB, queueDepth: 1 }, 'MB/s'],
  ['4K QD16', { op: 'write', bytes: 4 * KIB, queueDepth: 16 }, 'MB/s'],
  ['1M QD1', { op: 'write', bytes: MIB, queueDepth: 1 }, 'MB/s'],
  ['1M QD16', { op: 'write', bytes: MIB, queueDepth: 16 }, 'MB/s'],
  ['random 4K QD16', { op: 'write', bytes: 4 * KIB, queueDepth: 16, random: true }, 'kIOPS'],
  ['random 128K QD16', { op: 'write', bytes: 128 * KIB, queueDepth: 16, random: true }, 'kIOPS'],
  // Files of 128 MB in blocks of 128 KiB: where the disk is the limit, what it does alone is comparable.
  ['btrfs', { op: 'append', bytes: 128 * KIB, queueDepth: 16 }, 'MB/s'],
  ['btrfs, append emulated', { op: 'write', bytes: 128 * KIB, queueDepth: 16 }, 'MB/s'],
];

interface CoverLetterLine {
  readonly profile: ProfileName;
  readonly title: string;
  readonly path: Path;
  /** As in the columns; null: not measured. */
  readonly values: readonly (number | null)[];
  /** Columns a parameter was chosen by. */
  readonly fitted: readonly number[];
  readonly more: Partial<Workload>;
}

/** null_blk says nothing of its own: 255 sectors a request, in whole pages. */
const NULL_BLK = { zones: 1, maxRequestBytes: 124 * KIB } as const;
const ZNS = { blockBytes: 512 } as const;
const SMR = {} as const;
const OPEN_ZONES: Readonly<Record<ProfileName, number>> = {
  null_blk: 128,
  zn540: 14,
  'smr-hdd': 128,
};

const COVER_LETTER: readonly CoverLetterLine[] = [
  {
    profile: 'null_blk',
    title: 'null_blk, locking',
    path: 'mq-deadline-lock',
    values: [940, 840, 18550, 14400, 424, 167, 2441, null],
    fitted: [0, 1],
    more: NULL_BLK,
  },
  {
    profile: 'null_blk',
    title: 'null_blk, plugging + mq-deadline',
    path: 'plug-mq-deadline',
    values: [943, 845, 18660, 14770, 461, 165, 2361, 2999],
    fitted: [1],
    more: NULL_BLK,
  },
  {
    profile: 'null_blk',
    title: 'null_blk, plugging + none',
    path: 'plug',
    values: [2639, 1715, 28190, 19760, 344, 150, 2443, 3152],
    fitted: [0, 1, 2],
    more: NULL_BLK,
  },
  {
    profile: 'zn540',
    title: 'ZNS 1 TB, locking',
    path: 'mq-deadline-lock',
    values: [183, 702, 1066, 1103, 53.5, 14.5, 1081, null],
    fitted: [],
    more: ZNS,
  },
  {
    profile: 'zn540',
    title: 'ZNS 1 TB, plugging + none',
    path: 'plug',
    values: [190, 666, 1083, 1108, 51.4, 14.7, 1083, null],
    fitted: [],
    more: ZNS,
  },
  {
    profile: 'smr-hdd',
    title: 'SMR 20 TB, locking',
    path: 'mq-deadline-lock',
    values: [107, 243, 245, 246, 2.2, 0.763, null, 243],
    fitted: [4, 5],
    more: SMR,
  },
  {
    profile: 'smr-hdd',
    title: 'SMR 20 TB, plugging + none',
    path: 'plug',
    values: [115, 235, 249, 242, 2.2, 0.763, null, 240],
    fitted: [0, 2],
    more: SMR,
  },
];

/** Rows that say something this loop does not ask, or that contradict others. */
function leftOut(line: CoverLetterLine, column: number): string | undefined {
  if (line.profile === 'null_blk' && column >= 6)
    return 'the file system is the limit, not the disk';
  if (line.profile === 'zn540' && column === 4) {
    return '14 zones may be open, and who else had zones open is not said';
  }
  if (line.profile === 'zn540' && column === 5) {
    return '1.9 GB/s, more than the same drive writes in any other row';
  }
  return undefined;
}

const COVER_LETTER_ROWS: readonly PublishedRow[] = COVER_LETTER.flatMap((line) =>
  line.values.flatMap((value, column): PublishedRow[] => {
    if (value === null) return [];
    const [name, workload, unit] = COVER_LETTER_COLUMNS[column]!;
    const random = workload.random === true ? { zones: OPEN_ZONES[line.profile] } : {};
    const why = leftOut(line, column);
    return [
      {
        name: `${line.title}, ${name}`,
        profile: line.profile,
        source: 'zone write plugging v5',
        workload: { ...workload, ...line.more, ...random, path: line.path },
        value: unit === 'MB/s' ? value * 1e6 : value * 1e3,
        unit: unit === 'MB/s' ? 'B/s' : 'IOPS',
        fitted: line.fitted.includes(column),
        ...(why === undefined ? {} : { leftOut: why }),
      },
    ];
  }),
);

export const publishedRows: readonly PublishedRow[] = [
  ...ZN540_LATENCY,
  ...ZN540_PARALLEL,
  ...ZN540_FORMAT,
  ...ZN540_ZONES,
  ...COVER_LETTER_ROWS,
];
