/** The series table and the story of one failing write, for a terminal of 80 columns. */

import { SECTOR_BYTES } from '../kernel/units.ts';
import type { LoadedScenario } from '../scenario/load.ts';
import { readBackStep } from '../scenario/run.ts';
import { wrap } from './columns.ts';
import type { SeriesCell, Verdict } from './series.ts';
import { readIv, readSent, writeEvidence } from './write-evidence.ts';

type Styler = (style: 'bold' | 'dim' | 'red' | 'green' | 'yellow', text: string) => string;

const USES: Readonly<Record<string, string>> = {
  zonefs: 'zonefs: two synchronous 64 KiB writes',
  btrfs: 'btrfs: 1 MiB, sync, remount, read',
  dd: 'dd on the mapped device: two 64 KiB direct writes',
};

const BOOT_COLUMNS = 15;
const CELL_COLUMNS = 16;

/** The table: a block for each use, a row for each kernel, a column for each cipher. */
export function seriesTable(cells: readonly SeriesCell[], style: Styler): string {
  const reasons: string[] = [];
  const ciphers = [...new Set(cells.map((cell) => cell.cipher))];
  let text = '';
  for (const use of new Set(cells.map((cell) => cell.use))) {
    text += `${style('bold', USES[use] ?? use)}\n`;
    text += `${' '.repeat(BOOT_COLUMNS)}${ciphers
      .map((one) => column(shortCipher(one)))
      .join('')
      .trimEnd()}\n`;
    const some = cells.filter((cell) => cell.use === use);
    for (const boot of new Set(some.map((cell) => cell.boot))) {
      const row = some.filter((cell) => cell.boot === boot);
      text += tableRow(shortBoot(boot), row, ciphers, (cell) => cell.verdict, reasons, style);
      if (row.some((cell) => cell.described !== null)) {
        text += tableRow('  as described', row, ciphers, (cell) => cell.described, reasons, style);
      }
    }
    text += '\n';
  }
  return text + legend(reasons);
}

function tableRow(
  head: string,
  row: readonly SeriesCell[],
  ciphers: readonly string[],
  pick: (cell: SeriesCell) => Verdict | null,
  reasons: string[],
  style: Styler,
): string {
  const texts = ciphers.map((cipher) => {
    const cell = row.find((one) => one.cipher === cipher);
    const verdict = cell === undefined ? null : pick(cell);
    if (cell === undefined || verdict === null) return column('');
    const mark = verdict.reason === null ? '' : ` ${letter(reasons, verdict.reason)}`;
    const padded = column(`${verdict.text}${mark}${cell.derived ? '*' : ''}`);
    return verdict.good ? padded : style('red', padded);
  });
  return `${head.padEnd(BOOT_COLUMNS)}${texts.join('')}`.trimEnd().concat('\n');
}

function letter(reasons: string[], reason: string): string {
  let index = reasons.indexOf(reason);
  if (index < 0) index = reasons.push(reason) - 1;
  return String.fromCharCode(97 + index);
}

function legend(reasons: readonly string[]): string {
  const notes = reasons.map((reason, index) =>
    wrap(reason, 4).replace('    ', `  ${String.fromCharCode(97 + index)} `),
  );
  return [
    'Each cell: how the data left the file system, and what a read past all caches\n',
    'gave; or the errno of a refused mount. +1-2: with patches 1 and 2 of the series.\n',
    'same: byte for byte. WRONG: other bytes, no error. LOST: the read fails.\n',
    'emulated: an append that device mapper or the block layer turned into a write.\n',
    ...notes,
    '  * derived: no recording of a real kernel covers this cell\n',
    '  as described: the world of the cover letter, where dm-crypt reports the\n',
    '  written sector; shown where it differs from the code as it was\n',
  ].join('');
}

function column(text: string): string {
  return text.padEnd(CELL_COLUMNS);
}

function shortCipher(cipher: string): string {
  return cipher.replace(':sha256', '');
}

/** `v5.12 +1-2` for the base and the first two patches. */
function shortBoot(boot: string): string {
  return boot.replace(
    /\+series(?:\[(.*)\])?/,
    (_, which: string | undefined) => ` +${which ?? '1-4'}`,
  );
}

/** The second write of the cell, from the sector it was sent to down to the bytes a reader gets. */
export function seriesStory(loaded: LoadedScenario, cell: SeriesCell, style: Styler): string {
  const step = cell.result.steps.findLast((one) => one.ran && one.name === 'write')!;
  const writes = writeEvidence(cell.result.machines[step.machine]!, step.traceStart, step.traceEnd);
  const { machine, findings } = readBackStep(loaded, cell.result.cell, step.index);
  const bad = findings.find((one) => one.outcome !== 'same');
  const write = writes.find((one) => one.bio === bad?.range.bio);
  if (bad === undefined || write === undefined) return 'No write of this cell failed.\n';
  const sent = readSent(machine, bad.traceStart, bad.traceEnd);
  const iv = readIv(machine, bad.traceStart, bad.traceEnd);
  const bytes = write.sectors * SECTOR_BYTES;
  const rows: [string, string][] = [
    ['written', `${bytes} bytes at ${bad.range.from} of the file`],
    [
      'sent to',
      `${write.device} sector ${write.sentSector}, ${write.append ? 'the zone start: a zone append' : 'a regular write'}`,
    ],
  ];
  if (write.iv !== null)
    rows.push(['encrypted with', `IV sector ${write.iv.firstSector}, the sector the bio carried`]);
  rows.push(['put by the disk', `at ${write.disk} sector ${write.landedSector}`]);
  rows.push(['reported as', `${write.device} sector ${write.reportedSector}`]);
  if (sent !== null) rows.push(['read from', `${sent.device} sector ${sent.sector}`]);
  if (iv !== null) rows.push(['decrypted with', `IV sector ${iv.firstSector}`]);
  rows.push(['expected', head(bad.range.data.bytes(), bad.firstBad)]);
  rows.push([
    'got',
    typeof bad.got === 'number' ? `error ${bad.got}` : head(bad.got.bytes(), bad.firstBad),
  ]);
  const title = `The story of one failing write: ${cell.use}, ${cell.cipher}, ${cell.boot}`;
  return `${style('bold', title)}\n${rows.map(([name, text]) => `  ${name.padEnd(16)}${text}\n`).join('')}`;
}

const HEAD_BYTES = 16;

function head(bytes: Uint8Array, from: number): string {
  const some = bytes.subarray(from, from + HEAD_BYTES);
  return Array.from(some, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
