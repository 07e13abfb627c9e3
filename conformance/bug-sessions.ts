/**
 * Sessions of bug.json: zonefs over one mapping, two writes into a zone, what stands below, and with which sector's IV
 * it decrypts. For the proof the ciphertext was copied to the start of a small regular disk.
 */

import type { Recording } from './facts.ts';
import type { Room } from './machine-room.ts';
import { BUG, inOrder } from './order.ts';
import type { Parameters } from './parameters.ts';
import { base, type DiskNames, type Session } from './session.ts';
import { unrecorded } from './unrecorded.ts';

const PROOF_DISK_MIB = 16;
const COPY_BLOCK_BYTES = 4096;

export function bugSessions(recording: Recording, p: Parameters, name: DiskNames): Session[] {
  const ids = Object.keys(recording.facts);
  const stacks = [...new Set(ids.map((id) => id.split('/').slice(0, 3).join('/')))];
  const [disk, proof] = [name('base', 0), name('reg', 1)];
  return stacks.map((stack) => {
    const prefix = `${stack}/`;
    const own = ids.filter((id) => id.startsWith(prefix));
    return {
      disks: { [disk]: base(p), [proof]: { size: PROOF_DISK_MIB, memory_backed: 1 } },
      cells: inOrder(own, prefix, BUG),
      hidden: (room, id, at) => {
        if (id.endsWith('/io')) beforeWrites(room, at, `/dev/${disk}`, p);
        if (at === 0 && id.includes('/decrypt-first-write')) {
          copyCiphertext(room, recording, prefix, disk, proof);
        }
      },
    };
  });
}

function beforeWrites(room: Room, at: number, path: string, p: Parameters): void {
  if (at === 0) unrecorded.resetZones(room, path, p);
  if (at === 1) unrecorded.run(room, 'mkzonefs -f /dev/mapper/t');
  if (at === 0 || at === 2) room.flushLog();
}

/** Both writes, which the script read from the lower device just before. */
function copyCiphertext(
  room: Room,
  recording: Recording,
  prefix: string,
  disk: string,
  proof: string,
): void {
  const reads = (recording.facts[`${prefix}lower`] ?? [])
    .filter((op) => op.op === 'pread')
    .map((op) => (op.args ?? '').split(' ').map(Number));
  const start = reads[0]?.[1] ?? 0;
  const length = reads.reduce((sum, [, , bytes = 0]) => sum + bytes, 0);
  // The script's shell divided whole numbers.
  const skip = Math.floor(start / COPY_BLOCK_BYTES);
  const count = Math.floor(length / COPY_BLOCK_BYTES);
  unrecorded.run(
    room,
    `dd if=/dev/${disk} of=/dev/${proof} bs=${COPY_BLOCK_BYTES} skip=${skip} count=${count} iflag=direct oflag=direct conv=notrunc`,
  );
}
