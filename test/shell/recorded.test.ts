/**
 * Command lines with what Debian 12's own tools printed for them, under Debian's kernel 6.1.192 on a null_blk disk. `$` is the
 * command, `|` standard output, `!` standard error, `\` says that the text before has no newline at its end, then the
 * exit code. Timings, the usage text of dmsetup, the major number of device mapper and inode numbers are taken out.
 */

import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { Machine } from '../../src/machine.ts';

interface Recorded {
  readonly command: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: number;
}

function load(name: string): { disk: Record<string, number>; entries: Recorded[] } {
  const text = readFileSync(new URL(`recorded/${name}.txt`, import.meta.url), 'utf8');
  const [head, ...blocks] = text.split(/^\$ /m);
  const attributes = head!.replace('#', '').trim().split(' ');
  const disk = attributes.map((text) => text.split('=') as [string, string]);
  return {
    disk: Object.fromEntries(disk.map(([key, value]) => [key, Number(value)])),
    entries: blocks.map(parse),
  };
}

function parse(block: string): Recorded {
  const out = { '|': '', '!': '' };
  let last: '|' | '!' = '|';
  const [command, ...lines] = block.trimEnd().split('\n');
  for (const line of lines.slice(0, -1)) {
    if (line === '\\') out[last] = out[last].slice(0, -1);
    else {
      last = line[0] as '|' | '!';
      out[last] += `${line.slice(2)}\n`;
    }
  }
  const exit = Number(/^\[(\d+)\]$/.exec(lines[lines.length - 1]!)![1]);
  return { command: command!, stdout: out['|'], stderr: out['!'], exit };
}

/** The real usage text of dmsetup is cut from the recording, ours from the result. */
function withoutUsage(command: string, text: string): string {
  return command.startsWith('dmsetup') ? text.replace(/^Usage:\n.*/ms, '') : text;
}

describe('the commands of Debian 12', () => {
  for (const name of ['dmsetup', 'devices', 'mounts', 'files']) {
    it(`print and exit as recorded: ${name}`, () => {
      const { disk, entries } = load(name);
      const machine = new Machine({
        kernel: '6.1.192',
        disks: { nullb0: disk as never },
        majors: { disk: 253 },
      });
      const differences: string[] = [];
      for (const { command, ...recorded } of entries) {
        const result = machine.run(command);
        const got = {
          stdout: result.stdout.replace(/stat\.ino = \d+/g, 'stat.ino = N'),
          stderr: withoutUsage(command, result.stderr),
          exit: result.exit,
        };
        if (JSON.stringify(got) !== JSON.stringify(recorded)) {
          differences.push(
            `$ ${command}\n  recorded ${JSON.stringify(recorded)}\n  got      ${JSON.stringify(got)}`,
          );
        }
      }
      expect(differences.join('\n')).to.equal('');
    });
  }
});
