/** What mkfs.btrfs prints when it is not told to be quiet (btrfs-progs 6.2, mkfs/main.c, common/units.c). */

import type { MkfsParams } from '../fs/btrfs/seam.ts';
import { uuidText } from '../fs/btrfs/uuid.ts';
import type { MkfsDevice } from './mkfs-btrfs-device.ts';
import {
  FEATURES,
  type MkfsRequest,
  type Profile,
  profileShown,
  RUNTIME_FEATURES,
} from './mkfs-btrfs-options.ts';
import type { Process } from './program.ts';

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** pretty_size(): two decimals, `256.00MiB`. */
export function prettySize(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toFixed(2)}${UNITS[unit]}`;
}

/** Told at every mkfs since 5.15. */
export function printNote(process: Process): void {
  process.stdout.write(
    [
      'NOTE: several default settings have changed in version 5.15, please make sure',
      '      this does not affect your deployments:',
      '      - DUP for metadata (-m dup)',
      '      - enabled no-holes (-O no-holes)',
      '      - enabled free-space-tree (-R free-space-tree)',
      '\n',
    ].join('\n'),
  );
}

export interface Summary {
  readonly request: MkfsRequest;
  readonly device: MkfsDevice;
  readonly zoned: boolean;
  readonly metadata: Profile;
  readonly data: Profile;
  readonly params: MkfsParams;
}

const NAMES = { crc32c: 'crc32c', xxhash64: 'xxhash64', sha256: 'sha256', blake2b: 'blake2' };

export function printSummary(process: Process, summary: Summary): void {
  const { request, device, zoned, params } = summary;
  const line = (name: string, value: string): string => `${`${name}:`.padEnd(20)}${value}\n`;
  const group = (name: string, profile: Profile, kind: string): string => {
    const length = params.chunks.find((chunk) => chunk.kind === kind)?.lengthBytes ?? 0;
    const size = prettySize(length).padStart(16);
    return `  ${`${name}:`.padEnd(18)}${profileShown(profile).padEnd(8)} ${size}\n`;
  };
  const incompat = FEATURES.filter((f) => (request.incompat & (f.incompat ?? 0n)) !== 0n);
  const runtime = RUNTIME_FEATURES.filter((f) =>
    f.quota === true ? request.quota : (request.compatRo & (f.compatRo ?? 0n)) !== 0n,
  );
  const size = prettySize(params.totalBytes);
  process.stdout.write(
    line('Label', request.label ?? '(null)') +
      line('UUID', request.uuid ?? uuidText(params.fsid)) +
      line('Node size', String(request.nodesize)) +
      line('Sector size', String(request.sectorsize)) +
      line('Filesystem size', size) +
      'Block group profiles:\n' +
      group('Data', summary.data, 'data') +
      group('Metadata', summary.metadata, 'metadata') +
      group('System', summary.metadata, 'system') +
      line('SSD detected', device.rotational ? 'no' : 'yes') +
      line('Zoned device', zoned ? 'yes' : 'no') +
      (zoned ? line('  Zone size', prettySize(device.zoneSizeBytes)) : '') +
      line('Incompat features', incompat.map(({ name }) => name).join(', ')) +
      line('Runtime features', runtime.map(({ name }) => name).join(', ')) +
      line('Checksum', NAMES[request.csum]) +
      line('Number of devices', '1') +
      'Devices:\n   ID        SIZE  PATH\n' +
      `    1  ${size.padStart(10)}  ${device.path}\n\n`,
  );
}
