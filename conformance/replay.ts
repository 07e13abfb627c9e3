/**
 * Replays recordings on the simulator, cell by cell. The claim: a cell that is equal shows on our machine, operation by
 * operation, what a real kernel showed.
 */

import { NotModelled } from '../src/kernel/not-modelled.ts';
import { kernelByName } from '../src/kernel/releases.ts';
import { type Difference, difference } from './compare.ts';
import {
  isData,
  sameButFlushedApart,
  sameButMerged,
  sameByFloor,
  sameDataZones,
  severalInFlight,
} from './events.ts';
import type { Op, Recording } from './facts.ts';
import { Room } from './machine-room.ts';
import { BTRFS_OPTIONS } from './order.ts';
import { FLUSHED, MERGED, METADATA, pendingReason, RESCANNED } from './pending.ts';
import { nullBlkRefusal } from './refusal.ts';
import { afterSilentMount } from './series-sessions.ts';
import { type Cell, cellId, type Session } from './session.ts';
import { sessionsOf } from './sessions.ts';
import { perform } from './zio.ts';
import type { Outcome } from './zio-words.ts';

export interface CellResult {
  readonly id: string;
  readonly verdict: 'equal' | 'different' | 'pending';
  readonly differences: readonly Difference[];
  /** What it waits for. */
  readonly reasons: readonly string[];
}

export interface FileResult {
  readonly kernel: string;
  readonly file: string;
  readonly cells: readonly CellResult[];
}

/** Replays one recording; `all` holds what was recorded beside it: parameters and rows that files share. */
export function replay(
  recording: Recording,
  all: readonly Recording[],
  only: RegExp = /(?:)/,
): FileResult {
  const done = new Map<string, CellResult>();
  let held: string | null = null;
  for (const session of knownKernel(recording) ? sessionsOf(recording, all) : []) {
    if (!session.cells.some((cell) => only.test(cellId(cell)))) continue;
    let room = openRoom(recording, session);
    for (const cell of session.cells) {
      const id = cellId(cell);
      // What the model leaves out may have left a mess: what does not follow from it starts on a machine of its own.
      if (room instanceof Room && room.spoilt !== null && !id.startsWith(room.spoilt)) {
        room = openRoom(recording, session, true);
      }
      if (!(room instanceof Room)) {
        done.set(id, joined(done.get(id), broken(id, room)));
        continue;
      }
      if (held !== null) room.machine.log.holdFirst(held);
      done.set(id, joined(done.get(id), replayCell(recording, session, room, cell)));
      held = room.machine.log.heldText;
    }
  }
  const cells = Object.keys(recording.facts)
    .filter((id) => only.test(id))
    .map((id) => done.get(id) ?? notReplayed(recording, id));
  return { kernel: recording.kernel, file: recording.file, cells };
}

/** What the parts of one cell come to. */
function joined(before: CellResult | undefined, now: CellResult): CellResult {
  if (before === undefined) return now;
  const both = [before, now];
  const differences = both.flatMap((one) => one.differences);
  const reasons = new Set(both.flatMap((one) => one.reasons));
  return verdict(now.id, differences, [...reasons]);
}

function verdict(
  id: string,
  differences: readonly Difference[],
  reasons: readonly string[],
): CellResult {
  const is = differences.length > 0 ? 'different' : reasons.length > 0 ? 'pending' : 'equal';
  return { id, verdict: is, differences, reasons };
}

function notReplayed(recording: Recording, id: string): CellResult {
  return verdict(id, [], [whyNot(recording)]);
}

function whyNot({ kind, kernel, file }: Recording): string {
  if (!knownKernel({ kernel })) return `a kernel that is not modelled: ${kernel}`;
  if (kind === null) return `no replay is known for recordings named ${file}`;
  return `no session of ${kind}.json has a case of this name`;
}

function knownKernel({ kernel }: Pick<Recording, 'kernel'>): boolean {
  try {
    kernelByName(kernel);
    return true;
  } catch {
    return false;
  }
}

/** The room, or the error that kept it from being made. */
function openRoom(recording: Recording, session: Session, again = false): Room | Error {
  const kernel = session.formattedUnder ?? recording.kernel;
  try {
    const refusal = nullBlkRefusal(kernel, session.disks);
    const room = new Room(kernel, refusal === null ? session.disks : {});
    if (refusal !== null) room.refusal = refusal;
    // Each run of the driver forgets the log at its start, and with it how the disks came up.
    room.flushLog();
    room.tracesMounts = recording.kind === 'paths';
    if (again) session.resume?.(room);
    return room;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function broken(id: string, error: unknown): CellResult {
  const got = error instanceof Error ? error.message : String(error);
  if (error instanceof NotModelled) return verdict(id, [], [notModelled(error)]);
  return verdict(id, [{ id, op: 'set-up', expected: 'no failure', got }], []);
}

function notModelled(error: NotModelled): string {
  return / is not modelled/.test(error.message) ? error.message : `not modelled: ${error.message}`;
}

function replayCell(recording: Recording, session: Session, room: Room, cell: Cell): CellResult {
  const id = cellId(cell);
  const ops = recording.facts[id] ?? [];
  const { from, to } = typeof cell === 'string' ? { from: 0, to: ops.length } : cell;
  const differences: Difference[] = [];
  const reasons = new Set<string>();
  for (let at = from; at < to; at += 1) {
    const op = ops[at]!;
    const found = replayOp(recording, session, room, id, at, op);
    if (found === null) continue;
    if (typeof found === 'string') reasons.add(found);
    else differences.push(found);
    // Nothing after it in this cell can be compared, and it is waiting already.
    if (room.spoilt !== null) break;
  }
  return verdict(id, differences, [...reasons]);
}

/** Null when equal, a reason when pending, else the difference. */
function replayOp(
  recording: Recording,
  session: Session,
  room: Room,
  id: string,
  at: number,
  op: Op,
): Difference | string | null {
  const may = pendingReason(recording, id, op);
  if (room.spoilt !== null) return 'not modelled: what came before it in this stack';
  const name = `${op.op} ${op.args ?? ''}`;
  const before = room.machine.log.lines.filter((line) => line.text.startsWith('BTRFS')).length;
  try {
    session.hidden?.(room, id, at);
    if (recording.kind === 'series') afterSilentMount(room, recording.facts[id] ?? [], at);
    const got = session.perform?.(room, op) ?? perform(room, op);
    if (typeof got === 'string') return got;
    if (got === null) return may ?? { id, op: name, expected: op, got: 'no such operation' };
    const found = difference(id, op, got, before);
    if (found === null) return null;
    if (op.op === 'dmesg' && onlyRescanned(id, op, got)) return may ?? RESCANNED;
    if (op.op === 'zones' && onlyMetadataZones(recording, id, op, got)) return may ?? METADATA;
    if (op.op !== 'trace') return may ?? found;
    const path = writePath(id, op, got);
    return path === undefined ? (may ?? found) : path;
  } catch (error) {
    if (error instanceof NotModelled) {
      // What is pending by name only looks; anything else may have left the machine half way.
      if (may === null) room.spoilt ??= id.split('/').slice(0, 3).join('/');
      return may ?? notModelled(error);
    }
    const got = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { id, op: name, expected: op, got };
  }
}

/** Does only the generation differ, after the mount with rescan_uuid_tree whose scan the next umount cut short? */
function onlyRescanned(id: string, op: Op, got: Outcome): boolean {
  const name = id.slice(OPTIONS_CELLS.length);
  const late = BTRFS_OPTIONS.indexOf(name) > BTRFS_OPTIONS.indexOf('rescan_uuid_tree');
  const masked = (lines: unknown): string =>
    JSON.stringify(lines).replace(/(?<=transid )\d+/g, 'N');
  return id.startsWith(OPTIONS_CELLS) && late && masked(op.lines) === masked(got.lines);
}

const OPTIONS_CELLS = 'mount/btrfs-opts/';

/** Is it a zone report of btrfs that differs where its stack was never seen to move data? */
function onlyMetadataZones(recording: Recording, id: string, op: Op, got: Outcome): boolean {
  if (!isBtrfs(id) || op.ret !== got.ret) return false;
  const stack = id.slice(0, id.lastIndexOf('/') + 1);
  const events = Object.entries(recording.facts)
    .filter(([other]) => other.startsWith(stack) && isBtrfs(other))
    .flatMap(([, ops]) => ops.flatMap((one) => one.events ?? []));
  return events.length > 0 && sameDataZones(op.zones, got.zones, events);
}

function isBtrfs(id: string): boolean {
  return id.includes('btrfs') || id.includes('/conv4/');
}

/**
 * Block events that are not the same one by one: null when they are floor by floor, a reason when they may wait,
 * undefined when neither.
 */
function writePath(id: string, op: Op, got: Outcome): string | null | undefined {
  if (op.ret !== got.ret) return undefined;
  const several = severalInFlight(op.events) || severalInFlight(got.events);
  if (several && sameByFloor(op.events, got.events)) return null;
  if (several && sameButMerged(op.events, got.events)) return MERGED;
  // Those of data must agree; those of metadata may wait for the real trees.
  if (!isBtrfs(id)) return undefined;
  if (sameByFloor(op.events, got.events, isData)) return METADATA;
  return sameButFlushedApart(op.events, got.events) ? FLUSHED : undefined;
}
