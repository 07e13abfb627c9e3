import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { runCli } from '../support/run-cli.ts';

const WRITERS = 'scenarios/explore/btrfs-writers.yaml';

describe('zonestack explore', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'explore-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('tells schedules, outcomes and the shortest failing schedule step by step', async () => {
    const { exit, stdout } = await runCli('explore', WRITERS);
    expect(exit).to.equal(0);
    expect(stdout).to.include('8 schedules run (all that can differ)');
    expect(stdout).to.match(/2 x {2}writers 0\+1 different, later 1/);
    expect(stdout).to.match(/shortest failing schedule: 1 switch \(none fails with fewer\)/);
    expect(stdout).to.match(
      /> b +sh runs[\s\S]*write 32896\+128 fails: EIO[\s\S]*a +nullb0: write 32768/,
    );
    for (const line of stdout.split('\n')) expect(line.length, line).to.be.at.most(80);
  }).timeout(20_000);

  it('writes the same as a document, without keys', async () => {
    const { exit, stdout } = await runCli('explore', WRITERS, '--format', 'json');
    expect(exit).to.equal(0);
    const [found] = JSON.parse(stdout).explored;
    expect(found).to.include({ schedules: 8, complete: true, failing: 4 });
    expect(found.outcomes).to.have.length(3);
    expect(found.shortest.steps.length).to.be.greaterThan(5);
    expect(stdout).not.to.include('000102030405');
  }).timeout(20_000);

  it('tells faults that no schedule met, and where they stand', async () => {
    const file = join(folder, 'idle.yaml');
    const text = readFileSync('scenarios/explore/write-cache.yaml', 'utf8');
    writeFileSync(file, text.replace('nullb1, power: cut', 'nullb1, op: zone, power: cut'));
    const { stderr } = await runCli('explore', file);
    expect(stderr).to.match(
      /idle\.yaml:\d+:7: note:\n {2}no request came that this fault could befall\n$/,
    );
    expect((await runCli('explore', 'scenarios/explore/write-cache.yaml')).stderr).to.equal('');
  }).timeout(20_000);

  it('saves a schedule that run --schedule fails with again', async () => {
    const file = join(folder, 'schedule.json');
    await runCli('explore', WRITERS, '--save', file);
    const again = await runCli('run', WRITERS, '--schedule', file);
    expect(again.exit).to.equal(1);
    expect(again.stdout).to.include("error writing '/mnt/b'");
    expect((await runCli('run', WRITERS)).exit).to.equal(0);
    const saved = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({ ...saved, schedule: ['a: sh runs', 'c: never'] }));
    const stale = await runCli('run', WRITERS, '--schedule', file);
    expect(stale.exit).to.equal(0);
    expect(stale.stderr.replace(/\s+/g, ' ')).to.include(
      '1 of 2 steps did not come, from "c: never" on',
    );
    for (const seed of [1.5, -1, 1e300]) {
      writeFileSync(file, JSON.stringify({ ...saved, seed }));
      expect((await runCli('run', WRITERS, '--schedule', file)).exit).to.equal(2);
    }
    const stuck = ['c: never', 'a: sh runs', 'b: sh runs'];
    writeFileSync(file, JSON.stringify({ ...saved, schedule: stuck }));
    const misfit = await runCli('run', WRITERS, '--schedule', file);
    expect(misfit.exit).to.equal(2);
    expect(misfit.stderr).to.include('expected "c: never" to be able to run');
    writeFileSync(file, JSON.stringify({ ...saved, values: { kernel: 'v1' } }));
    const other = await runCli('run', WRITERS, '--schedule', file);
    expect(other).to.include({ exit: 2 });
    expect(other.stderr).to.include('{kernel: v1}');
    writeFileSync(file, '{');
    expect((await runCli('run', WRITERS, '--schedule', file)).exit).to.equal(2);
  }).timeout(30_000);

  it('refuses a file it cannot write before it explores', async () => {
    for (const file of [join(folder, 'none', 'schedule.json'), folder]) {
      const { exit, stdout, stderr } = await runCli('explore', WRITERS, '--save', file);
      expect({ exit, stdout }).to.deep.equal({ exit: 2, stdout: '' });
      expect(stderr).to.include('"--save" expected a file that can be written');
    }
  });

  it('explores and replays with the seed of the file, or the one given', async () => {
    const file = join(folder, 'seeded.yaml');
    const saved = join(folder, 'seeded.json');
    writeFileSync(
      file,
      `version: 1
title: a file system id is drawn
kernel: v5.12
seed: 5
disks:
  nullb0: { size: 64, zoned: 1, zone_size: 4, memory_backed: 1 }
steps:
  - parallel: [{ run: uname -r }, { run: "false" }]
  - { name: id, run: mkfs.btrfs -f -O zoned -d single -m single /dev/nullb0, expect: { stdout: none } }
`,
    );
    const id = async (...args: string[]): Promise<string> => {
      const { stdout } = await runCli('run', file, '--format', 'json', ...args);
      return /UUID: +([0-9a-f-]{36})/.exec(stdout)![1]!;
    };
    const plain = await id();
    await runCli('explore', file, '--save', saved);
    expect(await id('--schedule', saved)).to.equal(plain);
    await runCli('explore', file, '--runs', '3', '--seed', '8', '--save', saved);
    expect(await id('--schedule', saved)).to.equal(plain);
    await runCli('explore', file, '--seed', '9', '--save', saved);
    const other = await id('--seed', '9');
    expect(other).not.to.equal(plain);
    expect(await id('--schedule', saved)).to.equal(other);
  }).timeout(60_000);

  it('saves no key with a schedule, and still finds its cell', async () => {
    const file = join(folder, 'keys.yaml');
    const saved = join(folder, 'keys.json');
    const keys = ['0123456789abcdef', 'fedcba9876543210'].map((one) => one.repeat(4));
    writeFileSync(
      file,
      `version: 1
title: two keys
kernel: v5.12
disks:
  nullb0: { size: 64, zoned: 1, zone_size: 4, memory_backed: 1 }
matrix:
  key: [${keys.join(', ')}]
steps:
  - run: dmsetup create c --table "0 131072 crypt aes-xts-plain64 \${key} 0 /dev/nullb0 0"
  - parallel: [{ run: uname -r }, { run: "false" }]
  - { run: dmsetup table --showkeys c, expect: any }
`,
    );
    expect((await runCli('explore', file, '--save', saved)).exit).to.equal(1);
    for (const key of keys) expect(readFileSync(saved, 'utf8')).not.to.include(key);
    const again = await runCli('run', file, '--schedule', saved);
    expect(again.exit).to.equal(1);
    const wrong = JSON.parse(readFileSync(saved, 'utf8'));
    writeFileSync(saved, JSON.stringify({ ...wrong, values: { key: 'x' } }));
    const { stderr } = await runCli('run', file, '--schedule', saved);
    for (const key of keys) expect(stderr).not.to.include(key);
  }).timeout(30_000);

  it('judges schedules taken at random only by what they show', async () => {
    const whole = 'scenarios/explore/zonefs-writers.yaml';
    expect((await runCli('explore', whole, '--runs', '2')).exit).to.equal(0);
    expect((await runCli('explore', whole, '--max', '2')).exit).to.equal(1);
    const found = await runCli('explore', WRITERS, '--runs', '1', '--kernel', 'v5.12+series[1-2]');
    expect(found.stdout).to.include('1 schedule run');
  }).timeout(30_000);

  it('runs random schedules by their seed', async () => {
    const once = await runCli('explore', WRITERS, '--runs', '20', '--seed', '4');
    expect(once.stdout).to.include('20 schedules run (not all that can differ)');
    expect(await runCli('explore', WRITERS, '--runs', '20', '--seed', '4')).to.deep.equal(once);
  }).timeout(30_000);

  it('under another kernel no schedule may fail', async () => {
    const file = join(folder, 'two.yaml');
    const text = readFileSync(WRITERS, 'utf8').replace(/reboot: {.*}$/m, 'reboot: {}');
    writeFileSync(file, text.replace('path: regular, ', ''));
    expect((await runCli('explore', file, '--kernel', 'v6.12')).exit).to.equal(0);
    expect((await runCli('explore', WRITERS, '--max', '2')).exit).to.equal(1);
  }).timeout(30_000);

  it('says that it stopped at its bound, and what to do about it', async () => {
    const { stdout, stderr } = await runCli('explore', WRITERS, '--max', '3');
    expect(stdout).to.include('3 schedules run (not all that can differ)');
    expect(stderr).to.match(/stopped after 3 schedules;[\s\S]*--max N[\s\S]*--runs N/);
    expect((await runCli('explore', WRITERS, '--runs', '3')).stderr).to.equal('');
  }).timeout(20_000);

  it('says of commands that hang what they wait for', async () => {
    const { stdout } = await runCli('explore', 'scenarios/explore/append-freeze.yaml');
    const told = stdout.replace(/\s+/g, ' ');
    expect(told).to.include(
      '= dm-0: its queue is being frozen; bios inside that have to leave first: 1',
    );
    expect(told).to.include('the worker that sends one on sleeps');
    for (const line of stdout.split('\n')) expect(line.length, line).to.be.at.most(80);
  }).timeout(20_000);

  it('says what it cannot use', async () => {
    expect((await runCli('explore')).exit).to.equal(2);
    const none = await runCli('explore', 'scenarios/btrfs-lost.yaml');
    expect(none.exit).to.equal(2);
    expect(none.stderr).to.include('parallel step');
    expect((await runCli('explore', WRITERS, '--max', 'x')).exit).to.equal(2);
  });
});
