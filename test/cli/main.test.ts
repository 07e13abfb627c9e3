import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { CliContext } from '../../src/cli/context.ts';
import { explainFailure } from '../../src/cli/failure.ts';
import { runCli } from '../support/run-cli.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A process of its own, with this environment. */
function spawned(env: Record<string, string>, ...args: string[]) {
  const clean = { ...process.env };
  for (const name of ['NO_COLOR', 'FORCE_COLOR', 'NODE_DISABLE_COLORS']) delete clean[name];
  const script = join(ROOT, 'test', 'support', 'cli.ts');
  const options = { cwd: ROOT, encoding: 'utf8', env: { ...clean, ...env } } as const;
  return spawnSync(process.execPath, ['--import', 'tsx/esm', script, ...args], options);
}

describe('the command line', () => {
  it('shows help on standard output when asked, and on standard error when nothing was', async () => {
    const help = await runCli('--help');
    expect(help.exit).to.equal(0);
    expect(help.stdout).to.include('zonestack run FILE').and.include('Examples:');
    const none = await runCli();
    expect(none).to.deep.equal({ exit: 2, stdout: '', stderr: help.stdout });
  });

  it('shows the usage of each command', async () => {
    for (const name of ['run', 'why', 'trace', 'series', 'kernels', 'patches', 'image']) {
      const { exit, stdout } = await runCli(name, '--help');
      expect(exit, name).to.equal(0);
      expect(stdout, name).to.match(new RegExp(`^zonestack ${name}`));
    }
  });

  it('says its version, and help of a command by either name', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    for (const option of ['--version', '-V']) {
      expect(await runCli(option)).to.deep.equal({ exit: 0, stdout: `${version}\n`, stderr: '' });
    }
    expect(await runCli('help', 'why')).to.deep.equal(await runCli('why', '--help'));
    expect((await runCli('help', 'wyh')).exit).to.equal(2);
  });

  it('says what is wrong with the value of an option', async () => {
    const file = 'scenarios/stacks.yaml';
    const said = async (...args: string[]): Promise<string> => {
      const { exit, stderr } = await runCli('run', file, ...args);
      expect(exit).to.equal(2);
      return stderr;
    };
    expect(await said('--seed')).to.include('"--seed" expected a value, got none');
    expect(await said('--seed', '-1')).to.include('got the option "-1"; write --seed=-1');
    expect(await said('--trace=yes')).to.include('"--trace" expected no value');
    expect(await said('-1')).to.include('there is no option "-1" here');
  });

  it('shows the patches of the series by their one name', async () => {
    const { exit, stdout } = await runCli('patches', 'series');
    expect(exit).to.equal(0);
    expect(stdout.match(/^[a-z]\S+$/gm)).to.have.length(4);
    expect((await runCli('patches', 'sreies')).stderr).to.include('did you mean "series"');
  });

  it('finds no difference between a kernel and itself, in one line', async () => {
    const { stdout } = await runCli('kernels', 'v5.12+series', 'v5.12+series[1-4]');
    expect(stdout).to.equal('no difference\n');
  });

  it('makes the table of the series only of a scenario that has its rows and columns', async () => {
    const { exit, stdout, stderr } = await runCli('series', 'scenarios/zonefs-garbage.yaml');
    expect({ exit, stdout }).to.deep.equal({ exit: 2, stdout: '' });
    expect(stderr).to.include('expected a matrix with boot, cipher, use');
  });

  it('names the command and the option that were meant', async () => {
    const command = await runCli('rnu', 'x.yaml');
    expect(command.exit).to.equal(2);
    expect(command.stderr).to.include('did you mean "run"');
    const option = await runCli('run', '--kernle', 'v5.12', 'x.yaml');
    expect(option.exit).to.equal(2);
    expect(option.stderr).to.include('did you mean "--kernel"');
    expect((await runCli('run', '--format', 'xml', 'x.yaml')).stderr).to.include('text or json');
    expect((await runCli('run', '--seed', 'x', 'scenarios/stacks.yaml')).exit).to.equal(2);
    expect((await runCli('run')).exit).to.equal(2);
    expect((await runCli('why')).exit).to.equal(2);
    expect((await runCli('why', 'scenarios/stacks.yaml', '99')).stderr).to.include('1 to 15');
    expect((await runCli('constructor')).exit).to.equal(2);
  });

  it('prints the same whoever computes ciphers, and names who can', async () => {
    const file = 'scenarios/zonefs-garbage.yaml';
    const fastest = await runCli('trace', file);
    for (const name of ['node', 'wasm', 'noble']) {
      expect(await runCli('trace', file, '--crypto', name), name).to.deep.equal(fastest);
    }
    const wrong = await runCli('trace', file, '--crypto', 'openssl');
    expect(wrong.exit).to.equal(2);
    expect(wrong.stderr).to.include('expected node, wasm, noble, got "openssl"');
  });

  it('names kernels and patches that were meant', async () => {
    const file = 'scenarios/zonefs-garbage.yaml';
    const kernel = await runCli('run', file, '--kernel', 'v5.11');
    expect(kernel.exit).to.equal(2);
    expect(kernel.stderr).to.match(/kernel-unknown.*did you mean v5\.1/s);
    const patch = await runCli('run', file, '--patch', 'iv-per-zon');
    expect(patch.stderr).to.include('did you mean iv-per-zone');
    const order = await runCli('run', file, '--kernel', 'v5.12+series[3-1]');
    expect(order).to.include({ exit: 2 });
    expect(order.stderr).to.include('did you mean series[1-3]');
    const none = await runCli('run', file, '--kernel', 'v5.12+');
    expect(none.stderr).to.include('expected a patch after each "+"');
    expect((await runCli('kernels', 'v5.12', 'v5.13', 'v5.14')).exit).to.equal(2);
    expect((await runCli('patches', 'nope')).exit).to.equal(2);
  });

  it('calls a broken invariant its own fault, with exit code 3', () => {
    let said = '';
    const note = (text: string): void => {
      said += text;
    };
    const context = { out: note, note, style: (_: string, text: string) => text } as CliContext;
    expect(explainFailure(new Error('"x" expected 1, got 2'), context)).to.equal(3);
    expect(said).to.include('a bug of zonestack').and.include('"x" expected 1, got 2');
  });

  it('imports nothing before it knows the command, so that it starts quickly', () => {
    const text = readFileSync(join(ROOT, 'src', 'cli', 'main.ts'), 'utf8');
    const imported = [...text.matchAll(/^import .* from '(.*)';$/gm)].map((match) => match[1]);
    expect(imported).to.deep.equal(['node:util', '../report/columns.ts', './context.ts']);
    const columns = readFileSync(join(ROOT, 'src', 'report', 'columns.ts'), 'utf8');
    expect(columns).not.to.include('import ');
  });

  it('colours nothing in a pipe or with NO_COLOR, and does where it is told to', function () {
    this.timeout(60_000);
    expect(spawned({}, 'patches').stdout).not.to.include('\u001b');
    expect(spawned({ NO_COLOR: '1' }, 'patches').stdout).not.to.include('\u001b');
    expect(spawned({ FORCE_COLOR: '1' }, 'patches').stdout).to.include('\u001b[');
  });
});

describe('a file that cannot be used', () => {
  const folder = mkdtempSync(join(tmpdir(), 'zonestack-'));
  after(() => rmSync(folder, { recursive: true }));
  const written = (name: string, bytes: string | Uint8Array): string => {
    const file = join(folder, name);
    writeFileSync(file, bytes);
    return file;
  };

  it('that is missing, a directory or a device without end is refused by name', async () => {
    for (const [file, reason] of [
      [join(folder, 'nothere.yaml'), 'there is no such file'],
      [folder, 'it is a directory'],
      ['/dev/zero', 'bytes, got more'],
    ] as const) {
      const { exit, stdout, stderr } = await runCli('run', file);
      expect({ exit, stdout }, file).to.deep.equal({ exit: 2, stdout: '' });
      expect(stderr.replace(/\s+/g, ' '), file).to.include(`${file}:1:1:`).and.include(reason);
    }
  });

  it('that is no text or no YAML is refused', async () => {
    const binary = await runCli('run', written('b.yaml', Uint8Array.of(0x1f, 0x8b, 0xff, 0)));
    expect(binary.exit).to.equal(2);
    expect(binary.stderr).to.include('UTF-8');
    const words = await runCli('run', written('w.yaml', 'just words\n'));
    expect(words.exit).to.equal(2);
    expect(words.stderr).to.include('[yaml-syntax]');
  });

  it('stops the command before any other file is run', async () => {
    const good = 'scenarios/zonefs-garbage.yaml';
    const { exit, stdout } = await runCli('run', good, written('bad.yaml', 'version: 2\n'));
    expect({ exit, stdout }).to.deep.equal({ exit: 2, stdout: '' });
  });

  it('cannot steer a terminal', async () => {
    const text = readFileSync(join(ROOT, 'scenarios', 'zonefs-garbage.yaml'), 'utf8');
    const title = text.replace(/^title: .*$/m, 'title: "a\\e[31mb"');
    const { stdout } = await runCli('run', written('t.yaml', title));
    expect(stdout).not.to.include('\u001b');
    expect(stdout).to.include('a\\x1b[31mb');
    const error = await runCli('run', written('e.yaml', 'title: \u001b[31m\nversion: 2\n'));
    expect(error.stderr).not.to.include('\u001b');
  });
});
