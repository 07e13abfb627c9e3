/**
 * Replays recordings on the simulator, cell by cell. The claim: a cell that is equal shows on our machine, operation by
 * operation, what a real kernel showed.
 */

import { NotModelled } from '../src/kernel/not-modelled.ts';
import { type Difference, difference } from './compare.ts';
import { byFloor, isData } from './events.ts';
import type { Op, Recording } from './facts.ts';
import { Room } from './machine-room.ts';
import { pendingReason } from './pending.ts';
import { nullBlkRefusal } from './refusal.ts';
import { afterSilentMount } from './series-sessions.ts';
import { type Session, sessionsOf } from './sessions.ts';
import { perform } from './zio.ts';

export interface CellResult {
  readonly id: string;
  readonly verdict: 'equal' | 'different' | 'pending';
  readonly differences: readonly Difference[];
  /** Why it is pending. */
  readonly reason?: string;
}

export interface FileResult {
  readonly kernel: string;
  readonly file: string;
  readonly cells: readonly CellResult[];
}

/** Replays one recording; `limits` is the limits file of the same kernel, when there is one. */
export function replay(
  recording: Recording,
  limits: Recording | undefined,
  only: RegExp = /./,
): FileResult {
  const done = new Map<string, CellResult>();
  let held: string | null = null;
  for (const session of sessionsOf(recording, limits)) {
    if (!session.cells.some((id) => only.test(id))) continue;
    let room = openRoom(recording, session);
    for (const id of session.cells) {
      // What the model leaves out may have left a mess: the next stack starts on a machine of its own.
      if (room instanceof Room && room.spoilt !== null && !id.startsWith(room.spoilt)) {
        room = openRoom(recording, session);
      }
      if (!(room instanceof Room)) {
        done.set(id, broken(id, room));
        continue;
      }
      if (held !== null) room.machine.log.holdFirst(held);
      done.set(id, replayCell(recording, session, room, id));
      held = room.machine.log.heldText;
    }
  }
  const cells = Object.keys(recording.facts)
    .filter((id) => only.test(id))
    .map((id) => done.get(id) ?? notReplayed(id));
  return { kernel: recording.kernel, file: recording.file, cells };
}

function notReplayed(id: string): CellResult {
  const reason = 'this file is replayed with the part of the model it is about';
  return { id, verdict: 'pending', differences: [], reason };
}

/** The room, or the error that kept it from being made. */
function openRoom(recording: Recording, session: Session): Room | Error {
  const kernel = session.formattedUnder ?? recording.kernel;
  try {
    const refusal = nullBlkRefusal(kernel, session.disks);
    const room = new Room(kernel, refusal === null ? session.disks : {});
    if (refusal !== null) room.refusal = refusal;
    // Each run of the driver forgets the log at its start, and with it how the disks came up.
    room.flushLog();
    return room;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function broken(id: string, error: unknown): CellResult {
  const got = error instanceof Error ? error.message : String(error);
  if (error instanceof NotModelled) {
    return { id, verdict: 'pending', differences: [], reason: `not modelled: ${got}` };
  }
  return {
    id,
    verdict: 'different',
    differences: [{ id, op: 'set-up', expected: 'no failure', got }],
  };
}

function replayCell(recording: Recording, session: Session, room: Room, id: string): CellResult {
  const ops = recording.facts[id] ?? [];
  const differences: Difference[] = [];
  const reasons = new Set<string>();
  for (const [at, op] of ops.entries()) {
    const found = replayOp(recording, session, room, id, at, op);
    if (found === null) continue;
    if (typeof found === 'string') reasons.add(found);
    else differences.push(found);
  }
  if (differences.length > 0) return { id, verdict: 'different', differences };
  if (reasons.size > 0) {
    return { id, verdict: 'pending', differences, reason: [...reasons].join('; ') };
  }
  return { id, verdict: 'equal', differences };
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
  const may = pendingReason(recording.file, id, op);
  if (room.spoilt !== null) return 'not modelled: what came before it in this stack';
  const name = `${op.op} ${op.args ?? ''}`;
  const before = room.machine.log.lines.filter((line) => line.text.startsWith('BTRFS')).length;
  try {
    session.hidden?.(room, id, at);
    if (recording.file === 'series') afterSilentMount(room, recording.facts[id] ?? [], at);
    const got = perform(room, op);
    if (got === null) return may ?? { id, op: name, expected: op, got: 'no such operation' };
    const found = difference(id, op, got, before);
    if (found === null) return null;
    if (may !== null) return may;
    if (op.op === 'trace' && (id.includes('btrfs') || id.includes('/conv4/'))) {
      return writePath(op, got, found);
    }
    return found;
  } catch (error) {
    if (error instanceof NotModelled) {
      // What is pending by name only looks; anything else may have left the machine half way.
      if (may === null) room.spoilt ??= id.split('/').slice(0, 3).join('/');
      return may ?? `not modelled: ${error.message}`;
    }
    const got = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { id, op: name, expected: op, got };
  }
}

/** Block events of btrfs: those of data must agree; those of metadata may wait for the real trees. */
function writePath(
  op: Op,
  got: Record<string, unknown>,
  found: Difference,
): Difference | string | null {
  const same = (wanted: (op: string) => boolean): boolean =>
    byFloor(op.events, wanted) === byFloor(got.events, wanted);
  if (!same(isData)) return found;
  return same(() => true) ? null : 'block events of btrfs metadata: until the real trees are there';
}
