/** What the wrong IV did to one unit: generator, subkey, IVs and first bytes, from the mapping's own table. */

import { splitArgs } from '../dm/args.ts';
import { explainUnit, misread } from '../dm/crypt/explain.ts';
import { type CryptSpec, parseSpec } from '../dm/crypt/spec.ts';
import { SECTOR_BYTES } from '../kernel/units.ts';
import type { Machine } from '../machine.ts';
import type { ReadbackFinding } from '../scenario/readback.ts';
import { hexGroups } from './columns.ts';
import type { IvUse } from './write-evidence.ts';

/** Links about the first unit that reads back wrong; none when the mapping is gone or its table is another's. */
export function ivLinks(
  written: IvUse,
  read: IvUse,
  bad: ReadbackFinding,
  machine: Machine,
): string[] {
  const spec = specOf(machine, written.device);
  if (spec === null) return [];
  const { sectorBytes } = spec.options;
  const unit = Math.floor(Math.max(bad.firstBad, 0) / sectorBytes);
  const from = unit * sectorBytes;
  const { data } = bad.range;
  if (from + sectorBytes > data.lengthBytes) return [];
  const sent = sectorOf(spec, written, unit);
  const found = sectorOf(spec, read, unit);
  if (spec.options.aead) {
    return [
      `${spec.cipherText} signs the sector with the data: it was ${sent} when this was written, and ${found} when it was read`,
    ];
  }
  const plain = data.slice(from, sectorBytes).bytes();
  const used = explainUnit(spec, sent, plain);
  const needed = explainUnit(spec, found, plain);
  const links: string[] = [];
  if (used.iv !== null && needed.iv !== null) {
    const [one, other] = [used.encryptedIv ?? used.iv, needed.encryptedIv ?? needed.iv];
    links.push(
      `the ${spec.ivMode} generator (${used.how}) made IV ${hexGroups(one)} of ${used.ivSector}; sector ${found} needs ${hexGroups(other)} of ${needed.ivSector}`,
    );
  }
  if (used.subkey !== needed.subkey) {
    links.push(
      `the sector also picks the key: subkey ${used.subkey} of ${used.subkeys} encrypted it, subkey ${needed.subkey} decrypts it`,
    );
  }
  const back = misread(spec, plain, sent, found);
  if (used.before !== null && used.after !== null && back !== null) {
    links.push(
      `of its unit the first bytes ${hexGroups(used.before)} became ${hexGroups(used.after)} instead of ${hexGroups(needed.after!)}, and are read as ${hexGroups(back)}`,
    );
  }
  return links;
}

/**
 * The IV of the first unit, as the cipher takes it: 16 bytes in hexadecimal digits; null when there is none, or it is
 * drawn at random, or the mapping of `machine` that used it is gone.
 */
export function firstIv(machine: Machine, use: IvUse): string | null {
  const spec = specOf(machine, use.device);
  if (spec === null) return null;
  const { iv, encryptedIv } = explainUnit(spec, sectorOf(spec, use, 0), new Uint8Array());
  return encryptedIv ?? iv;
}

/** The target's sector of unit `unit`: IV sectors count units where iv_large_sectors is set, and have iv_offset in them. */
export function sectorOf(spec: CryptSpec, { firstSector, step }: IvUse, unit: number): number {
  const { largeSectors, sectorBytes } = spec.options;
  const divisor = largeSectors ? sectorBytes / SECTOR_BYTES : 1;
  return (firstSector + unit * step) * divisor - Number(spec.ivOffset);
}

/** What the one crypt line of the mapped device `device` says; null when there is none, or several. */
export function specOf(machine: Machine, device: string): CryptSpec | null {
  const mapping = machine.dm.list().find(({ name }) => machine.dm.device(name)?.name === device);
  const lines = mapping === undefined ? [] : machine.dm.table(mapping.name);
  if (typeof lines === 'number' || lines.length !== 1) return null;
  const { params, sectors, target } = lines[0]!;
  if (target !== 'crypt' && target !== 'inlinecrypt') return null;
  const words = splitArgs(params);
  // dm-inlinecrypt shows the type of its key besides; what follows is as dm-crypt has it.
  if (target === 'inlinecrypt') words.splice(2, 1);
  const step = parseSpec(words, sectors, {
    answers: machine.kernel.crypt,
    keyring: machine.keys,
    log: () => {},
  });
  return step.ok ? step.value : null;
}
