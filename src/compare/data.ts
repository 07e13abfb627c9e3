/** A comparison as data: JSON with everything, CSV with a row per cell. */

import { WAITS } from '../sim/accounting.ts';
import { cipherSummaries, headline, kernelSummaries } from './answer.ts';
import {
  type ComparedCell,
  type ComparisonResult,
  FLOORS,
  verdictOf,
  zoneWaitNs,
} from './result.ts';

/** What `zonestack compare --format json` prints; `format_version` counts changes that break readers. */
export function compareJson(result: ComparisonResult): unknown {
  const { title, description, seed, costs } = result.comparison;
  return {
    title,
    description,
    seed,
    costs,
    answer: headline(result),
    kernels: kernelSummaries(result),
    ciphers: cipherSummaries(result),
    cells: result.cells.map(cellJson),
  };
}

function cellJson(cell: ComparedCell): unknown {
  const { point, kernel, cipher, disk } = cell.place;
  const { outcome } = cell;
  return {
    workload: point,
    kernel,
    cipher: { name: cipher.name, cipher: cipher.cipher, options: cipher.options },
    disk: disk.name,
    verdict: verdictOf(cell),
    ...(outcome.kind === 'measured'
      ? {
          measured: { ...outcome.measured, zoneWaitNs: zoneWaitNs(outcome.measured) },
          data: outcome.data,
        }
      : { refusal: outcome.refusal }),
    because: outcome.because,
  };
}

const POINT = [
  'name',
  'target',
  'io',
  'order',
  'blockBytes',
  'jobs',
  'depth',
  'sizeBytes',
] as const;
const NUMBERS = [
  'writes',
  'calls',
  'bytes',
  'elapsedNs',
  'bytesPerSecond',
  'p50Ns',
  'p99Ns',
  'meanNs',
  'copiedBytes',
  'cryptBytes',
] as const;
const BIOS = ['top', 'disk', 'requests'] as const;

const HEAD = [
  ...POINT.map((name) => (name === 'name' ? 'workload' : name)),
  'kernel',
  'release',
  'cipher',
  'disk',
  'verdict',
  ...NUMBERS,
  'path',
  ...BIOS.map((name) => `bios ${name}`),
  ...FLOORS.map((name) => `share ${name} ns`),
  ...WAITS.map((name) => `wait ${name} ns`),
  'step',
  'errno',
  'rule',
  'why',
  'because',
];

/** RFC 4180, with a head; empty where a cell has no such number. */
export function compareCsv(result: ComparisonResult): string {
  const rows = result.cells.map((cell) => {
    const { point, kernel, cipher, disk } = cell.place;
    const { outcome } = cell;
    const before = [
      ...POINT.map((name) => point[name]),
      kernel.name,
      kernel.kernel,
      cipher.name,
      disk.name,
      verdictOf(cell),
    ];
    if (outcome.kind === 'refused') {
      const { step, errno, rule, why } = outcome.refusal;
      const numbers = NUMBERS.length + 1 + BIOS.length + FLOORS.length + WAITS.length;
      const none = Array.from({ length: numbers }, () => '');
      return [...before, ...none, step, errno ?? '', rule ?? '', why, outcome.because ?? ''];
    }
    const { measured, data } = outcome;
    return [
      ...before,
      ...NUMBERS.map((name) => measured[name]),
      measured.path,
      ...BIOS.map((name) => measured.bios[name]),
      ...FLOORS.map((name) => measured.shareNs[name]),
      ...WAITS.map((name) => measured.waitNs[name]),
      '',
      data.verdict === 'lost' ? data.errno : '',
      '',
      '',
      outcome.because ?? '',
    ];
  });
  return [HEAD, ...rows].map((row) => `${row.map(field).join(',')}\r\n`).join('');
}

/** Text that a spreadsheet would take for a formula is kept text. */
function field(value: string | number): string {
  const raw = String(value);
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(raw) ? `'${raw}` : raw;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
