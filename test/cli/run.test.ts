import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { runCli } from '../support/run-cli.ts';

const GARBAGE = 'scenarios/zonefs-garbage.yaml';

interface Step {
  readonly command: string;
  readonly kernel: string;
  readonly path: string;
  readonly readback: string | null;
  readonly mismatches: readonly { readonly key: string; readonly line: number }[];
  readonly trace?: readonly string[];
}

interface Document {
  readonly format_version: number;
  readonly scenarios: readonly {
    readonly file: string;
    readonly met: boolean;
    readonly cells: readonly { readonly met: boolean; readonly steps: readonly Step[] }[];
  }[];
}

async function json(...args: string[]): Promise<{ exit: number; document: Document }> {
  const { exit, stdout } = await runCli('run', ...args, '--format', 'json');
  return { exit, document: JSON.parse(stdout) as Document };
}

describe('zonestack run', () => {
  it('says one line for a scenario that is met, and exits with 0', async () => {
    expect(await runCli('run', GARBAGE)).to.deep.equal({
      exit: 0,
      stdout:
        'ok   scenarios/zonefs-garbage.yaml: zonefs over dm-crypt reads back garbage (5\n     steps)\n',
      stderr: '',
    });
  });

  it('names file, line, column and step of what is not met, both sides, and exits with 1', async () => {
    const { exit, stdout } = await runCli('run', GARBAGE, '--kernel', 'v5.14');
    expect(exit).to.equal(1);
    const line = readFileSync(GARBAGE, 'utf8')
      .split('\n')
      .findIndex((one) => one.includes('readback: different'));
    expect(stdout).to.match(/^FAIL scenarios\/zonefs-garbage\.yaml/);
    expect(stdout).to.include(`${GARBAGE}:${line + 1}:15:\n  step 5 on v5.14\n`);
    expect(stdout).to.include('path expected append\n         got      emulated-append\n');
    expect(stdout).to.include('readback expected different\n             got      same\n');
  });

  it('runs under another kernel, and with patches on the one of the file', async () => {
    const steps = async (...args: string[]): Promise<string[]> => {
      const { document } = await json(GARBAGE, ...args);
      return document.scenarios[0]!.cells[0]!.steps.slice(-1).map(
        (step) => `${step.kernel} ${step.path} ${step.readback}`,
      );
    };
    expect(await steps()).to.deep.equal(['v5.12 append different']);
    expect(await steps('--kernel', 'v6.12')).to.deep.equal(['v6.12 regular same']);
    expect(await steps('--patch', 'series')).to.deep.equal(['v5.12+series regular same']);
    expect(await steps('--patch', 'iv-per-zone')).to.deep.equal(['v5.12+iv-per-zone append same']);
    expect(await steps('--kernel', 'v5.10', '--patch', 'iv-per-zone')).to.deep.equal([
      'v5.10+iv-per-zone append same',
    ]);
  });

  it('gives a document with every step, decision and mismatch', async () => {
    const { exit, document } = await json(GARBAGE, 'scenarios/stacks.yaml', '--kernel', 'v5.14');
    expect(exit).to.equal(1);
    expect(document.format_version).to.equal(1);
    expect(document.scenarios.map(({ file }) => file)).to.deep.equal([
      GARBAGE,
      'scenarios/stacks.yaml',
    ]);
    const [cell] = document.scenarios[0]!.cells;
    expect(Object.keys(cell!)).to.deep.equal(['values', 'met', 'steps']);
    expect(Object.keys(cell!.steps[4]!)).to.deep.equal([
      'index',
      'command',
      'ran',
      'kernel',
      'exit',
      'stdout',
      'stderr',
      'dmesg',
      'path',
      'readback',
      'decisions',
      'mismatches',
    ]);
    const [mismatch] = cell!.steps[4]!.mismatches;
    expect(Object.keys(mismatch!)).to.deep.equal([
      'key',
      'alternative',
      'expected',
      'got',
      'line',
      'column',
    ]);
  });

  it('prints the same trace to the byte for one seed, as text and as JSON', async () => {
    for (const format of ['text', 'json']) {
      const args = [
        'run',
        'scenarios/btrfs-refused.yaml',
        '--trace',
        '--seed',
        '7',
        '--format',
        format,
      ];
      const first = await runCli(...args);
      expect(first.exit).to.equal(0);
      expect(first.stdout.length, format).to.be.above(20_000);
      expect((await runCli(...args)).stdout, format).to.equal(first.stdout);
    }
  });

  it('puts results on standard output and notes on standard error', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'zonestack-'));
    try {
      const file = join(folder, 'runt.yaml');
      const text = readFileSync(GARBAGE, 'utf8').replace('size: 256', 'size: 257');
      writeFileSync(file, text.replaceAll('524288', '516096'));
      const { exit, stdout, stderr } = await runCli('run', file);
      expect(exit, stdout).to.equal(0);
      expect(stdout).to.match(/^ok /);
      expect(stderr).to.include(`${file}:`).and.include('note:').and.include('1 of 4 MiB');
      const fault = '  - fault: { disk: nullb0, op: append, status: ioerr }\n';
      writeFileSync(file, `${readFileSync(GARBAGE, 'utf8').trimEnd()}\n${fault}`);
      const idle = await runCli('run', file);
      expect(idle.exit).to.equal(0);
      expect(idle.stderr).to.match(/runt\.yaml:\d+:12: note:\n {2}no request came .*\n$/);
      const { scenarios } = JSON.parse((await runCli('run', file, '--format', 'json')).stdout);
      expect(scenarios[0].cells[0].steps.at(-1).fault).to.deep.equal({ met: 0, struck: 0 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('tells twenty mismatches of many, and how many there are', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'zonestack-'));
    try {
      const file = join(folder, 'many.yaml');
      const values = Array.from({ length: 50 }, (_, i) => i).join(', ');
      const text = `version: 1\ntitle: many\nkernel: v5.12\ndisks: {}\nmatrix: { a: [${values}] }\nsteps: [{ run: "echo \${a}", expect: { stdout: x } }]\n`;
      writeFileSync(file, text);
      const { exit, stdout } = await runCli('run', file);
      expect(exit).to.equal(1);
      expect(stdout.match(/^ {2}step 1/gm)).to.have.length(20);
      expect(stdout).to.include('cell 20 {a: 19}').and.include('30 more are not shown');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('zonestack trace', () => {
  it('shows a write on every floor: call, append, IV, disk, zone, completion', async () => {
    const { exit, stdout } = await runCli('trace', GARBAGE);
    expect(exit).to.equal(0);
    const lines = stdout.slice(stdout.lastIndexOf('-- step 5')).split('\n');
    const order = [
      /write/,
      /dm-0 .*Q/,
      /IV encrypt/,
      /nullb0 .*D/,
      /Z {2}zone/,
      /nullb0 .*C/,
      /dm-0 .*C/,
    ];
    let at = 0;
    for (const line of lines) if (order[at]?.test(line)) at += 1;
    expect(order[at], stdout.slice(-3000)).to.equal(undefined);
  });
});
