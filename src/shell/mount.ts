/**
 * mount of util-linux 2.38.1 (sys-utils/mount.c over libmount/src/context_mount.c): which calls it makes, what it retries,
 * and what it says when the kernel refuses. Its exit code for that is 32 (MNT_EX_FAIL).
 */

import { S } from '../fs/inode.ts';
import { errno, strerror } from '../kernel/errno.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import type { Task } from '../sim/task.ts';
import type { OptionSpec } from './getopt.ts';
import { diagnose, optionsOf, usageError } from './messages.ts';
import {
  canonicalSource,
  isType,
  type MountLine,
  mountLines,
  readText,
  realPath,
} from './paths.ts';
import { probeType } from './probe.ts';
import type { Process } from './program.ts';

const OPTIONS: readonly OptionSpec[] = [
  { short: 't', long: 'types', argument: 'required' },
  { short: 'o', long: 'options', argument: 'required' },
  { short: 'r', long: 'read-only' },
  { short: 'w', long: 'rw' },
  { short: 'v', long: 'verbose' },
  { short: 'n', long: 'no-mtab' },
  { short: 'a', long: 'all' },
  { short: 'f', long: 'fake' },
  { short: 'B', long: 'bind' },
  { short: 'M', long: 'move' },
  { short: 'R', long: 'rbind' },
  { short: 'L', long: 'label', argument: 'required' },
  { short: 'U', long: 'uuid', argument: 'required' },
];

const NOT_MODELLED = ['all', 'bind', 'move', 'rbind', 'label', 'uuid'];
const NOT_MODELLED_OPTIONS = new Set(
  'bind rbind move loop sync dirsync mand strictatime lazytime private shared slave'.split(' '),
);
/** Flags of the VFS that change nothing here; they do not reach the file system's own options. */
const IGNORED_OPTIONS = new Set(
  'defaults auto noauto user nouser users nofail atime noatime diratime nodiratime relatime norelatime dev nodev suid nosuid exec noexec async silent loud nomand nolazytime'.split(
    ' ',
  ),
);

const EXIT_USAGE = 1;
const EXIT_FAIL = 32;

/** What the options text comes to. */
interface MountOptions {
  readOnly: boolean;
  remount: boolean;
  /** What is left for the file system. */
  data: string[];
}

/** One call of mount(2), and what the user said about it. */
interface Call {
  readonly source: string;
  readonly target: string;
  /** `auto`: find out. */
  readonly type: string;
  readonly options: MountOptions;
  /** Given with -w: a read-only device is then an error instead of a read-only mount. */
  readonly writeOnly: boolean;
  readonly verbose: boolean;
}

export function* mount(process: Process): Task<number> {
  const parsed = optionsOf(process, OPTIONS);
  if (typeof parsed === 'number') return parsed;
  const { options, operands } = parsed;
  const given = new Map(options.map((option) => [option.name, option.value]));
  const left = NOT_MODELLED.find((name) => given.has(name));
  if (left !== undefined) throw new NotModelled(`mount --${left}`, 'give device and directory');
  const type = given.get('types') ?? 'auto';
  if (operands.length === 0) return yield* list(process, given.get('types') ?? null);
  if (operands.length > 2) return usageError(process, 'bad usage', EXIT_USAGE);
  const texts = options.filter(({ name }) => name === 'options').map(({ value }) => value!);
  if (given.has('read-only')) texts.push('ro');
  if (given.has('rw')) texts.push('rw');
  const asked = parseOptions(texts.join(','));
  if (given.has('fake')) return 0;

  const lines = yield* mountLines(process);
  let sourceText = operands[0]!;
  let targetText = operands[1];
  let mountOptions = asked;
  if (targetText === undefined) {
    targetText = sourceText;
    const target = (yield* realPath(process, targetText)) ?? targetText;
    const mounted = lines.findLast((line) => line.target === target || line.source === target);
    if (!asked.remount) {
      diagnose(process, `${targetText}: can't find in /etc/fstab.`);
      return EXIT_USAGE;
    }
    if (mounted !== undefined) {
      // What is mounted already says its options first; the kernel gets both (MNT_OMODE_PREPEND).
      mountOptions = parseOptions([mounted.options, ...texts].join(','));
      sourceText = mounted.source;
      targetText = mounted.target;
    } else sourceText = 'none';
  }
  if (/^(?:PART)?(?:LABEL|UUID)=|^ID=/.test(sourceText)) {
    throw new NotModelled(`mount ${sourceText.replace(/=.*/, '=')}`, 'name the device');
  }
  const source = yield* canonicalSource(process, sourceText);
  const target = (yield* realPath(process, targetText)) ?? targetText;
  return yield* attempt(process, {
    source,
    target,
    type,
    options: mountOptions,
    writeOnly: given.has('rw'),
    verbose: given.has('verbose'),
  });
}

/** `mount` alone prints what is mounted; with -t only those types. */
function* list(process: Process, types: string | null): Task<number> {
  const negated = types?.startsWith('no') === true;
  const wanted = types?.replace(/^no/, '').split(',') ?? [];
  for (const line of yield* mountLines(process)) {
    if (types !== null && wanted.includes(line.type) === negated) continue;
    process.stdout.write(`${line.source} on ${line.target} type ${line.type} (${line.options})\n`);
  }
  return 0;
}

function parseOptions(text: string): MountOptions {
  const out: MountOptions = { readOnly: false, remount: false, data: [] };
  for (const option of text.split(',')) {
    const name = option.replace(/=.*$/s, '');
    if (option === '' || IGNORED_OPTIONS.has(option) || /^[xX]-/.test(option)) continue;
    if (NOT_MODELLED_OPTIONS.has(name)) {
      throw new NotModelled(`mount -o ${name}`, "only ro, rw, remount and the file system's own");
    }
    if (option === 'ro' || option === 'rw') out.readOnly = option === 'ro';
    else if (option === 'remount') out.remount = true;
    else out.data.push(option);
  }
  return out;
}

/** Mounts; a device that cannot be written is tried again read-only, unless -w was given. */
function* attempt(process: Process, call: Call): Task<number> {
  let result = yield* mountOnce(process, call);
  const { options } = call;
  const protectedSource =
    result.error === -errno.EROFS ||
    result.error === -errno.EACCES ||
    (result.error === -errno.EBUSY && (yield* mountedReadOnly(process, call.source)));
  if (protectedSource && !options.readOnly && !options.remount && !call.writeOnly) {
    const again = { ...call, options: { ...options, readOnly: true } };
    result = yield* mountOnce(process, again);
    if (result.error >= 0) {
      const text = 'WARNING: source write-protected, mounted read-only.';
      diagnose(process, `${call.target}: ${text}`);
    }
  }
  if (result.error >= 0) {
    if (call.verbose) process.stdout.write(`mount: ${call.source} mounted on ${call.target}.\n`);
    return 0;
  }
  diagnose(process, `${call.target}: ${yield* explain(process, call, result)}.`);
  process.stderr.write(
    '       dmesg(1) may have more information after failed mount system call.\n',
  );
  return EXIT_FAIL;
}

interface MountTry {
  /** 0 or a negative errno. */
  readonly error: number;
  /** The type the kernel was asked for; null when each it knows was tried. */
  readonly type: string | null;
}

function* mountOnce(process: Process, call: Call): Task<MountTry> {
  const { sys } = process.system;
  const { options } = call;
  const data = options.data.join(',');
  const flags = { readOnly: options.readOnly, remount: options.remount };
  const named = call.type !== 'auto' && !call.type.includes(',');
  let type: string | null = named ? call.type : null;
  if (!named && !call.type.includes(',') && !options.remount) {
    type = yield* probeType(process, call.source);
  }
  if (type !== null || options.remount) {
    const error = yield* sys.mount(process, call.source, call.target, type ?? 'none', flags, data);
    return { error, type };
  }
  // Nothing recognised: every type the kernel knows, or every one listed, until one does not say EINVAL or ENODEV.
  const types = call.type === 'auto' ? yield* kernelTypes(process) : call.type.split(',');
  let error = -errno.EINVAL;
  for (const each of types) {
    error = yield* sys.mount(process, call.source, call.target, each, flags, data);
    if (error !== -errno.EINVAL && error !== -errno.ENODEV) break;
  }
  return { error, type: null };
}

function* kernelTypes(process: Process): Task<string[]> {
  const text = (yield* readText(process, '/proc/filesystems')) ?? '';
  return text
    .split('\n')
    .filter((line) => line.startsWith('\t'))
    .map((line) => line.trim());
}

function* mountedReadOnly(process: Process, source: string): Task<boolean> {
  const lines = yield* mountLines(process);
  return lines.some((line) => line.source === source && line.options.split(',').includes('ro'));
}

/** mnt_context_get_mount_excode(): a sentence for the errno, after looking at source and target. */
function* explain(process: Process, call: Call, result: MountTry): Task<string> {
  const { source, target, options } = call;
  const { sys } = process.system;
  const targetStat = yield* sys.stat(process, target);
  const sourceStat = yield* sys.stat(process, source);
  const sourceMissing = `special device ${source} does not exist`;
  switch (-result.error) {
    case errno.EPERM:
      return 'permission denied';
    case errno.EBUSY:
      if (options.remount) return 'mount point is busy';
      return alreadyMounted(yield* mountLines(process), source);
    case errno.ENOENT:
      if (typeof targetStat === 'number') return 'mount point does not exist';
      if (typeof sourceStat === 'number') return sourceMissing;
      break;
    case errno.ENOTDIR:
      if (typeof targetStat === 'number' || !isType(targetStat, S.IFDIR)) {
        return 'mount point is not a directory';
      }
      if (sourceStat === -errno.ENOTDIR) {
        return `${sourceMissing} (a path prefix is not a directory)`;
      }
      break;
    case errno.EINVAL:
      if (options.remount) return 'mount point not mounted or bad option';
      return `wrong fs type, bad option, bad superblock on ${source}, missing codepage or helper program, or other error`;
    case errno.EMFILE:
      return 'mount table full';
    case errno.EIO:
      return `can't read superblock on ${source}`;
    case errno.ENODEV:
      return result.type === null
        ? 'unknown filesystem type'
        : `unknown filesystem type '${result.type}'`;
    case errno.ENOTBLK:
      if (typeof sourceStat !== 'number' && isType(sourceStat, S.IFREG)) {
        return `${source} is not a block device; try "-o loop"`;
      }
      return `${source} is not a block device`;
    case errno.ENXIO:
      return `${source} is not a valid block device`;
    case errno.EACCES:
    case errno.EROFS:
      if (options.readOnly) return `cannot mount ${source} read-only`;
      if (call.writeOnly) {
        return `${source} is write-protected but explicit read-write mode requested`;
      }
      if (options.remount) return `cannot remount ${source} read-write, is write-protected`;
      break;
    default:
  }
  return `mount(2) system call failed: ${strerror(result.error)}`;
}

function alreadyMounted(lines: readonly MountLine[], source: string): string {
  const line = lines.find((one) => one.source === source);
  return line === undefined
    ? `${source} already mounted or mount point busy`
    : `${source} already mounted on ${line.target}`;
}
