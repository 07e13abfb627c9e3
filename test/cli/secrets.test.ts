/** A key that is typed never comes out again: not in results, traces, documents or errors. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { redactor, secretsOf, zeroed } from '../../src/scenario/secrets.ts';
import { runCli } from '../support/run-cli.ts';

const KEY = 'deadbeefcafef00d0123456789abcdefDEADBEEFCAFEF00D0123456789ABCDEF'.toLowerCase();
const OLD = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';

const folder = mkdtempSync(join(tmpdir(), 'zonestack-'));
const written = (name: string, text: string): string => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};

/** Runs a command and looks for any eight digits of the key in what it says. */
async function silent(...args: string[]): Promise<string> {
  const { stdout, stderr } = await runCli(...args);
  const said = `${stdout}${stderr}`.toLowerCase();
  for (const part of ['deadbeef', 'cafef00d']) {
    expect(said.includes(part), `zonestack ${args.join(' ')}\n${said.slice(0, 2000)}`).to.equal(
      false,
    );
  }
  return said;
}

describe('keys', () => {
  after(() => rmSync(folder, { recursive: true }));

  it('never appear in what any command says of a scenario', async () => {
    for (const name of [
      'zonefs-garbage',
      'btrfs-refused',
      'table-swap',
      'stacks',
      'fs-encryption',
    ]) {
      const text = readFileSync(`scenarios/${name}.yaml`, 'utf8').replaceAll(OLD, KEY);
      expect(text).to.include(KEY);
      const file = written('s.yaml', text);
      const failing = written('f.yaml', text.replace(/expect: \{/g, 'expect: { exit: 77,'));
      for (const one of [file, failing]) {
        await silent('run', one, '--trace');
        await silent('run', one, '--trace', '--format', 'json');
      }
      await silent('why', file, '--all');
      await silent('trace', file);
    }
  });

  it('never appear though the command prints them, in upper or lower case, from the matrix or not', async () => {
    const steps = [
      `{ run: 'dmsetup create c0 --table "0 524288 crypt aes-xts-plain64 \${key} 0 /dev/nullb0 0"' }`,
      '{ run: dmsetup table --showkeys c0, expect: { stdout: x } }',
      `{ run: 'dmsetup message c0 0 key set \${key}', expect: { exit: 9 } }`,
      `{ run: "echo 0 1 crypt aes-xts-plain64 \${key} 0 /dev/nullb0 0", expect: { stdout: x } }`,
    ];
    const disks = 'nullb0: { size: 256, zoned: 1, zone_size: 4, memory_backed: 1 }';
    for (const key of [KEY, KEY.toUpperCase(), `${KEY}0`, KEY.slice(1), KEY.replace('0', 'g')]) {
      const text = `version: 1\ntitle: t\nkernel: v5.12\ndisks: { ${disks} }\nmatrix: { key: ["${key}"] }\nsteps:\n  - ${steps.join('\n  - ')}\n`;
      const file = written('k.yaml', text);
      expect(await silent('run', file)).to.include('[key]');
      await silent('run', file, '--format', 'json', '--trace');
      await silent('why', file, '--all');
    }
  });

  it('never appear in the picture of a line that is wrong', async () => {
    const text = readFileSync('scenarios/zonefs-garbage.yaml', 'utf8').replaceAll(OLD, KEY);
    await silent('run', written('a.yaml', text.replace('dmsetup create', 'dmsteup create')));
    await silent(
      'run',
      written('b.yaml', text.replace(`0 /dev/nullb0 0"`, '0 /dev/nullb0 0" | x')),
    );
    await silent('run', written('c.yaml', text.replace('version: 1', `version: ${KEY}`)));
    await silent('run', written('d.yaml', `${text}\n${KEY}: 1\n`));
    await silent('run', written('e.yaml', `${text}matrix: { key: { a: [b, ${KEY}] } }\n`));
    await silent('run', written('f.yaml', text.replace('title: ', `title: [a, ${KEY}] #`)));
  });

  it('never appear in part where a long text is cut', async () => {
    const steps = [
      `{ run: 'dmsetup create c0 --table "0 524288 crypt aes-xts-plain64 ${KEY} 0 /dev/nullb0 0"' }`,
      ...[330, 350, 370, 390].map(
        (length) => `{ run: "echo ${'x'.repeat(length)}${KEY}", expect: { stdout: y } }`,
      ),
    ];
    const disks = 'nullb0: { size: 256, zoned: 1, zone_size: 4, memory_backed: 1 }';
    const text = `version: 1\ntitle: t\nkernel: v5.12\ndisks: { ${disks} }\nsteps:\n  - ${steps.join('\n  - ')}\n`;
    await silent('run', written('long.yaml', text));
    await silent('run', written('long.yaml', text), '--format', 'json');
  });

  it('are what stands after a cipher and after "key set", and hiding them leaves all else', () => {
    const command = `dmsetup create c --table "0 8 crypt aes-cbc-null ${KEY} 0 /dev/nullb0 0"`;
    expect([...secretsOf([command, 'dmsetup message c 0 key set aabbccddee'])]).to.deep.equal([
      KEY,
      'aabbccddee',
    ]);
    expect([
      ...secretsOf(['crypt cipher_null-ecb - 0', 'crypt aes-ecb :32:logon:n 0']),
    ]).to.deep.equal([]);
    const hide = redactor(secretsOf([command]), zeroed);
    const sum = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
    expect(hide(`${sum} ${KEY.toUpperCase()}`)).to.equal(`${sum} ${'0'.repeat(64)}`);
  });
});
