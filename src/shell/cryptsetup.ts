/**
 * cryptsetup of Debian 12 (2.6.1): `open --type plain`, `close` and `status`. Defaults, messages and exit codes are those
 * of the real tool, run on a real kernel. Its usage text is left out; LUKS and the other types are not modelled.
 */

import { bytesToHex } from '@noble/hashes/utils.js';
import { O } from '../fs/inode.ts';
import { errno, strerror } from '../kernel/errno.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import { isPowerOfTwo, SECTOR_BYTES } from '../kernel/units.ts';
import type { Task } from '../sim/task.ts';
import { makeKey } from './cryptsetup-key.ts';
import { getopt, type OptionSpec } from './getopt.ts';
import { programName } from './messages.ts';
import type { Process } from './program.ts';

/** The defaults the tool was compiled with, as its `--help` prints them. */
const PLAIN_CIPHER = 'aes-cbc-essiv:sha256';
const PLAIN_HASH = 'ripemd160';
const PLAIN_KEY_BITS = 256;

const text = (long: string, short?: string): OptionSpec =>
  short === undefined ? { long, argument: 'required' } : { long, short, argument: 'required' };

/** Flags that go to the kernel as feature arguments, in the order the tool writes them. */
const FEATURES: readonly [string, string][] = [
  ['allow-discards', 'allow_discards'],
  ['perf-same_cpu_crypt', 'same_cpu_crypt'],
  ['perf-submit_from_crypt_cpus', 'submit_from_crypt_cpus'],
  ['perf-no_read_workqueue', 'no_read_workqueue'],
  ['perf-no_write_workqueue', 'no_write_workqueue'],
];

const OPTIONS: readonly OptionSpec[] = [
  text('type', 'M'),
  text('cipher', 'c'),
  text('key-size', 's'),
  text('hash', 'h'),
  text('key-file', 'd'),
  text('keyfile-offset'),
  text('keyfile-size', 'l'),
  text('offset', 'o'),
  text('skip', 'p'),
  text('size', 'b'),
  text('sector-size'),
  { long: 'iv-large-sectors' },
  { long: 'readonly', short: 'r' },
  { long: 'shared' },
  { long: 'batch-mode', short: 'q' },
  { long: 'verbose', short: 'v' },
  { long: 'version', short: 'V' },
  ...FEATURES.map(([long]) => ({ long })),
];

const NUMBERS = [
  'key-size',
  'keyfile-offset',
  'keyfile-size',
  'offset',
  'skip',
  'size',
  'sector-size',
];

/** Exit codes of the tool: 1 wrong parameters, 4 wrong device, 5 exists or busy. */
const EXIT = { ok: 0, bad: 1, device: 4, busy: 5 } as const;

interface Context {
  readonly process: Process;
  readonly has: (name: string) => boolean;
  readonly value: (name: string) => string | null;
  /** An option that is a number, as unsigned 64 bits. */
  readonly number: (name: string) => bigint;
}

export function* cryptsetup(process: Process): Task<number> {
  const parsed = getopt(process.argv, OPTIONS);
  if (!parsed.ok) {
    process.stderr.write(`${inPoptsWords(parsed.message)}\n`);
    return EXIT.bad;
  }
  const { options } = parsed;
  const value = (name: string): string | null =>
    options.findLast((given) => given.name === name)?.value ?? null;
  const context: Context = {
    process,
    has: (name) => options.some((given) => given.name === name),
    value,
    number: (name) => BigInt.asUintN(64, BigInt(value(name) ?? 0)),
  };
  if (context.has('version')) {
    process.stdout.write('cryptsetup 2.6.1 flags: UDEV BLKID KEYRING KERNEL_CAPI \n');
    return EXIT.ok;
  }
  for (const name of NUMBERS) {
    if (!/^-?\d+$/.test(value(name) ?? '0')) return wrongUse(process, 'invalid numeric value');
  }
  const exit = yield* act(context, parsed.operands);
  if (context.has('verbose')) process.stdout.write(outcome(exit));
  return exit;
}

/** popt's words for what glibc's getopt would say. */
function inPoptsWords(message: string): string {
  const long = /^(?:unrecognized option|option) '(--[^']*)'( requires)?/.exec(message);
  const short = /^(?:invalid option|option requires an argument) -- '(.)'$/.exec(message);
  if (long !== null)
    return `${long[1]}: ${long[2] === undefined ? 'unknown option' : 'missing argument'}`;
  if (short === null) return message;
  return `-${short[1]}: ${message.startsWith('invalid') ? 'unknown option' : 'missing argument'}`;
}

function outcome(exit: number): string {
  if (exit === EXIT.ok) return 'Command successful.\n';
  const [code, why] =
    exit === EXIT.device
      ? [-4, 'wrong device or file specified']
      : exit === EXIT.busy
        ? [-5, 'device already exists or device is busy']
        : [-1, 'wrong or missing parameters'];
  return `Command failed with code ${code} (${why}).\n`;
}

/** A command line that makes no sense; the real tool prints its usage before this. */
function wrongUse(process: Process, message: string): number {
  process.stderr.write(`${programName(process)}: ${message}\n`);
  return EXIT.bad;
}

function complain(context: Context, message: string, exit: number = EXIT.bad): number {
  context.process.stderr.write(`${message}\n`);
  return exit;
}

const OTHER_TYPES = /^(?:luks[12]?|loopaes|tcrypt|bitlk|fvault2)$/i;

function* act(context: Context, words: readonly string[]): Task<number> {
  const { process } = context;
  const [action, first, second] = words;
  switch (action) {
    case undefined:
      return wrongUse(process, 'Argument <action> missing.');
    case 'open':
    case 'plainOpen':
    case 'create': {
      const type = action === 'open' ? (context.value('type') ?? 'luks') : 'plain';
      if (OTHER_TYPES.test(type))
        throw new NotModelled(`cryptsetup open --type ${type}`, 'plain is');
      if (type !== 'plain') return complain(context, `Unrecognized metadata device type ${type}.`);
      // The old syntax has the name first.
      const [device, name] = action === 'create' ? [second, first] : [first, second];
      if (first === undefined) {
        return wrongUse(process, 'open: requires <device> [--type <type>] [<name>] as arguments');
      }
      if (device === undefined || name === undefined) {
        return complain(context, 'Command requires device and mapped name as arguments.');
      }
      return yield* openPlain(context, device, name);
    }
    case 'close':
    case 'remove':
    case 'plainClose':
      return first === undefined
        ? wrongUse(process, 'close: requires <name> as arguments')
        : close(context, first);
    case 'status':
      return first === undefined
        ? wrongUse(process, 'status: requires <name> as arguments')
        : status(context, first);
    default:
      if (KNOWN_ACTIONS.has(action)) {
        throw new NotModelled(`cryptsetup ${action}`, 'open --type plain, close and status are');
      }
      return wrongUse(process, 'Unknown action.');
  }
}

const KNOWN_ACTIONS = new Set(
  'resize benchmark repair reencrypt erase convert config luksFormat luksOpen luksClose luksAddKey luksRemoveKey luksChangeKey luksConvertKey luksKillSlot luksUUID isLuks luksDump luksSuspend luksResume luksHeaderBackup luksHeaderRestore token tcryptDump bitlkDump fvault2Dump'.split(
    ' ',
  ),
);

function checkNumbers({ process, has, number, value }: Context): number | null {
  const sectorSize = Number(number('sector-size'));
  const given = value('sector-size') !== null;
  if (given && (sectorSize < SECTOR_BYTES || sectorSize > 4096 || !isPowerOfTwo(sectorSize))) {
    return wrongUse(process, 'Unsupported encryption sector size.');
  }
  if (has('iv-large-sectors') && sectorSize <= SECTOR_BYTES) {
    return wrongUse(
      process,
      'Large IV sectors option is supported only for opening plain type device with sector size larger than 512 bytes.',
    );
  }
  if (number('key-size') % 8n !== 0n) {
    return wrongUse(process, 'Key size must be a multiple of 8 bits');
  }
  return null;
}

/** `CIPHER`, `CIPHER-MODE` or a capi name, as the table gets it (crypt_parse_name_and_mode()). */
function tableCipher(word: string): string {
  if (word.startsWith('capi:')) return word;
  const dash = word.indexOf('-');
  const cipher = dash < 0 ? word : word.slice(0, dash);
  const mode = dash < 0 ? '' : word.slice(dash + 1);
  if (cipher === 'null' || cipher === 'cipher_null') return 'cipher_null-ecb';
  return `${cipher}-${mode === '' || mode === 'plain' ? 'cbc-plain' : mode}`;
}

function* openPlain(context: Context, path: string, name: string): Task<number> {
  const bad = checkNumbers(context);
  if (bad !== null) return bad;
  const { process, has, number, value } = context;
  const { dm } = process.system;
  const hashIgnored = value('key-file') !== null && value('key-file') !== '-';
  if (hashIgnored && value('hash') !== null) {
    complain(
      context,
      'WARNING: The --hash parameter is being ignored in plain mode with keyfile specified.',
    );
  }
  if (hashIgnored && value('keyfile-size') !== null) {
    complain(
      context,
      'WARNING: The --keyfile-size option is being ignored, the read size is the same as the encryption key size.',
    );
  }
  const device = yield* look(process, path, false);
  if (device === null) {
    return complain(context, `Device ${path} does not exist or access denied.`, EXIT.device);
  }
  const area = areaOf(context, path, device.sectors);
  if (typeof area === 'string') return complain(context, area);
  const cipher = tableCipher(value('cipher') ?? PLAIN_CIPHER);
  const bits = Number(number('key-size')) || PLAIN_KEY_BITS;
  const key = yield* makeKey(process, {
    keyBytes: cipher === 'cipher_null-ecb' ? 0 : bits / 8,
    hash: value('hash') ?? PLAIN_HASH,
    file: value('key-file'),
    fileOffset: Number(number('keyfile-offset')),
  });
  if (typeof key === 'string') return complain(context, key);
  if (name.includes('/')) return complain(context, `Name "${name}" invalid. It contains "/".`);
  if (typeof dm.info(name) !== 'number') {
    return complain(context, `Device ${name} already exists.`, EXIT.busy);
  }
  if (!has('shared') && (yield* look(process, path, true)) === null) {
    const inUse = `Cannot use device ${path} which is in use (already mapped or mounted).`;
    return complain(context, inUse, EXIT.busy);
  }
  const keyText = key.length === 0 ? '-' : bytesToHex(key);
  const line = `0 ${area.sectors} crypt ${cipher} ${keyText} ${number('skip')} ${device.number} ${area.offset}${features(context)}`;
  return load(context, name, line);
}

/** The feature arguments with their count before them; empty when there are none. */
function features({ has, number }: Context): string {
  const words = FEATURES.filter(([option]) => has(option)).map(([, word]) => word);
  const sectorSize = Number(number('sector-size'));
  if (sectorSize > SECTOR_BYTES) words.push(`sector_size:${sectorSize}`);
  if (has('iv-large-sectors')) words.push('iv_large_sectors');
  return words.length === 0 ? '' : ` ${words.length} ${words.join(' ')}`;
}

interface Found {
  /** `MAJOR:MINOR`. */
  readonly number: string;
  readonly sectors: number;
}

/** The block device; null when it cannot be opened (exclusively, to see that nobody else has it). */
function* look(process: Process, path: string, exclusive: boolean): Task<Found | null> {
  const { sys } = process.system;
  const fd = yield* sys.open(process, path, exclusive ? O.RDONLY | O.EXCL : O.RDONLY);
  if (fd < 0) return null;
  const stat = yield* sys.fstat(process, fd);
  const bytes = yield* sys.lseek(process, fd, 0, 'end');
  yield* sys.close(process, fd);
  if (typeof stat === 'number' || stat.rdev === undefined || bytes < 0) return null;
  return { number: `${stat.rdev.major}:${stat.rdev.minor}`, sectors: bytes / SECTOR_BYTES };
}

/** What of the device is mapped, in sectors; or the complaint (device_block_adjust()). */
function areaOf(
  { number, value }: Context,
  path: string,
  sectors: number,
): { offset: number; sectors: number } | string {
  const offset = number('offset');
  if (offset >= BigInt(sectors)) {
    return `Requested offset is beyond real size of device ${path}.`;
  }
  const rest = sectors - Number(offset);
  const asked = value('size') === null || number('size') === 0n ? BigInt(rest) : number('size');
  if (asked > BigInt(rest)) return `Device ${path} is too small.`;
  const unit = Math.max(Number(number('sector-size')), SECTOR_BYTES) / SECTOR_BYTES;
  if (value('size') === null && rest % unit !== 0) {
    return 'Device size is not aligned to requested sector size.';
  }
  return { offset: Number(offset), sectors: Number(asked) };
}

function load(context: Context, name: string, line: string): number {
  const { dm } = context.process.system;
  const made = dm.create(name, `CRYPT-PLAIN-${name}`);
  if (made < 0) return refused(context, 'create', name, made);
  const info = dm.info(name);
  const numbers = typeof info === 'number' ? '' : `(${info.major}:${info.minor})`;
  const loaded = dm.load(name, [line], context.has('readonly'));
  const result = loaded < 0 ? loaded : dm.resume(name);
  if (result >= 0) return EXIT.ok;
  const exit = refused(context, loaded < 0 ? 'reload' : 'resume', `${name} ${numbers}`, result);
  dm.remove(name);
  return exit;
}

function refused(context: Context, ioctl: string, what: string, result: number): number {
  const line = `device-mapper: ${ioctl} ioctl on ${what} failed: ${strerror(result)}`;
  return complain(context, line, EXIT.device);
}

/** libdm tries a removal again and again while the device is busy. */
const REMOVE_TRIES = 25;

function close(context: Context, name: string): number {
  const { dm } = context.process.system;
  if (typeof dm.info(name) === 'number') {
    return complain(context, `Device ${name} is not active.`, EXIT.device);
  }
  const result = dm.remove(name);
  if (result >= 0) return EXIT.ok;
  const line = `device-mapper: remove ioctl on ${name}  failed: ${strerror(result)}`;
  for (let i = 0; i < (result === -errno.EBUSY ? REMOVE_TRIES : 1); i += 1) complain(context, line);
  return complain(context, `Device ${name} is still in use.`, EXIT.busy);
}

function status({ process }: Context, name: string): number {
  const { dm, block } = process.system;
  const lines = dm.table(name);
  const info = dm.info(name);
  if (typeof lines === 'number' || typeof info === 'number') {
    process.stdout.write(`/dev/mapper/${name} is inactive.\n`);
    return EXIT.device;
  }
  const use = info.openCount > 0 ? ' and is in use' : '';
  process.stdout.write(`/dev/mapper/${name} is active${use}.\n`);
  const line = lines[0];
  if (lines.length !== 1 || line === undefined || line.target !== 'crypt') return EXIT.ok;
  const [cipher, key, skip, number, offset, , ...words] = line.params.split(' ');
  const [major, minor] = number!.split(':').map(Number);
  const keyring = /^:(\d+):/.exec(key!);
  const bits = key === '-' ? 0 : keyring === null ? key!.length * 4 : Number(keyring[1]) * 8;
  const size = words.find((word) => word.startsWith('sector_size:'))?.slice('sector_size:'.length);
  const rows = [
    ['type', '    PLAIN'],
    ['cipher', `  ${cipher}`],
    ['keysize', ` ${bits} bits`],
    ['key location', ` ${keyring === null ? 'dm-crypt' : 'keyring'}`],
    ['device', `  /dev/${block.byNumber(major!, minor!)?.name ?? number}`],
    ['sector size', `  ${size ?? SECTOR_BYTES}`],
    ['offset', `  ${offset} sectors`],
    ['size', `    ${line.sectors} sectors`],
    ...(skip === '0' ? [] : [['skipped', ` ${skip} sectors`]]),
    ['mode', `    ${info.readOnly ? 'readonly' : 'read/write'}`],
  ];
  process.stdout.write(rows.map(([label, shown]) => `  ${label}:${shown}\n`).join(''));
  return EXIT.ok;
}
