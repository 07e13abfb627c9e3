/**
 * keyctl of Debian 12 (keyutils 1.6.3, keyctl.c): puts keys into the kernel's keyring, where a dm-crypt table finds them
 * by `:SIZE:TYPE:DESCRIPTION`. One user's keyring; keyrings inside keyrings, other users and permissions are left out. Of
 * its usage text only the commands there are.
 */

import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { type KernelKey, type KernelKeyring, SPECIAL_RINGS } from '../dm/keyring.ts';
import { errno, strerror } from '../kernel/errno.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import type { Task } from '../sim/task.ts';
import type { Process } from './program.ts';

interface Command {
  readonly usage: string;
  readonly least: number;
  readonly most: number;
  readonly run: (process: Process, args: readonly string[], keys: KernelKeyring) => number;
}

const EXIT_USAGE = 2;
/** What a key somebody at the keyboard adds lets its possessor do; a logon key cannot be read. */
const RIGHTS: Readonly<Record<string, string>> = { user: 'alswrv', logon: 'alsw-v' };
const PAYLOAD_LINE_BYTES = 32;

function complain(process: Process, call: string, error: number): number {
  process.stderr.write(`${call}: ${strerror(error)}\n`);
  return 1;
}

/** A keyring as the command line names it; null after a complaint. */
function ringOf(process: Process, word: string): number | null {
  const special = SPECIAL_RINGS.get(word);
  if (special !== undefined) return special;
  if (word === '@g' || word === '@a') throw new NotModelled(`keyring "${word}"`, 'use @u');
  if (word.startsWith('@')) {
    process.stderr.write(`Unknown special key: '${word}'\n`);
    return null;
  }
  return serialOf(process, word);
}

/** A key by its number; `%TYPE:NAME` searches. Null after a complaint. */
function serialOf(process: Process, word: string): number | null {
  const named = /^%([^:]*):(.*)$/.exec(word);
  if (named !== null) {
    const found = process.system.keys.search(named[1] === '' ? 'keyring' : named[1]!, named[2]!);
    if (typeof found !== 'string') return found.serial;
    process.stderr.write(`Can't find '${named[1]}:${named[2]}'\n`);
    return null;
  }
  const number = /^[+-]?(0x[0-9a-f]+|\d+)$/i.test(word) ? Number(word) : Number.NaN;
  if (Number.isInteger(number)) return number;
  process.stderr.write(`Unparsable key: '${word}'\n`);
  return null;
}

/** `keyctl add [-x] TYPE NAME DATA RING`, or without DATA, which then comes from standard input. */
function adding(fromInput: boolean): Command['run'] {
  return (process, args, keys) => {
    const hex = args[0] === '-x';
    const words = hex ? args.slice(1) : args;
    if (words.length !== (fromInput ? 3 : 4)) return usage(process, [fromInput ? PADD : ADD]);
    const data = fromInput ? process.stdin : words[2]!;
    const ring = ringOf(process, words[words.length - 1]!);
    if (ring === null) return EXIT_USAGE;
    const payload = hex ? unhex(data) : utf8ToBytes(data);
    if (typeof payload === 'string') {
      process.stderr.write(`${payload}\n`);
      return 1;
    }
    const serial = keys.add(words[0]!, words[1]!, payload, ring);
    if (serial < 0) return complain(process, 'add_key', serial);
    process.stdout.write(`${serial}\n`);
    return 0;
  };
}

/** The bytes, or keyctl's complaint. */
function unhex(text: string): Uint8Array | string {
  const digits = text.replace(/\s/g, '');
  if (/[^0-9a-fA-F]/.test(digits)) return 'Bad hex doublet';
  return digits.length % 2 === 1 ? 'Short hex doublet' : hexToBytes(digits);
}

const ADD: Command = {
  usage: 'add [-x] <type> <desc> <data> <keyring>',
  least: 4,
  most: 5,
  run: adding(false),
};

const PADD: Command = {
  usage: 'padd [-x] <type> <desc> <keyring>',
  least: 3,
  most: 4,
  run: adding(true),
};

/** `act` on the key whose number the first word gives. */
function onKey(call: string, act: (keys: KernelKeyring, serial: number) => number): Command['run'] {
  return (process, args, keys) => {
    const serial = serialOf(process, args[0]!);
    if (serial === null) return EXIT_USAGE;
    const result = act(keys, serial);
    return result < 0 ? complain(process, call, result) : 0;
  };
}

/** The payload of the first word's key as `show` writes it. */
function reading(show: (payload: Uint8Array) => string | Uint8Array): Command['run'] {
  return (process, args, keys) => {
    const serial = serialOf(process, args[0]!);
    if (serial === null) return EXIT_USAGE;
    const key = keys.get(serial);
    if (typeof key === 'string') return complain(process, 'keyctl_read_alloc', -errno[key]);
    // A logon key is for the kernel alone.
    if (key.type === 'logon') return complain(process, 'keyctl_read_alloc', -errno.EOPNOTSUPP);
    process.stdout.write(show(key.payload));
    return 0;
  };
}

function isPrintable(payload: Uint8Array): boolean {
  return payload.every((byte) => byte >= 0x20 && byte < 0x7f);
}

function asText(payload: Uint8Array): string {
  return String.fromCharCode(...payload);
}

/** A line of `keyctl list`. */
function listed(keys: KernelKeyring, key: KernelKey): string {
  const bad = keys.validate(key);
  if (bad !== null) return `${key.serial}: key inaccessible (${strerror(-errno[bad])})\n`;
  return row(key, `--${RIGHTS[key.type]}`);
}

function row({ serial, type, description }: KernelKey, rights: string): string {
  return `${serial.toString().padStart(9)}: ${rights}     0     0 ${type}: ${description}\n`;
}

function describe(process: Process, args: readonly string[], keys: KernelKeyring): number {
  const serial = serialOf(process, args[0]!);
  if (serial === null) return EXIT_USAGE;
  const key = keys.get(serial);
  if (typeof key === 'string') return complain(process, 'keyctl_describe_alloc', -errno[key]);
  process.stdout.write(row(key, `${RIGHTS[key.type]}-----v------------`));
  return 0;
}

function readAsHex(payload: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < payload.length; at += PAYLOAD_LINE_BYTES) {
    const words = bytesToHex(payload.subarray(at, at + PAYLOAD_LINE_BYTES)).match(/.{1,8}/g) ?? [];
    lines.push(`${words.join(' ')}\n`);
  }
  return `${payload.length} bytes of data in key:\n${lines.join('')}`;
}

const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['add', ADD],
  ['padd', PADD],
  [
    'search',
    {
      usage: 'search <keyring> <type> <desc> [<dest_keyring>]',
      least: 3,
      most: 4,
      run: (process, args, keys) => {
        if (ringOf(process, args[0]!) === null) return EXIT_USAGE;
        const found = keys.search(args[1]!, args[2]!);
        if (typeof found === 'string') return complain(process, 'keyctl_search', -errno[found]);
        process.stdout.write(`${found.serial}\n`);
        return 0;
      },
    },
  ],
  [
    'print',
    {
      usage: 'print <key>',
      least: 1,
      most: 1,
      run: reading((payload) =>
        isPrintable(payload) ? `${asText(payload)}\n` : `:hex:${bytesToHex(payload)}\n`,
      ),
    },
  ],
  ['describe', { usage: 'describe <key>', least: 1, most: 1, run: describe }],
  ['pipe', { usage: 'pipe <key>', least: 1, most: 1, run: reading((payload) => payload) }],
  ['read', { usage: 'read <key>', least: 1, most: 1, run: reading(readAsHex) }],
  [
    'revoke',
    {
      usage: 'revoke <key>',
      least: 1,
      most: 1,
      run: onKey('keyctl_revoke', (keys, serial) => keys.revoke(serial)),
    },
  ],
  [
    'invalidate',
    {
      usage: 'invalidate <key>',
      least: 1,
      most: 1,
      run: onKey('keyctl_invalidate', (keys, serial) => keys.remove(serial)),
    },
  ],
  [
    'unlink',
    {
      usage: 'unlink <key> [<keyring>]',
      least: 1,
      most: 2,
      run: (process, args, keys) => {
        const serial = serialOf(process, args[0]!);
        if (serial === null) return EXIT_USAGE;
        if (args.length === 2 && ringOf(process, args[1]!) === null) return EXIT_USAGE;
        const result = keys.remove(serial);
        // Without a keyring all there are get looked through, and how many had it is told.
        if (args.length === 1) process.stdout.write(`${result < 0 ? 0 : 1} links removed\n`);
        else if (result < 0) return complain(process, 'keyctl_unlink', result);
        return 0;
      },
    },
  ],
  [
    'timeout',
    {
      usage: 'timeout <key> <timeout>',
      least: 2,
      most: 2,
      run: (process, args, keys) => {
        const serial = serialOf(process, args[0]!);
        if (serial === null) return EXIT_USAGE;
        if (!/^\d+$/.test(args[1]!)) {
          process.stderr.write(`Unparsable timeout: '${args[1]}'\n`);
          return EXIT_USAGE;
        }
        const result = keys.timeout(serial, Number(args[1]));
        return result < 0 ? complain(process, 'keyctl_set_timeout', result) : 0;
      },
    },
  ],
  [
    'clear',
    {
      usage: 'clear <keyring>',
      least: 1,
      most: 1,
      run: (process, args, keys) => {
        if (ringOf(process, args[0]!) === null) return EXIT_USAGE;
        keys.clear();
        return 0;
      },
    },
  ],
  [
    'list',
    {
      usage: 'list <keyring>',
      least: 1,
      most: 1,
      run: (process, args, keys) => {
        if (ringOf(process, args[0]!) === null) return EXIT_USAGE;
        const all = keys.list();
        const count = all.length;
        const head =
          count === 0 ? 'keyring is empty' : `${count} key${count === 1 ? '' : 's'} in keyring:`;
        process.stdout.write(`${head}\n${all.map((key) => listed(keys, key)).join('')}`);
        return 0;
      },
    },
  ],
]);

const LEFT_OUT = new Set([
  'show',
  'rlist',
  'rdescribe',
  'id',
  'request',
  'request2',
  'prequest2',
  'update',
  'pupdate',
  'newring',
  'link',
  'movelink',
  'move',
  'purge',
  'reap',
  'session',
  'new_session',
  'instantiate',
  'pinstantiate',
  'negate',
  'reject',
  'security',
  'get_persistent',
  'restrict_keyring',
  'chown',
  'chgrp',
  'setperm',
  'supports',
]);

export function* keyctl(process: Process): Task<number> {
  const [, name, ...args] = process.argv;
  const command = name === undefined ? undefined : COMMANDS.get(name);
  if (name !== undefined && LEFT_OUT.has(name)) {
    throw new NotModelled(`keyctl ${name}`, `there are ${[...COMMANDS.keys()].join(', ')}`);
  }
  if (name === undefined) return usage(process, [...COMMANDS.values()]);
  if (command === undefined) {
    process.stderr.write('Unknown command\n');
    return EXIT_USAGE;
  }
  const enough = args.length >= command.least && args.length <= command.most;
  if (!enough) return usage(process, [command]);
  return command.run(process, args, process.system.keys);
}

function usage(process: Process, commands: readonly Command[]): number {
  const lines = commands.map((command) => `  keyctl ${command.usage}\n`);
  process.stderr.write(`Format:\n${lines.join('')}`);
  return EXIT_USAGE;
}
