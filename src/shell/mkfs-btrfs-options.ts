/**
 * The command line of mkfs.btrfs (btrfs-progs 6.2, mkfs/main.c, common/parse-utils.c, common/fsfeatures.c): options to
 * a request, with the tool's complaints. Some complaints end it while options are still being read.
 */

import { type CsumType, csumTypeNumber } from '../fs/btrfs/csum.ts';
import { CompatRo, Incompat } from '../fs/btrfs/features.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import { getopt, type OptionSpec } from './getopt.ts';
import type { Process } from './program.ts';

export const LABEL_BYTES = 256;
const DEFAULT_NODESIZE = 16384;
const PAGE_BYTES = 4096;
const MIN_SECTORSIZE = 4096;
const MAX_SECTORSIZE = 65536;
export const MAX_NODESIZE = 65536;

/** By name as typed, in any case: bits do not matter here, only what each asks for. */
const PROFILES: Readonly<Record<string, { readonly shown: string; readonly devices: number }>> = {
  raid10: { shown: 'RAID10', devices: 2 },
  raid1: { shown: 'RAID1', devices: 2 },
  raid1c3: { shown: 'RAID1C3', devices: 3 },
  raid1c4: { shown: 'RAID1C4', devices: 4 },
  dup: { shown: 'DUP', devices: 1 },
  raid0: { shown: 'RAID0', devices: 1 },
  single: { shown: 'single', devices: 1 },
  raid5: { shown: 'RAID5', devices: 2 },
  raid6: { shown: 'RAID6', devices: 3 },
};

export type Profile = keyof typeof PROFILES;

export function profileShown(profile: Profile): string {
  return PROFILES[profile]!.shown;
}

export function profileDevices(profile: Profile): number {
  return PROFILES[profile]!.devices;
}

interface Feature {
  readonly name: string;
  readonly incompat?: bigint;
  readonly compatRo?: bigint;
  readonly quota?: true;
}

const FREE_SPACE = CompatRo.freeSpaceTree | CompatRo.freeSpaceTreeValid;

/** `-O`, in the order the summary lists them. block-group-tree is built only into experimental 6.2. */
export const FEATURES: readonly Feature[] = [
  { name: 'mixed-bg', incompat: Incompat.mixedGroups },
  { name: 'extref', incompat: Incompat.extendedIref },
  { name: 'raid56', incompat: Incompat.raid56 },
  { name: 'skinny-metadata', incompat: Incompat.skinnyMetadata },
  { name: 'no-holes', incompat: Incompat.noHoles },
  { name: 'raid1c34', incompat: Incompat.raid1c34 },
  { name: 'zoned', incompat: Incompat.zoned },
];

/** `-R`. */
export const RUNTIME_FEATURES: readonly Feature[] = [
  { name: 'quota', quota: true },
  { name: 'free-space-tree', compatRo: FREE_SPACE },
];

export interface MkfsRequest {
  readonly devices: readonly string[];
  force: boolean;
  quiet: boolean;
  label: string | null;
  uuid: string | null;
  nodesize: number;
  nodesizeGiven: boolean;
  sectorsize: number;
  /** 0: the whole device. */
  byteCount: number;
  csum: CsumType;
  mixed: boolean;
  dataProfile: Profile | null;
  metadataProfile: Profile | null;
  discard: boolean;
  incompat: bigint;
  compatRo: bigint;
  quota: boolean;
}

/** A complaint that ends the program: `ERROR: TEXT`, exit 1. */
export class MkfsError extends Error {}

const required = 'required' as const;
const SPECS: readonly OptionSpec[] = [
  { short: 'b', long: 'byte-count', argument: required },
  { long: 'csum', argument: required },
  { long: 'checksum', argument: required },
  { short: 'f', long: 'force' },
  { short: 'l', long: 'leafsize', argument: required },
  { short: 'L', long: 'label', argument: required },
  { short: 'm', long: 'metadata', argument: required },
  { short: 'M', long: 'mixed' },
  { short: 'n', long: 'nodesize', argument: required },
  { short: 's', long: 'sectorsize', argument: required },
  { short: 'd', long: 'data', argument: required },
  { short: 'V', long: 'version' },
  { short: 'r', long: 'rootdir', argument: required },
  { short: 'K', long: 'nodiscard' },
  { short: 'O', long: 'features', argument: required },
  { short: 'R', long: 'runtime-features', argument: required },
  { short: 'U', long: 'uuid', argument: required },
  { short: 'q', long: 'quiet' },
  { short: 'v', long: 'verbose' },
  { long: 'shrink' },
  { long: 'help' },
];

/** The request, or the exit code of a command line that asks for no file system. Throws MkfsError. */
export function parseRequest(process: Process): MkfsRequest | number {
  const parsed = getopt(process.argv, SPECS);
  if (!parsed.ok) {
    process.stderr.write(`${process.argv[0]}: ${parsed.message}\n`);
    throw new NotModelled('the help text of mkfs.btrfs');
  }
  const request = defaults(parsed.operands);
  for (const { name, value } of parsed.options) {
    if (name === 'version') {
      process.stdout.write('mkfs.btrfs, part of btrfs-progs v6.2\n');
      return 0;
    }
    apply(request, name, value ?? '');
  }
  checkSectorsize(process, request.sectorsize);
  if (request.nodesize === 0) request.nodesize = Math.max(request.sectorsize, DEFAULT_NODESIZE);
  if (request.devices.length === 0) throw new NotModelled('the help text of mkfs.btrfs');
  return request;
}

function defaults(devices: readonly string[]): MkfsRequest {
  return {
    devices,
    force: false,
    quiet: false,
    label: null,
    uuid: null,
    nodesize: 0,
    nodesizeGiven: false,
    sectorsize: PAGE_BYTES,
    byteCount: 0,
    csum: 'crc32c',
    mixed: false,
    dataProfile: null,
    metadataProfile: null,
    discard: true,
    incompat:
      Incompat.mixedBackref | Incompat.extendedIref | Incompat.skinnyMetadata | Incompat.noHoles,
    compatRo: FREE_SPACE,
    quota: false,
  };
}

const FLAGS: Readonly<Record<string, (request: MkfsRequest) => void>> = {
  force: (r) => {
    r.force = true;
  },
  mixed: (r) => {
    r.mixed = true;
  },
  nodiscard: (r) => {
    r.discard = false;
  },
  quiet: (r) => {
    r.quiet = true;
  },
  verbose: () => {},
};

const VALUES: Readonly<Record<string, (request: MkfsRequest, value: string) => void>> = {
  data: (r, value) => {
    r.dataProfile = profile('data', value);
  },
  metadata: (r, value) => {
    r.metadataProfile = profile('metadata', value);
  },
  nodesize: (r, value) => {
    r.nodesize = parseSize(value);
    r.nodesizeGiven = true;
  },
  sectorsize: (r, value) => {
    r.sectorsize = parseSize(value) || PAGE_BYTES;
  },
  'byte-count': (r, value) => {
    r.byteCount = parseSize(value);
  },
  uuid: (r, value) => {
    r.uuid = value === '' ? null : value;
  },
  csum: (r, value) => {
    r.csum = csumType(value);
  },
  checksum: (r, value) => {
    r.csum = csumType(value);
  },
  label: (r, value) => {
    if (value.length >= LABEL_BYTES) {
      throw new MkfsError(`label ${value} is too long (max ${LABEL_BYTES - 1})`);
    }
    r.label = value;
  },
  leafsize: () => {
    throw new MkfsError('--leafsize has been removed in 6.0, use --nodesize');
  },
  features: (r, value) => features(r, value, FEATURES, 'filesystem'),
  'runtime-features': (r, value) => features(r, value, RUNTIME_FEATURES, 'runtime'),
};

function apply(request: MkfsRequest, name: string, value: string): void {
  const flag = FLAGS[name];
  if (flag !== undefined) {
    flag(request);
    return;
  }
  const taken = VALUES[name];
  if (taken === undefined) throw new NotModelled(`mkfs.btrfs --${name}`);
  taken(request, value);
}

function profile(what: string, text: string): Profile {
  const name = text.toLowerCase();
  if (!(name in PROFILES)) throw new MkfsError(`unknown ${what} profile ${text}`);
  return name as Profile;
}

function csumType(text: string): CsumType {
  const name = text.toLowerCase();
  const full = { xxhash: 'xxhash64', blake2: 'blake2b' }[name] ?? name;
  if (csumTypeNumber(full as CsumType) < 0) throw new MkfsError(`unknown csum type ${text}`);
  return full as CsumType;
}

/** A comma list of names, each with `^` before it to turn it off; those before an unknown one have taken effect. */
function features(
  request: MkfsRequest,
  list: string,
  known: readonly Feature[],
  kind: string,
): void {
  for (const word of list.split(',').filter((text) => text !== '')) {
    const off = word.startsWith('^');
    const feature = known.find(({ name }) => name === (off ? word.slice(1) : word));
    if (word === 'list-all') throw new NotModelled('mkfs.btrfs -O list-all');
    if (feature === undefined) throw new MkfsError(`unrecognized ${kind} feature '${word}'`);
    const { incompat = 0n, compatRo = 0n } = feature;
    request.incompat = off ? request.incompat & ~incompat : request.incompat | incompat;
    request.compatRo = off ? request.compatRo & ~compatRo : request.compatRo | compatRo;
    if (feature.quota === true) request.quota = !off;
  }
}

/** parse_size_from_string(): a number and at most one letter of b, k, m, g, t, p, e. */
function parseSize(text: string): number {
  if (text.startsWith('-')) throw new MkfsError(`size value '${text}' is less equal than 0`);
  const match = /^\s*\+?([0-9]+)(.?)(.*)$/s.exec(text);
  if (match === null) throw new MkfsError(`size value '${text}' is invalid`);
  const [, digits = '', letter = '', rest = ''] = match;
  if (rest !== '') {
    throw new MkfsError(`illegal suffix contains character '${rest[0]}' in wrong position`);
  }
  const power = letter === '' ? 0 : 'bkmgtpe'.indexOf(letter.toLowerCase());
  if (power < 0) throw new MkfsError(`unknown size descriptor '${letter}'`);
  const size = Number(digits) * 1024 ** power;
  if (size >= 2 ** 64) throw new MkfsError(`size value '${text}' is too large for u64`);
  return size;
}

function checkSectorsize(process: Process, size: number): void {
  // A power of two has no bit in common with its predecessor.
  if (size > 2 ** 31 || (size & (size - 1)) !== 0) {
    throw new MkfsError(`invalid sectorsize ${size}, must be power of 2`);
  }
  if (size < MIN_SECTORSIZE || size > MAX_SECTORSIZE) {
    throw new MkfsError(`invalid sectorsize ${size}, expected range is [4K, 64K]`);
  }
  if (size !== PAGE_BYTES) {
    process.stderr.write(
      `WARNING: the filesystem may not be mountable, sectorsize ${size} doesn't match page size ${PAGE_BYTES}\n`,
    );
  }
}
