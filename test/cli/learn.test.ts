import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { CliContext } from '../../src/cli/context.ts';
import { loadLessons, walkThrough } from '../../src/cli/learn.ts';
import { runCli } from '../support/run-cli.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The learner types these, then leaves; what the terminal shows, questions included. */
async function typed(lines: readonly string[], from: number, set = {}): Promise<string> {
  let shown = '';
  const left = [...lines];
  const context: CliContext = {
    out: (text) => {
      shown += text;
    },
    note: () => {},
    style: (_, text) => text,
  };
  const exit = await walkThrough(loadLessons(), from, set, context, async (question) => {
    shown += question;
    return left.shift() ?? null;
  });
  expect(exit).to.equal(0);
  return shown;
}

describe('zonestack learn', function () {
  this.timeout(180_000);

  it('prints all lessons into a pipe, in 80 columns, and exits with 0', async () => {
    const { exit, stdout, stderr } = await runCli('learn', '--no-input');
    expect(exit, stderr).to.equal(0);
    expect(stderr).to.equal('');
    for (let number = 0; number <= 10; number += 1) expect(stdout).to.include(`Lesson ${number}: `);
    expect(stdout.split('\n').filter((line) => line.length > 80)).to.deep.equal([]);
    expect(stdout).to.not.include('{{').and.not.include('\u001b');
  });

  it('asks nobody where nobody is: a process with pipes prints and ends', () => {
    const script = join(ROOT, 'test', 'support', 'cli.ts');
    const done = spawnSync(process.execPath, ['--import', 'tsx/esm', script, 'learn', '0'], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
    });
    expect(done.status, done.stderr).to.equal(0);
    expect(done.stdout).to.include('It is b.').and.not.include('Enter');
  });

  it('takes a lesson by number, file or name, and says which was meant', async () => {
    for (const word of ['3', '03-bug', 'bug']) {
      expect((await runCli('learn', word, '--no-input')).stdout).to.match(/^Lesson 3: The bug\n/);
    }
    const wrong = await runCli('learn', 'bgu', '--no-input');
    expect(wrong.exit).to.equal(2);
    expect(wrong.stderr).to.include('did you mean "bug"?');
    expect((await runCli('learn', '3', '4')).exit).to.equal(2);
    const { stdout } = await runCli('learn', '--list');
    expect(stdout.split('\n')).to.have.length(12);
  });

  it('runs a lesson with other values, and refuses names and values it does not have', async () => {
    const { exit, stdout } = await runCli('learn', '3', '--no-input', '--set', 'zone_size=8');
    expect(exit).to.equal(0);
    expect(stdout).to.include('With zone_size=8.').and.include('65664');
    const name = await runCli('learn', '3', '--no-input', '--set', 'zone_sise=8');
    expect(name.exit).to.equal(2);
    expect(name.stderr).to.include('did you mean "zone_size"?');
    const value = await runCli('learn', '3', '--no-input', '--set', 'kernel=v5.11');
    expect(value.exit).to.equal(2);
    expect(value.stderr).to.match(/^lessons\/03-bug\.yaml:\d+:\d+: .*\[kernel-unknown\]/s);
    expect((await runCli('learn', '--set', 'kernel=v5.14')).exit).to.equal(2);
    expect((await runCli('learn', '3', '--set', 'kernel')).stderr).to.include('NAME=VALUE');
    const none = await runCli('learn', '2', '--no-input', '--set', 'cipher=aes-cbc-plain64');
    expect(none.stdout).to.include('It is b.');
  });

  it('asks before it runs, takes only answers there are, and tells what was said', async () => {
    const shown = await typed(['x', 'a', '', '', '', '', 'q'], 3);
    expect(shown.match(/Your guess/g)).to.have.length(2);
    const at = ['Your guess', '[Enter to run', 'You said a.', 'It is b.', '[Enter to go on'];
    const places = at.map((text) => shown.indexOf(text));
    expect(places).to.deep.equal([...places].sort((one, other) => one - other));
    expect(places[0]).to.be.above(0);
    const right = await typed(['b', ''], 3);
    expect(right).to.include('You said b, and so it is.').and.not.include('In the kernel');
  });

  it('goes from lesson to lesson until the last, or until the learner leaves', async () => {
    const two = await typed(['', '', '', '', '', '', '', '', '', ''], 0);
    expect(two).to.include('[Enter for lesson 1').and.include('Lesson 1: ');
    expect(await typed(['q'], 0))
      .to.include('Lesson 0')
      .and.not.include('It is');
    expect(await typed(['', '', '', '', '', '', ''], 10)).to.include('it would be worth a mail');
  });
});
