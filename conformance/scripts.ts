/**
 * The shell lines of the recordings. Their commands run on our own shell; the few filters they are piped through
 * (tail, grep, sed, cut, head) are done here, because our shell refuses pipes.
 */

import type { Op } from './facts.ts';
import type { Room } from './machine-room.ts';
import type { Outcome } from './zio-words.ts';

interface Result {
  out: string;
  rc: number;
}

/**
 * What a shell line took in the guests, roughly: a process under software emulation. Time matters to the log only: btrfs
 * prints at most 100 lines of a level in five seconds, which the mounts of one loop reach and those of scripts do not.
 */
const SHELL_LINE_NS = 2e9;

/** Runs a recorded `sh` operation. */
export function runScript(room: Room, op: Op): Outcome {
  const args = op.args ?? '';
  room.machine.host.loop.nowNs += SHELL_LINE_NS;
  const special = SPECIAL.find(([pattern]) => pattern.test(args));
  if (special !== undefined) return special[1](room, args, op);
  let out = '';
  let rc = 0;
  for (const statement of splitOutside(args, ';')) {
    const done = pipeline(room, statement.trim(), rc);
    out += done.out;
    rc = done.rc;
  }
  return { out, rc };
}

/** Splits at `separator` outside quotes and `$( )`. */
function splitOutside(text: string, separator: string): string[] {
  const parts: string[] = [];
  let quote = '';
  let depth = 0;
  let from = 0;
  for (let i = 0; i < text.length; i += 1) {
    const c = text[i]!;
    if (quote !== '') {
      if (c === quote) quote = '';
    } else if (c === "'" || c === '"') quote = c;
    else if (c === '(') depth += 1;
    else if (c === ')') depth -= 1;
    else if (c === separator && depth === 0) {
      parts.push(text.slice(from, i));
      from = i + 1;
    }
  }
  return [...parts, text.slice(from)].filter((part) => part.trim() !== '');
}

function pipeline(room: Room, text: string, lastExit: number): Result {
  const [first = '', ...filters] = splitOutside(text, '|').map((part) => part.trim());
  const start = command(room, first, lastExit);
  let rc = start.rc;
  let out = start.out;
  for (const filter of filters) {
    out = applyFilter(filter, out);
    rc = 0;
  }
  return { out, rc };
}

function command(room: Room, text: string, lastExit: number): Result {
  if (/^exit \$\?$/.test(text)) return { out: '', rc: lastExit };
  if (/^echo exit \$\?$/.test(text)) return { out: `exit ${lastExit}\n`, rc: 0 };
  const grep = /^grep (?:'([^']*)'|([^\s']+)) (\S+)$/.exec(text);
  if (grep !== null) {
    const found = room.run(`cat ${grep[3]}`);
    return { out: applyFilter(`grep '${grep[1] ?? grep[2]}'`, found.stdout), rc: found.exit };
  }
  const resolved = text.replace(/\$\(readlink -f (\S+)\)/g, (_, path: string) =>
    room.run(`readlink -f ${path}`).stdout.trim(),
  );
  // The driver gave its scripts one pipe for both streams.
  const line = />|2>/.test(resolved) ? resolved : `${resolved} 2>&1`;
  const done = room.run(line);
  return { out: done.stdout, rc: done.exit };
}

/** One filter of a pipe over whole text. An unknown one is a gap in this file: it throws. */
export function applyFilter(filter: string, text: string): string {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const done = (kept: string[]): string => kept.map((line) => `${line}\n`).join('');
  let m = /^(tail|head) -(\d+)$/.exec(filter);
  if (m !== null) {
    const n = Number(m[2]);
    return done(m[1] === 'tail' ? lines.slice(-n) : lines.slice(0, n));
  }
  m = /^grep (-v )?(?:-A(\d) )?'?([^']*?)'?$/.exec(filter);
  if (m !== null) return done(grep(lines, m[3]!, m[1] !== undefined, Number(m[2] ?? '0')));
  m = /^cut -d(?:' '|(,)) ?-f ?([\d,]+)$/.exec(filter);
  if (m !== null) {
    const separator = m[1] ?? ' ';
    const fields = m[2]!.split(',').map(Number);
    return done(
      lines.map((l) => fields.map((f) => l.split(separator)[f - 1] ?? '').join(separator)),
    );
  }
  if (filter === "sed 's/, [0-9.e-]* s, .*//'") {
    return done(lines.map((line) => line.replace(/, [0-9.e-]* s, .*/, '')));
  }
  throw new Error(`"filter" expected one the recordings use, got ${filter}`);
}

function grep(lines: string[], basic: string, invert: boolean, after: number): string[] {
  // Basic regular expressions write alternation as \|.
  const pattern = new RegExp(basic.replaceAll('\\|', '|'));
  if (after === 0) return lines.filter((line) => pattern.test(line) !== invert);
  const out: string[] = [];
  let last = -1;
  lines.forEach((line, index) => {
    if (!pattern.test(line)) return;
    for (
      let i = Math.max(index, last + 1);
      i <= Math.min(index + after, lines.length - 1);
      i += 1
    ) {
      if (last >= 0 && i > last + 1) out.push('--');
      out.push(lines[i]!);
      last = i;
    }
  });
  return out;
}

type Special = readonly [RegExp, (room: Room, args: string, op: Op) => Outcome];

const SPECIAL: readonly Special[] = [
  // series-sessions.ts has done it before this operation.
  [/^replay the saved zones/, () => ({ out: 'zone report equal\n', rc: 0 })],
  // The device set-up prints its attributes, and how a refusal looked; sessions.ts made the device.
  [/^echo "[^"]*"; echo refused/, (room, args) => refusedDevice(room, args)],
  [/^cd \/sys\/fs\/zonefs\/\*|^cat \/proc\/fs\/zonefs/, zonefsCounts],
  [
    /^ls \/sys\/fs\/zonefs/,
    (room) => {
      const names = room.run('ls /sys/fs/zonefs').stdout.trim().split('\n');
      const folder = `/sys/fs/zonefs/${names[0]}`;
      const files = room.run(`ls ${folder}`);
      if (names[0] === '' || files.exit !== 0) {
        return { out: 'ls: /sys/fs/zonefs/*: No such file or directory\n', rc: 1 };
      }
      const values = files.stdout.trim().split('\n');
      const show = values.map((f) => `${f}=${room.run(`cat ${folder}/${f}`).stdout.trim()}\n`);
      return { out: `${values.join('\n')}\n${show.join('')}`, rc: 0 };
    },
  ],
  [
    /^dd if=\/mnt\/z\/seq\/0 of=got/,
    (room) => {
      room.run('dd if=/mnt/z/seq/0 of=got bs=64k iflag=direct');
      const size = room.run('stat -c %s got').stdout.trim();
      const compared = room.run('cmp pat got 2>&1');
      return { out: `size ${size}\n${busyboxCmp(compared.stdout)}${differing(room)}`, rc: 0 };
    },
  ],
  [
    /^cmp pat (\S+)$/,
    (room, args) => {
      const done = room.run(`${args} 2>&1`);
      return { out: busyboxCmp(done.stdout), rc: done.exit };
    },
  ],
];

/** The guests' cmp is busybox's, which says `char` where GNU's says `byte`, and less about an early end. */
function busyboxCmp(text: string): string {
  return text
    .replace(' differ: byte ', ' differ: char ')
    .replace(/^(cmp: EOF on \S+) (?:which is empty|after byte .*)$/m, '$1');
}

function differing(room: Room): string {
  const lines = room.run('cmp -l pat got').stdout.split('\n');
  const units = new Set<number>();
  let count = 0;
  let highest = 0;
  for (const line of lines) {
    const place = Number(line.trim().split(' ')[0]);
    if (!(place > 0)) continue;
    count += 1;
    units.add(Math.floor((place - 1) / 512));
    highest = Math.max(highest, (place - 1) % 512);
  }
  return `${count} bytes differ in ${units.size} units of 512, highest offset inside a unit ${highest}\n`;
}

function refusedDevice(room: Room, args: string): Outcome {
  const attributes = /^echo "([^"]*)"/.exec(args)?.[1] ?? '';
  return { out: `${attributes}\nrefused ${room.refusal ?? 'not at all'}\n`, rc: 0 };
}

/** `ls /sys/fs/zonefs/ && cd /sys/fs/zonefs/* && for f in *; do echo $f=$(cat $f); done`, or its last two parts. */
function zonefsCounts(room: Room, args: string): Outcome {
  const listing = args.includes('ls /sys/fs/zonefs/');
  const listed = room.run('ls /sys/fs/zonefs');
  const [name = ''] = listed.stdout.split('\n');
  if (listed.exit !== 0 || name === '') {
    const missing = 'No such file or directory\n';
    return listing
      ? { out: `ls: /sys/fs/zonefs/: ${missing}`, rc: 1 }
      : { out: `sh: cd: line 0: can't cd to /sys/fs/zonefs/*: ${missing}`, rc: 2 };
  }
  const folder = `/sys/fs/zonefs/${name}`;
  const files = room.run(`ls ${folder}`).stdout.trim().split('\n');
  const values = files.map(
    (file) => `${file}=${room.run(`cat ${folder}/${file}`).stdout.trim()}\n`,
  );
  return { out: `${listing ? listed.stdout : ''}${values.join('')}`, rc: 0 };
}
