/**
 * The btrfs command of btrfs-progs 6.2, as far as it looks at devices and space (cmds/device.c, cmds/filesystem.c):
 * `btrfs filesystem df` and `btrfs device scan`. Everything else of it is not modelled.
 */

import { strerror } from '../kernel/errno.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import type { Task } from '../sim/task.ts';
import { prettySize } from './mkfs-btrfs-summary.ts';
import { probeType } from './probe.ts';
import type { Process } from './program.ts';

/** Commands are recognised by any unambiguous beginning, as `btrfs fi df`. */
function command(word: string | undefined, names: readonly string[]): string | null {
  const found = names.filter((name) => word !== undefined && name.startsWith(word));
  return found.length === 1 ? found[0]! : null;
}

const GROUPS = ['filesystem', 'device', 'subvolume', 'balance', 'scrub', 'inspect-internal'];

export function* btrfs(process: Process): Task<number> {
  const [, group, action, ...rest] = process.argv;
  const name = command(group, GROUPS);
  if (name === 'filesystem' && action === 'df') return yield* filesystemDf(process, rest);
  if (name === 'device' && action === 'scan') return yield* deviceScan(process, rest);
  const asked = [name ?? group, action].filter((word) => word !== undefined).join(' ');
  throw new NotModelled(`btrfs ${asked}`);
}

function complain(process: Process, text: string): void {
  process.stderr.write(`ERROR: ${text}\n`);
}

function* filesystemDf(process: Process, words: readonly string[]): Task<number> {
  const path = words[words.length - 1];
  if (path === undefined || words.length > 1)
    throw new NotModelled('options of btrfs filesystem df');
  const spaces = yield* process.system.sys.spaceInfo!(process, path);
  if (typeof spaces === 'number') {
    const what = spaces === -2 ? `cannot access '${path}'` : `not a btrfs filesystem: ${path}`;
    complain(process, spaces === -2 ? `${what}: ${strerror(spaces)}` : what);
    return 1;
  }
  for (const { kind, profile, totalBytes, usedBytes, zoneUnusableBytes } of spaces) {
    const unusable =
      zoneUnusableBytes === null ? '' : `, zone_unusable=${prettySize(zoneUnusableBytes)}`;
    process.stdout.write(
      `${kind}, ${profile}: total=${prettySize(totalBytes)}, used=${prettySize(usedBytes)}${unusable}\n`,
    );
  }
  return 0;
}

/** `-u`, `--forget`: devices nobody has mounted are forgotten. Else every device with a btrfs on it is made known. */
function* deviceScan(process: Process, words: readonly string[]): Task<number> {
  const { sys } = process.system;
  const forget = words.some((word) => word === '-u' || word === '--forget');
  const devices = words.filter((word) => !word.startsWith('-'));
  if (forget) return yield* forgetDevices(process, devices);
  let failures = 0;
  const registered: string[] = [];
  for (const path of devices.length > 0 ? devices : yield* knownDevices(process)) {
    const result = yield* sys.deviceControl!(process, 'btrfs', 'scan', path);
    registered.push(path);
    if (result >= 0) continue;
    complain(process, `device scan failed on '${path}': ${strerror(result)}`);
    failures += 1;
  }
  if (devices.length === 0) {
    if (failures > 0) complain(process, `there were ${failures} errors while registering devices`);
    process.stdout.write('Scanning for Btrfs filesystems\n');
    for (const path of registered) process.stdout.write(`registered: ${path}\n`);
  }
  return failures > 0 ? 1 : 0;
}

function* forgetDevices(process: Process, devices: readonly string[]): Task<number> {
  const { sys } = process.system;
  for (const path of devices.length > 0 ? devices : ['']) {
    const result = yield* sys.deviceControl!(process, 'btrfs', 'forget', path);
    if (result >= 0) continue;
    const what = path === '' ? 'cannot unregister devices' : `cannot unregister device '${path}'`;
    complain(process, `${what}: ${strerror(result)}`);
    return 1;
  }
  return 0;
}

/** What libblkid finds when it looks at every device. */
function* knownDevices(process: Process): Task<string[]> {
  const names = yield* process.system.sys.readdir(process, '/sys/block');
  const found: string[] = [];
  if (typeof names === 'number') return found;
  for (const name of names) {
    if (name === '.' || name === '..') continue;
    if ((yield* probeType(process, `/dev/${name}`)) === 'btrfs') found.push(`/dev/${name}`);
  }
  return found;
}
