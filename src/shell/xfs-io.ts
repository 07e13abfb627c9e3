/**
 * xfs_io of xfsprogs 6.1.0 (io/init.c, io/open.c): opens a file and runs the commands given with -c, in order. Commands are in
 * xfs-io-commands.ts.
 */

import { O, S, type Stat } from '../fs/inode.ts';
import { errno, strerror } from '../kernel/errno.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import type { Task } from '../sim/task.ts';
import { getopt, type OptionSpec } from './getopt.ts';
import { diagnose } from './messages.ts';
import { isType } from './paths.ts';
import type { Process } from './program.ts';
import { runIoCommand } from './xfs-io-commands.ts';
import type { IoSession } from './xfs-io-session.ts';

const OPTIONS: readonly OptionSpec[] = [
  { short: 'c', argument: 'required' },
  ...['a', 'd', 'f', 'F', 'n', 'r', 's', 't', 'x', 'V', 'i', 'R', 'T'].map((short) => ({ short })),
  ...['C', 'm', 'p'].map((short) => ({ short, argument: 'required' as const })),
];
const NOT_MODELLED = new Set(['i', 'R', 'T', 'C']);

/** -x and -F change nothing here. */
const FLAGS: Readonly<Record<string, number>> = {
  a: O.APPEND,
  d: O.DIRECT,
  f: O.CREAT,
  n: O.NONBLOCK,
  s: O.SYNC,
  t: O.TRUNC,
};

export function* xfsIo(process: Process): Task<number> {
  const parsed = getopt(process.argv, OPTIONS, false);
  if (!parsed.ok) {
    diagnose(process, parsed.message);
    process.stderr.write(
      'Usage: xfs_io [-adfinrRstVx] [-m mode] [-p prog] [[-c|-C] cmd]... file\n',
    );
    return 1;
  }
  const { options, operands } = parsed;
  if (options.some(({ name }) => name === 'V')) {
    process.stdout.write('xfs_io version 6.1.0\n');
    return 0;
  }
  const left = options.find(({ name }) => NOT_MODELLED.has(name));
  if (left !== undefined) throw new NotModelled(`xfs_io -${left.name}`, 'use -c with a command');
  const mode = options.findLast(({ name }) => name === 'm')?.value;
  const readOnly = options.some(({ name }) => name === 'r');
  let flags = readOnly ? O.RDONLY : O.RDWR;
  for (const { name } of options) flags |= FLAGS[name] ?? 0;

  const session: IoSession = {
    process,
    fd: -1,
    path: '',
    flags,
    mappings: [],
    exit: 0,
    quit: false,
  };
  for (const path of operands) {
    const refused = yield* open(
      session,
      path,
      mode === undefined ? 0o600 : Number.parseInt(mode!, 8),
    );
    if (refused !== 0) return refused;
  }
  for (const option of options) {
    if (option.name !== 'c') continue;
    yield* runIoCommand(session, option.value!);
    if (session.quit) break;
  }
  if (session.fd >= 0) yield* process.system.sys.close(process, session.fd);
  return session.exit;
}

/** openfile(): a directory is opened read-only. 0 or the exit code. */
function* open(session: IoSession, path: string, mode: number): Task<number> {
  const { process } = session;
  const { sys } = process.system;
  const stat: Stat | number = yield* sys.stat(process, path);
  let fd = yield* sys.open(process, path, session.flags, mode);
  if (fd === -errno.EISDIR && typeof stat !== 'number' && isType(stat, S.IFDIR)) {
    // What stat shows of the flags stays as asked for.
    fd = yield* sys.open(process, path, session.flags & ~O.ACCMODE, mode);
  }
  if (fd < 0) {
    process.stderr.write(`${path}: ${strerror(fd)}\n`);
    return 1;
  }
  session.fd = fd;
  session.path = path;
  return 0;
}
