/** What two kernel records answer differently: `zonestack kernels A B`. */

import type { Group } from './edit.ts';
import type { Kernel } from './kernel.ts';

export interface AnswerDifference {
  /** `dm.zoneAppend` */
  readonly path: string;
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

export interface KernelDifferences {
  readonly patchesOnlyInA: readonly string[];
  readonly patchesOnlyInB: readonly string[];
  readonly answers: readonly AnswerDifference[];
}

const GROUPS: readonly Group[] = ['block', 'dm', 'crypt', 'zonefs', 'btrfs'];

export function kernelDifferences(a: Kernel, b: Kernel): KernelDifferences {
  const answers: AnswerDifference[] = [];
  for (const group of GROUPS) {
    const left = a[group] as unknown as Record<string, unknown>;
    const right = b[group] as unknown as Record<string, unknown>;
    for (const key of Object.keys(left)) {
      const found = answerDifference(left[key], right[key]);
      if (found !== null) answers.push({ path: `${group}.${key}`, ...found });
    }
  }
  return {
    patchesOnlyInA: a.patches.filter((id) => !b.patches.includes(id)),
    patchesOnlyInB: b.patches.filter((id) => !a.patches.includes(id)),
    answers,
  };
}

function answerDifference(
  a: unknown,
  b: unknown,
): { removed: readonly string[]; added: readonly string[] } | null {
  const left = Array.isArray(a) ? a.map(show) : [show(a)];
  const right = Array.isArray(b) ? b.map(show) : [show(b)];
  if (left.join('\n') === right.join('\n')) return null;
  const removed = left.filter((item) => !right.includes(item));
  const added = right.filter((item) => !left.includes(item));
  // The same items in another order: both orders are the difference.
  if (removed.length === 0 && added.length === 0) {
    return { removed: [left.join(', ')], added: [right.join(', ')] };
  }
  return { removed, added };
}

function show(value: unknown): string {
  if (value === '') return '(none)';
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined');
}
