/**
 * A patch is a list of edits on a kernel record; applying one is pure and checked. An edit whose `from` is not
 * what the record says is a conflict, as a hunk that does not apply is one for `git am`.
 */

import type { Kernel } from './kernel.ts';

export type Group = 'block' | 'dm' | 'crypt' | 'zonefs' | 'btrfs';
export type PatchId = string;

/** Replaces one answer. `path` is `group.answer`, e.g. `dm.zoneAppend`. */
export interface SetEdit {
  readonly path: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** Puts one item into an ordered list of answers, before or after another, or at its end. */
export interface InsertEdit {
  readonly path: string;
  readonly insert: string;
  readonly after?: string;
  readonly before?: string;
}

export interface RemoveEdit {
  readonly path: string;
  readonly remove: string;
}

export type Edit = SetEdit | InsertEdit | RemoveEdit;

export interface Patch {
  readonly id: PatchId;
  readonly subject: string;
  readonly author: string;
  /** `series`: the four seed patches; `variant`: the seed's v2 wording; `what-if`: posted or merged by nobody. */
  readonly kind: 'series' | 'variant' | 'mainline' | 'backport' | 'what-if';
  readonly commit?: string;
  readonly messageId?: string;
  readonly files: readonly string[];
  readonly requires: readonly PatchId[];
  /** The first release of ours that has it. The kernel version it was merged for stands in `merged`. */
  readonly since?: string;
  readonly merged?: string;
  /** The releases it can be put on: from the first, up to but not including `before`. */
  readonly appliesTo?: { readonly from: string; readonly before?: string };
  readonly edits: readonly Edit[];
  /** One sentence for a reader of `zonestack patches`: what it changes for a user. */
  readonly note?: string;
}

export class PatchError extends Error {
  readonly code: 'patch-conflict' | 'patch-missing-prerequisite';
  constructor(code: PatchError['code'], message: string) {
    super(message);
    this.name = 'PatchError';
    this.code = code;
  }
}

type Path<G extends Group> = `${G}.${string & keyof Kernel[G]}`;
type AnswerAt<P extends string> = P extends `${infer G extends Group}.${infer K}`
  ? K extends keyof Kernel[G]
    ? Kernel[G][K]
    : never
  : never;
type AnyPath = { [G in Group]: Path<G> }[Group];

/** An edit that replaces one answer; the compiler holds `from` and `to` to the answer's type. */
export function set<P extends AnyPath>(path: P, from: AnswerAt<P>, to: AnswerAt<P>): SetEdit {
  return { path, from, to };
}

/** An edit that puts `item` into a list of answers. */
export function insert(
  path: AnyPath,
  item: string,
  place: { after?: string; before?: string } = {},
): InsertEdit {
  return { path, insert: item, ...place };
}

export function remove(path: AnyPath, item: string): RemoveEdit {
  return { path, remove: item };
}

/** The kernel with `patch` on it. Throws PatchError; the given record is not changed. */
export function applyPatch(kernel: Kernel, patch: Patch): Kernel {
  for (const id of patch.requires) {
    if (!kernel.patches.includes(id)) {
      throw new PatchError(
        'patch-missing-prerequisite',
        `patch "${patch.id}" needs "${id}", which ${kernel.name} does not have`,
      );
    }
  }
  if (kernel.patches.includes(patch.id)) {
    throw new PatchError('patch-conflict', `${kernel.name} already has "${patch.id}"`);
  }
  const groups: Record<Group, Record<string, unknown>> = {
    block: { ...kernel.block },
    dm: { ...kernel.dm },
    crypt: { ...kernel.crypt },
    zonefs: { ...kernel.zonefs },
    btrfs: { ...kernel.btrfs },
  };
  for (const edit of patch.edits) applyEdit(groups, edit, patch, kernel.name);
  return { ...kernel, ...groups, patches: [...kernel.patches, patch.id] } as unknown as Kernel;
}

function applyEdit(
  groups: Record<Group, Record<string, unknown>>,
  edit: Edit,
  patch: Patch,
  onto: string,
): void {
  const dot = edit.path.indexOf('.');
  const group = groups[edit.path.slice(0, dot) as Group];
  const key = edit.path.slice(dot + 1);
  const conflict = (expected: unknown): PatchError =>
    new PatchError(
      'patch-conflict',
      `patch "${patch.id}" does not apply to ${onto}: "${edit.path}" expected ${show(expected)}, got ${show(group?.[key])}`,
    );
  if (group === undefined || !(key in group)) throw conflict('an answer of the kernel record');
  const current = group[key];
  if ('to' in edit) {
    if (show(current) !== show(edit.from)) throw conflict(edit.from);
    group[key] = edit.to;
    return;
  }
  if (!Array.isArray(current)) throw conflict('a list');
  const list = current as string[];
  if ('remove' in edit) {
    if (!list.includes(edit.remove)) throw conflict(`a list with ${edit.remove}`);
    group[key] = list.filter((item) => item !== edit.remove);
    return;
  }
  group[key] = inserted(list, edit, conflict);
}

function inserted(list: string[], edit: InsertEdit, conflict: (e: unknown) => Error): string[] {
  if (list.includes(edit.insert)) throw conflict(`a list without ${edit.insert}`);
  const anchor = edit.after ?? edit.before;
  if (anchor === undefined) return [...list, edit.insert];
  const at = list.indexOf(anchor);
  if (at < 0) throw conflict(`a list with ${anchor}`);
  const place = edit.after === undefined ? at : at + 1;
  return [...list.slice(0, place), edit.insert, ...list.slice(place)];
}

function show(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
