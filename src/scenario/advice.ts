/**
 * What a scenario says that the kernel takes without a word, though it is hardly what was meant. Notes, not errors:
 * the run goes on as the kernel would.
 */

import type { Place } from './errors.ts';
import { commandPlace, type LoadedScenario, type ScenarioCell } from './load.ts';

export interface Advice {
  readonly place: Place;
  readonly message: string;
}

/** Advice on every cell of a scenario, each said once. */
export function adviceOn(loaded: LoadedScenario): Advice[] {
  const told = new Map<string, Advice>();
  for (const cell of loaded.cells) {
    for (const one of [...runtZones(loaded, cell), ...oddKeys(loaded, cell)]) {
      const { line, column } = one.place;
      told.set(`${line}:${column}:${one.message}`, one);
    }
  }
  return [...told.values()];
}

function runtZones(loaded: LoadedScenario, cell: ScenarioCell): Advice[] {
  return Object.entries(cell.scenario.disks).flatMap(([disk, attributes]) => {
    const size = attributes.size ?? attributes.dev_size_mb;
    const zone = attributes.zone_size ?? attributes.zone_size_mb;
    const zoned = attributes.zoned ?? attributes.zbc;
    if (!zoned || typeof size !== 'number' || typeof zone !== 'number' || zone <= 0) return [];
    const rest = size % zone;
    if (rest === 0 || size < zone) return [];
    const name = attributes.size === undefined ? 'dev_size_mb' : 'size';
    return [
      {
        place: loaded.document.placeOfKey(['disks', disk], name),
        message: `"${name}" is no multiple of the zone: the last zone has ${rest} of ${zone} MiB`,
      },
    ];
  });
}

const HEX_KEY = /\bcrypt\s+\S+\s+([0-9a-fA-F]+)\b/g;

/** crypt_ctr() halves the length: an odd last digit is ignored, whatever it is. */
function oddKeys(loaded: LoadedScenario, cell: ScenarioCell): Advice[] {
  return cell.scenario.steps.flatMap((step, index) => {
    if (!('run' in step)) return [];
    const path = ['steps', index, 'run'];
    return [...step.run.matchAll(HEX_KEY)].flatMap((match) => {
      const key = match[1]!;
      if (key.length % 2 === 0) return [];
      const at = match.index + match[0].length - key.length;
      return [
        {
          place: commandPlace(loaded.document, path, cell.values, at),
          message: `a key of ${key.length} hex digits: dm-crypt ignores the last one`,
        },
      ];
    });
  });
}
