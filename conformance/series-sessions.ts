/**
 * Sessions of series.json: the never-merged series, run patch by patch. Each stack was tried with zonefs, raw dd, btrfs
 * and mkfs on fresh disks; btrfs was formatted once under the base kernel and its zones replayed into later boots.
 */

import { PatternPayload } from '../src/block/payload.ts';
import { O } from '../src/fs/inode.ts';
import type { DiskAttributes } from '../src/machine.ts';
import type { Op, Recording } from './facts.ts';
import type { Room } from './machine-room.ts';
import { inOrder, SERIES_BTRFS, SERIES_ZONEFS } from './order.ts';
import type { Parameters } from './parameters.ts';
import type { Session } from './session.ts';

/** The kernel the series' file systems were made under. */
const BASE_KERNEL = 'v5.12';
/**
 * The scripts forgot the log, and started the trace, after each mount whose lines they did not record: so before the
 * operation that follows one.
 */
export function afterSilentMount(room: Room, ops: readonly Op[], at: number): void {
  if (ops[at - 1]?.op !== 'mount' || ops[at]?.op === 'dmesg') return;
  room.flushLog();
  room.traceSeen = room.machine.trace.length;
}

/** The small regular disk that the ciphertext was copied to for the proof of the IV. */
const PROOF_DISK_MIB = 16;
/** Length of each write the proof looks at, in sectors. */
const PROOF_WRITE_SECTORS = 128;
const PATTERN_BYTES = 2 ** 17;

export function seriesSessions(recording: Recording, p: Parameters): Session[] {
  const ids = Object.keys(recording.facts);
  const disks = seriesDisks(recording, p);
  const stacks = [...new Set(ids.filter((id) => /^[^/]+\/(zonefs|btrfs|rawdd|mkfs)\//.test(id)))]
    .map((id) => id.split('/')[0]!)
    .filter((stack, index, all) => all.indexOf(stack) === index);
  const sessions: Session[] = [];
  for (const stack of stacks) {
    const under = (part: string): string[] =>
      ids.filter((id) => id.startsWith(`${stack}/${part}/`));
    sessions.push(
      {
        disks,
        cells: inOrder(under('zonefs'), `${stack}/zonefs/`, SERIES_ZONEFS),
        hidden: zonefsScript,
      },
      { disks, cells: under('rawdd'), hidden: patternFile },
      { disks, cells: under('mkfs'), hidden: flushFirst },
    );
    const btrfs = inOrder(under('btrfs'), `${stack}/btrfs/`, SERIES_BTRFS);
    if (btrfs.length > 0) sessions.push(btrfsSession(recording, stack, btrfs, disks));
  }
  for (const id of ids.filter((one) => one.startsWith('format/'))) {
    sessions.push({ disks, cells: [id] });
  }
  for (const id of ids.filter((one) => one.startsWith('extra/'))) {
    sessions.push(extraSession(recording, id, disks));
  }
  return sessions.filter((session) => session.cells.length > 0);
}

/** The zoned disk, with as many conventional zones as any full report shows, and the small regular one. */
function seriesDisks(recording: Recording, p: Parameters): Record<string, DiskAttributes> {
  const reports = Object.values(recording.facts)
    .flat()
    .filter((op) => op.op === 'zones' && / 0 \d+$/.test(op.args ?? ''));
  const zones = (reports[0]?.zones ?? []) as { type: string }[];
  const conventional =
    zones.length === 0 ? p.conventional : zones.filter((zone) => zone.type === 'conv').length;
  return {
    nullb0: {
      zoned: 1,
      zone_size: p.zoneSizeMib,
      size: p.sizeMib,
      zone_nr_conv: conventional,
      memory_backed: 1,
    },
    nullb1: { size: PROOF_DISK_MIB, memory_backed: 1 },
  };
}

function flushFirst(room: Room, _id: string, at: number): void {
  if (at === 0) room.flushLog();
}

/** The script's test file, `pat`: the first 128 KiB of pattern 1. */
function patternFile(room: Room, id: string, at: number): void {
  if (at !== 0) return;
  if (id.endsWith('/create')) {
    const { vfs } = room.machine;
    const fd = room.call(vfs.open(room.process, '/root/pat', O.RDWR | O.CREAT));
    room.call(vfs.pwrite(room.process, fd, new PatternPayload(1, 0, PATTERN_BYTES), 0));
    room.call(vfs.close(room.process, fd));
  }
  room.traceSeen = room.machine.trace.length;
  room.flushLog();
}

function zonefsScript(room: Room, id: string, at: number): void {
  patternFile(room, id, at);
  if (id.endsWith('/zonefs/mount') && at === 0) {
    const path = room.machine.dm.device('t') === null ? '/dev/nullb0' : '/dev/mapper/t';
    room.machine.run(`mkzonefs -f ${path}`);
    room.flushLog();
  }
  // Each of these was tried in a mount of its own, which the recording shows only for some.
  if (at === 0 && /\/(two-sync-direct-64K|aio-64K|sync-1M)$/.test(id) && !isMounted(room)) {
    const path = room.machine.dm.device('t') === null ? '/dev/nullb0' : '/dev/mapper/t';
    room.machine.run(`mount -t zonefs ${path} /mnt/z`);
    room.flushLog();
    room.traceSeen = room.machine.trace.length;
  }
  if (id.includes('/iv-proof/') && at === 0) copyCiphertext(room);
}

function isMounted(room: Room): boolean {
  return room.machine.run('cat /proc/mounts').stdout.includes(' /mnt/z ');
}

/** Copies the two writes of the first sequential zone to the small disk, one after the other. */
function copyCiphertext(room: Room): void {
  const media = [...room.machine.block.devices.values()].find((one) => one.name === 'nullb0')!;
  let start = -1;
  media.reportZones(0, media.nrZones, (zone) => {
    if (start < 0 && zone.type !== 1) start = zone.start;
  });
  const count = PROOF_WRITE_SECTORS * 2;
  room.machine.run(
    `dd if=/dev/nullb0 of=/dev/nullb1 bs=512 skip=${start} count=${count} iflag=direct oflag=direct conv=notrunc`,
  );
}

/** The file system of `stack`, made under the base kernel; then the recorded kernel is booted on its disks. */
function btrfsSession(
  recording: Recording,
  stack: string,
  cells: readonly string[],
  disks: Session['disks'],
): Session {
  const text = JSON.stringify(cells.map((id) => recording.facts[id]));
  const uuid = /device fsid ([0-9a-f-]{36})/.exec(text)?.[1] ?? recordedUuid(recording, stack);
  const create = recording.facts[`${stack}/btrfs/create`]?.find((op: Op) => op.op === 'dm');
  return {
    formattedUnder: BASE_KERNEL,
    disks,
    cells,
    hidden: (room, id, at) => {
      if (id.endsWith('/replay') && at === 0) {
        const table = /^t (.*)$/.exec(create?.args ?? '')?.[1];
        if (table !== undefined) room.machine.run(`dmsetup create t --table "${table}"`);
        const path = table === undefined ? '/dev/nullb0' : '/dev/mapper/t';
        room.machine.run(`mkfs.btrfs -f -q -U ${uuid} -O zoned -d single -m single ${path}`);
        room.reboot(recording.kernel);
      }
      if (at === 0) {
        room.traceSeen = room.machine.trace.length;
        if (!id.endsWith('/mount')) room.flushLog();
      }
    },
  };
}

function recordedUuid(recording: Recording, stack: string): string {
  const ids = Object.keys(recording.facts).filter((id) => id.endsWith(stack) || id.includes(stack));
  const text = JSON.stringify(ids.map((id) => recording.facts[id]));
  return /UUID: ([0-9a-f-]{36})/.exec(text)?.[1] ?? '11111111-2222-3333-4444-555555555555';
}

/** Cases of their own: those on btrfs without a mkfs of their own used the replayed file system of their stack. */
function extraSession(recording: Recording, id: string, disks: Session['disks']): Session {
  const ops = recording.facts[id]!;
  const makesOwn = ops.some((op) => op.op === 'dm' || /mkfs/.test(op.args ?? ''));
  if (makesOwn || ops[0]?.op !== 'mount') {
    return { disks, cells: [id], hidden: flushFirst };
  }
  const stack = id.split('/')[1]!;
  const made = btrfsSession(
    recording,
    stack,
    [`${stack}/btrfs/replay`, `${stack}/btrfs/create`],
    disks,
  );
  return {
    formattedUnder: BASE_KERNEL,
    disks,
    cells: [id],
    hidden: (room, _id, at) => {
      if (at !== 0) return;
      made.hidden?.(room, `${stack}/btrfs/replay`, 0);
      const create = recording.facts[`${stack}/btrfs/create`]?.find((op) => op.op === 'dm');
      const table = /^t (.*)$/.exec(create?.args ?? '')?.[1];
      if (table !== undefined) room.machine.run(`dmsetup create t --table "${table}"`);
      room.flushLog();
      room.traceSeen = room.machine.trace.length;
    },
  };
}
