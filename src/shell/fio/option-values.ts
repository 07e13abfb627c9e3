/**
 * Values of fio 3.33's options (parse.c): how each kind is read, and what fio says about one it cannot use.
 */

import type { Amount, JobOptions } from './job-options.ts';
import { plainNumber, sizeOf, timeUs } from './numbers.ts';

export type Apply = (job: JobOptions, value: string) => readonly string[] | string | null;

/** A value fio cannot parse. */
export const BAD = 'bad';
/** One it complains of and takes all the same. */
export const GOES_ON = 'goes on';

type Keys<T> = { [K in keyof JobOptions]: JobOptions[K] extends T ? K : never }[keyof JobOptions];

export function flag(key: Keys<boolean>, wanted = true): Apply {
  return (job, value) => {
    const number = value === '' ? 1 : plainNumber(value);
    if (number === null) return BAD;
    if (number > 1) return [`max value out of range: ${number} (1 max)`];
    if (number < 0) return [`min value out of range: ${number} (0 min)`];
    (job as unknown as Record<string, boolean>)[key] = (number === 1) === wanted;
    return null;
  };
}

export function whole(key: Keys<number>, name: string, least: number, most = 2 ** 31 - 1): Apply {
  return (job, value) => {
    const number = plainNumber(value);
    if (number === null) return BAD;
    if (number < least) return [`${name}: min value out of range: ${number} (${least} min)`];
    if (number > most) return [`${name}: max value out of range: ${number} (${most} max)`];
    (job as unknown as Record<string, number>)[key] = number;
    return null;
  };
}

/** It goes into 32 bits without a sign, so a negative number is a large one; the limit is compared with the sign. */
export function unsigned(key: 'max_open_zones' | 'job_max_open_zones', most: number): Apply {
  return (job, value) => {
    const number = plainNumber(value);
    if (number === null) return BAD;
    if (number > most) return [`${key}: max value out of range: ${number} (${most} max)`];
    job[key] = number >>> 0;
    return null;
  };
}

export function text(key: 'filename' | 'filename_format' | 'directory' | 'description'): Apply {
  return (job, value) => {
    (job as unknown as Record<string, string>)[key] = value;
    return value === '' && key !== 'description' ? BAD : null;
  };
}

type AmountKey = 'size' | 'io_size' | 'offset' | 'offset_increment' | 'zoneskip';

export function amount(key: AmountKey): Apply {
  return (job, value) => {
    if (value.endsWith('z')) {
      const zones = /^\s*([+-]?\d+)z/.exec(value)?.[1];
      if (zones === undefined) return [`${key}: unexpected zone value '${value}'`];
      // It is kept in 32 bits.
      job[key] = { value: 0, percent: false, zones: Number(zones) >>> 0 };
      return null;
    }
    const found = sizeOf(value);
    if (found === null || found.value < 0) return BAD;
    if (found.percent && (found.value > 100 || found.value < 0)) return BAD;
    (job as unknown as Record<string, Amount>)[key] = found;
    return null;
  };
}

export function bytes(key: 'zonesize' | 'zonecapacity'): Apply {
  return (job, value) => {
    const found = sizeOf(value);
    if (found === null || found.percent || found.value < 0) return BAD;
    job[key] = found.value;
    return null;
  };
}

/** A number from 0 to 1. Of a list the rest is complained of, and yet the job goes on with the first. */
export function share(key: 'zone_reset_threshold' | 'zone_reset_frequency'): Apply {
  return (job, value) => {
    const [text = '', ...rest] = value.split(':');
    if (!/^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) {
      return [`not a floating point value: ${text}`];
    }
    const number = Number(text);
    if (number > 1) return [`value out of range: ${number.toFixed(6)} (range max: 1.000000)`];
    if (number < 0) return [`value out of range: ${number.toFixed(6)} (range min: 0.000000)`];
    job[key] = number;
    return rest.length === 0
      ? null
      : [...rest.map(() => 'the list exceeding max length 1'), GOES_ON];
  };
}

export function time(key: 'runtime' | 'thinktime' | 'startdelay', bareUs: number): Apply {
  return (job, value) => {
    const us = timeUs(value, bareUs);
    if (us === null || us < 0) return BAD;
    job[key] = us;
    return null;
  };
}

export type Choices = readonly (readonly [string, string])[];

export function choice(
  key: 'sync' | 'fallocate',
  choices: Choices,
  means: Record<string, string>,
): Apply {
  return (job, value) => {
    const typed = value === '' ? '1' : value;
    if (!choices.some(([word]) => word === typed)) return [validValues(choices), BAD];
    (job as unknown as Record<string, string>)[key] = means[typed] ?? typed;
    return null;
  };
}

/** fio's list of what an option takes; it goes to standard output. */
export function validValues(choices: Choices): string {
  const lines = choices.map(([word, help], i) => {
    const front = i === 0 ? '        valid values' : '                    ';
    return `${front}: ${word.padEnd(10)}${help === '' ? '' : ` ${help}`}\n`;
  });
  return `${lines.join('')}\n`;
}
