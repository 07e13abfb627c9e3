/** `zonestack iv`: the IV of one sector of a crypt table, how it is made, and what it does to the first bytes. */

import { parseTableLine, splitArgs } from '../dm/args.ts';
import { explainUnit, type IvStory, misread } from '../dm/crypt/explain.ts';
import type { CryptSpec } from '../dm/crypt/spec.ts';
import { parseSpec } from '../dm/crypt/spec.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { hexGroups, wrap } from './columns.ts';

/** What cannot be explained, and why: bad input of the user. */
export class IvError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'IvError';
  }
}

export interface IvReport {
  readonly cipher: string;
  readonly sector: number;
  readonly story: IvStory;
  /** The unit's story as it is when its bio carried another sector: what an append does; null unless asked for. */
  readonly sent: IvStory | null;
  /** First 16 bytes that are read back then; null when they are the right ones or the model computes none. */
  readonly misread: string | null;
}

export interface IvQuestion {
  readonly kernel: Kernel;
  /** `START LENGTH crypt ...`, several lines, or the words behind `crypt` alone. */
  readonly table: string;
  /** Sector of the mapped device. */
  readonly sector: number;
  /** What the unit holds; repeated to its length. */
  readonly data: Uint8Array;
  /** The sector its bio carried, when that was another one. */
  readonly sentAs: number | null;
}

/** Throws IvError for a table the kernel refuses or that has no such sector. */
export function ivReport({ kernel, table, sector, data, sentAs }: IvQuestion): IvReport {
  const { begin, length, words } = lineOf(table, sector);
  const step = parseSpec(words, length, { answers: kernel.crypt, keyring: null, log: () => {} });
  if (!step.ok) {
    const why = step.error === undefined ? '' : `: "${step.error}"`;
    const keyring = /^:\d+:/.test(words[1] ?? '') ? ' (write its key as hexadecimal digits)' : '';
    throw new IvError(`${kernel.name} refuses this table with ${step.errno}${why}${keyring}`);
  }
  const spec = step.value;
  const unit = filled(spec, data);
  const own = explainUnit(spec, sector - begin, unit);
  if (sentAs === null) {
    return { cipher: spec.cipherText, sector, story: own, sent: null, misread: null };
  }
  if (sentAs < begin || sentAs >= begin + length) {
    throw new IvError(`sector ${sentAs} lies outside the line that holds sector ${sector}`);
  }
  const sent = explainUnit(spec, sentAs - begin, unit);
  const back = misread(spec, unit, sent.unitSector, own.unitSector);
  const wrong = back === own.before ? null : back;
  return { cipher: spec.cipherText, sector, story: own, sent, misread: wrong };
}

function filled(spec: CryptSpec, data: Uint8Array): Uint8Array {
  const { sectorBytes } = spec.options;
  if (data.length === 0) return new Uint8Array(sectorBytes);
  return Uint8Array.from({ length: sectorBytes }, (_, i) => data[i % data.length]!);
}

const NO_BOUND = Number.MAX_SAFE_INTEGER;

function lineOf(
  table: string,
  sector: number,
): { begin: number; length: number; words: readonly string[] } {
  const texts = table.split(/[\n;]/).filter((text) => text.trim() !== '');
  if (texts.length === 0) throw new IvError('the table is empty');
  for (const text of texts) {
    const line = parseTableLine(text.trim());
    if (line === null || line.type !== 'crypt') {
      if (texts.length > 1) continue;
      if (line !== null && /^\d+$/.test(text.trim().split(/\s+/)[0]!)) {
        throw new IvError(`"${line.type}" has no IVs: a crypt table is needed`);
      }
      const words = splitArgs(text.trim().replace(/^crypt\s+/, ''));
      return { begin: 0, length: NO_BOUND - (NO_BOUND % 8), words };
    }
    const { begin, length, params } = line;
    if (sector >= begin && sector < begin + length) {
      return { begin, length, words: splitArgs(params) };
    }
  }
  throw new IvError(`no crypt line of the table holds sector ${sector}`);
}

/** The report as people read it. */
export function ivText({ cipher, sector, story, sent, misread: back }: IvReport): string {
  const { unitSectors } = story;
  const units =
    unitSectors === 1 ? '512 bytes' : `${unitSectors * 512} bytes, ${unitSectors} sectors`;
  const lines = [
    `sector ${sector} of ${cipher}\n`,
    row('unit', `${story.unitSector} (${units}), counted from where its line begins`),
    ...storyRows(story),
  ];
  if (sent !== null) {
    const same = sent.iv === story.iv && sent.after === story.after;
    lines.push(`\nsent as sector ${sent.unitSector}\n`, ...storyRows(sent));
    if (back !== null) lines.push(row('read back', hexGroups(back)));
    else if (same) lines.push(row('read back', 'as it was written: both have the same ciphertext'));
  }
  return lines.join('');
}

function storyRows(story: IvStory): string[] {
  const rows = [
    row('IV sector', `${story.ivSector} = ${story.ivSectorHow}`),
    row('generator', `${story.generator}: ${story.how}`),
  ];
  if (story.iv !== null) rows.push(row('IV', hexGroups(story.iv)));
  if (story.encryptedIv !== null) rows.push(row('encrypted', hexGroups(story.encryptedIv)));
  const key = story.subkeys === 1 ? 'the only one' : `${story.subkey} of ${story.subkeys}`;
  rows.push(row('subkey', key));
  if (story.before !== null && story.after !== null) {
    rows.push(row('before', hexGroups(story.before)), row('after', hexGroups(story.after)));
  } else rows.push(row('after', 'not computed by the model'));
  return rows;
}

const LABEL = 12;

function row(label: string, text: string): string {
  return wrap(`${label.padEnd(LABEL)}${text}`, 2, LABEL + 2);
}
