/**
 * The what-if `fs-encryption`: bit by bit against what xfstests publishes (the key and identifier of common/encrypt; what
 * src/fscrypt-crypt-util.c printed for the same key) and against node:crypto, then what the two file systems do with it.
 */

import { createCipheriv, createHash, hkdfSync } from 'node:crypto';
import { hexToBytes } from '@noble/hashes/utils.js';
import { expect } from 'chai';
import fc from 'fast-check';
import { BytesPayload, PatternPayload } from '../../src/block/payload.ts';
import { deriveKey, MasterKey } from '../../src/fs/fscrypt.ts';
import { O } from '../../src/fs/inode.ts';
import { encodeSuper } from '../../src/fs/zonefs/superblock.ts';
import { zonefsType } from '../../src/fs/zonefs/type.ts';
import { kernelByName } from '../../src/kernel/releases.ts';
import { Machine, type MachineOptions } from '../../src/machine.ts';
import { Host } from '../../src/sim/host.ts';
import { FirstCome } from '../../src/sim/schedule.ts';
import { PROVIDER_CONTEXTS } from '../support/providers.ts';
import { bench } from './zonefs/fake-device.ts';

/** TEST_RAW_KEY and TEST_KEY_IDENTIFIER of xfstests' common/encrypt. */
const KEY = Uint8Array.from({ length: 64 }, (_, i) => i + 1);
const IDENTIFIER = '69b2f6edeee720cce0577937eb8a6751';
const KEY_HEX = Buffer.from(KEY).toString('hex');
const NONCE = hexToBytes('a0a1a2a3a4a5a6a7a8a9aaabacadaeaf');

/**
 * `fscrypt-crypt-util --kdf=HKDF-SHA512 --file-nonce=a0a1..af --data-unit-index=N AES-256-XTS KEY` over the bytes 0..255
 * repeated to 8192: SHA-256 of what it printed.
 */
const PRINTED: readonly (readonly [number, string])[] = [
  [0, 'b08be989facdc58e9d38ae2d4402d8f526696cb8ec7ef778feb3b8ec7f26627b'],
  [1, 'e061cbaa3b2d9996606d8ca177790ada6c6a83e32b3fb9bfbce19d4c2bdc3d38'],
  [16, '2661af6c9360f6a69dc233d0c5a6c233191c9ebf312a42de27b56ee306bf9f70'],
  [4294967297, '60017e5ed4d6628249c8a73a119cc65cff69025c086c07f483bbbc253f513d85'],
];

const UNIT = 4096;
const host = new Host(kernelByName('v5.12'), new FirstCome());

/** Another implementation of all of it. */
function independent(nonce: Uint8Array, firstUnit: number, plain: Uint8Array): Buffer {
  const info = Buffer.concat([Buffer.from('fscrypt\0\x02', 'latin1'), nonce]);
  const key = Buffer.from(hkdfSync('sha512', KEY, Buffer.alloc(0), info, 64));
  const units: Buffer[] = [];
  for (let at = 0; at < plain.length; at += UNIT) {
    const iv = Buffer.alloc(16);
    iv.writeBigUInt64LE(BigInt(firstUnit + at / UNIT));
    const cipher = createCipheriv('aes-256-xts', key, iv);
    units.push(cipher.update(plain.subarray(at, at + UNIT)));
  }
  return Buffer.concat(units);
}

function cipherOf(nonce: Uint8Array, crypt: ConstructorParameters<typeof MasterKey>[1] = {}) {
  const context = { keyIdentifier: IDENTIFIER, nonce };
  return new MasterKey(KEY, crypt).cipherOf(host, context, 'test')!;
}

const bytes = (payload: { bytes(): Uint8Array }): Buffer => Buffer.from(payload.bytes());

describe('fscrypt v2, bit by bit', () => {
  it('a master key has the identifier xfstests publishes', () => {
    expect(new MasterKey(KEY).identifier).to.equal(IDENTIFIER);
  });

  it('contents are what fscrypt-crypt-util prints, across 32 bits of the unit number too', () => {
    const plain = Uint8Array.from({ length: 8192 }, (_, i) => i & 255);
    for (const [unit, printed] of PRINTED) {
      const sealed = cipherOf(NONCE).encrypted(unit * UNIT, new BytesPayload(plain));
      const digest = createHash('sha256').update(sealed.bytes()).digest('hex');
      expect(digest, `unit ${unit}`).to.equal(printed);
    }
  });

  it('derives with any context and length what HKDF-SHA512 of node:crypto derives', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 64 }),
        fc.integer({ min: 0, max: 255 }),
        fc.uint8Array({ maxLength: 40 }),
        fc.integer({ min: 1, max: 128 }),
        (key, context, rest, length) => {
          const info = Buffer.concat([Buffer.from('fscrypt\0'), Buffer.from([context]), rest]);
          const wanted = Buffer.from(hkdfSync('sha512', key, Buffer.alloc(0), info, length));
          expect(Buffer.from(deriveKey(key, context, rest, length))).to.deep.equal(wanted);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('encrypts and decrypts as node:crypto does, for every nonce and place, deferred or not, by every provider', () => {
    const ways = [{ eager: true }, ...PROVIDER_CONTEXTS];
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.integer({ min: 0, max: 2 ** 40 }),
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom(...ways),
        (nonce, unit, units, way) => {
          const plain = new PatternPayload(unit % 1000, 0, units * UNIT);
          const sealed = independent(nonce, unit, plain.bytes());
          const cipher = cipherOf(nonce, way);
          expect(bytes(cipher.encrypted(unit * UNIT, plain)).equals(sealed)).to.equal(true);
          const back = cipher.decrypted(unit * UNIT, new BytesPayload(sealed));
          expect(bytes(back).equals(bytes(plain))).to.equal(true);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('has no cipher for a file of another key', () => {
    const context = { keyIdentifier: '00'.repeat(16), nonce: NONCE };
    expect(new MasterKey(KEY).cipherOf(host, context, 'test')).to.equal(null);
  });
});

const DISK = { size: 64, zoned: 1, zone_size: 4, zone_nr_conv: 3, memory_backed: 1 };

function run(machine: Machine, line: string, exit = 0): string {
  const result = machine.run(line);
  expect(result.exit, `${line}: ${result.stderr}`).to.equal(exit);
  return result.stdout + result.stderr;
}

function zonefs(options: Partial<MachineOptions> = {}, mount = `-o fscrypt=${KEY_HEX}`): Machine {
  const machine = new Machine({
    kernel: 'v5.12+fs-encryption',
    disks: { nullb0: DISK },
    ...options,
  });
  run(machine, 'mkzonefs -f /dev/nullb0');
  run(machine, `mount -t zonefs ${mount} /dev/nullb0 /mnt`);
  return machine;
}

/** What stands on the disk, without any file system. */
function raw(machine: Machine, from: number, length: number): Buffer {
  const file = machine.open('/dev/nullb0', O.RDONLY | O.DIRECT);
  const read = file.pread(length, from);
  file.close();
  return Buffer.from(read);
}

const SEQ0 = 3 * 4 * 1024 * 1024;

describe('zonefs with fscrypt (what-if)', () => {
  it('puts on the disk, by append, what another implementation makes of file, place and data', () => {
    for (const options of [{}, { eagerCiphertext: true }]) {
      const machine = zonefs(options);
      const file = machine.open('/mnt/seq/0', O.WRONLY | O.DIRECT | O.SYNC);
      const data = new PatternPayload(7, 0, 3 * UNIT);
      for (let i = 0; i < 3; i += 1) file.pwrite(data.slice(i * UNIT, UNIT), i * UNIT);
      // s_uuid of the super block; files are numbered by zone, and the first sequential one is zone 3.
      const nonce = raw(machine, 0, UNIT).subarray(72, 88);
      nonce[8] = nonce[8]! ^ 3;
      const wanted = independent(nonce, 0, data.bytes());
      expect(raw(machine, SEQ0, 3 * UNIT).equals(wanted)).to.equal(true);
      expect(Buffer.from(machine.readFile('/mnt/seq/0')).equals(bytes(data))).to.equal(true);
    }
  });

  it('reads with the key after a remount, and shows the ciphertext without', () => {
    const machine = zonefs();
    run(machine, 'dd if=/dev/pattern/1 of=/mnt/seq/0 bs=8k count=4 oflag=direct,sync conv=notrunc');
    const plain = machine.readFile('/mnt/seq/0');
    run(machine, 'umount /mnt');
    run(machine, 'mount -t zonefs /dev/nullb0 /mnt');
    const sealed = Buffer.from(machine.readFile('/mnt/seq/0'));
    expect(sealed.equals(raw(machine, SEQ0, 32768))).to.equal(true);
    expect(sealed.equals(plain)).to.equal(false);
    run(machine, 'umount /mnt');
    run(machine, `mount -t zonefs -o errors=repair,fscrypt=${KEY_HEX} /dev/nullb0 /mnt`);
    expect(Buffer.from(machine.readFile('/mnt/seq/0')).equals(plain)).to.equal(true);
  });

  it('gives equal blocks at different places and in different files different ciphertext', () => {
    const machine = zonefs();
    for (const file of [0, 1]) {
      for (const seek of [0, 1]) {
        run(
          machine,
          `dd if=/dev/zero of=/mnt/seq/${file} bs=16k count=1 seek=${seek} oflag=direct,sync conv=notrunc`,
        );
      }
    }
    const seen = new Set<string>();
    for (const file of [0, 1]) {
      const at = SEQ0 + file * 4 * 1024 * 1024;
      const disk = raw(machine, at, 32768);
      for (let i = 0; i < 32768; i += 16) seen.add(disk.toString('hex', i, i + 16));
    }
    expect(seen.size).to.equal((2 * 32768) / 16);
  });

  it('a direct write that is not whole units of 4096 bytes fails with EINVAL, on a disk with blocks of 512 too', () => {
    const machine = zonefs();
    const file = machine.open('/mnt/seq/0', O.WRONLY | O.DIRECT | O.SYNC);
    expect(() => file.pwrite(new PatternPayload(1, 0, 512), 0)).to.throw('Invalid argument');
    const read = machine.open('/mnt/cnv/0', O.RDONLY | O.DIRECT);
    expect(() => read.pread(512, 512)).to.throw('Invalid argument');
  });

  it('buffered writes to conventional files may begin and end anywhere', () => {
    const machine = zonefs();
    const data = new PatternPayload(3, 0, 10_000);
    const file = machine.open('/mnt/cnv/0', O.RDWR);
    file.pwrite(data, 1000);
    file.fsync();
    file.close();
    run(machine, 'umount /mnt');
    run(machine, `mount -t zonefs -o fscrypt=${KEY_HEX} /dev/nullb0 /mnt`);
    const again = machine.open('/mnt/cnv/0', O.RDONLY);
    expect(Buffer.from(again.pread(10_000, 1000)).equals(bytes(data))).to.equal(true);
  });

  it('a file whose end somebody else put inside a unit reads EIO there, with a decision', () => {
    const machine = zonefs();
    run(machine, 'umount /mnt');
    run(machine, `dd if=/dev/zero of=/dev/nullb0 bs=512 count=1 seek=${SEQ0 / 512} oflag=direct`);
    run(machine, `mount -t zonefs -o fscrypt=${KEY_HEX} /dev/nullb0 /mnt`);
    run(machine, 'cat /mnt/seq/0', 1);
    expect(machine.decisions.map((one) => one.rule)).to.include('zonefs.read.encryption-unit');
  });
});

describe('a zone that ends inside a unit', () => {
  it('refuses the mount with EINVAL and a decision, and is no matter without a key', () => {
    for (const masterKey of [new MasterKey(KEY), null]) {
      const { host, block, device } = bench('v5.12+fs-encryption', { capacitySectors: 127 });
      const fields = { label: '', uuid: NONCE, features: 0, uid: 0, gid: 0, permissions: 0o640 };
      device.write(0, encodeSuper(fields));
      const context = {
        host,
        block,
        device,
        source: '/dev/fake0',
        flags: { readOnly: false },
        data: '',
        masterKey,
      };
      const result = host.tasks.runToEnd('mount', zonefsType.mount(context));
      expect(result.ok).to.equal(masterKey === null);
      const asked = host.decisions.find((one) => one.rule === 'zonefs.mount.encryption-unit');
      expect(asked?.errno).to.equal(masterKey === null ? undefined : 'EINVAL');
    }
  });
});

function btrfs(): Machine {
  const machine = new Machine({
    kernel: 'v5.12+fs-encryption',
    disks: { nullb0: { ...DISK, size: 128 } },
  });
  run(machine, 'mkfs.btrfs -f -d single -m single /dev/nullb0');
  run(machine, `mount -t btrfs -o fscrypt=${KEY_HEX} /dev/nullb0 /mnt`);
  return machine;
}

function remounted(machine: Machine, options: string): void {
  run(machine, 'umount /mnt');
  run(machine, `mount -t btrfs ${options} /dev/nullb0 /mnt`);
}

describe('btrfs with fscrypt (what-if)', () => {
  it('keeps what was written in every way through a remount with the key, and none of it in the clear on the disk', () => {
    const machine = btrfs();
    const file = machine.open('/mnt/a', O.RDWR | O.CREAT);
    const model = Buffer.alloc(300_000);
    const put = (data: PatternPayload, at: number): void => {
      file.pwrite(data, at);
      bytes(data).copy(model, at);
    };
    put(new PatternPayload(1, 0, 100), 0);
    put(new PatternPayload(2, 0, 200_000), 50_000);
    file.fsync();
    put(new PatternPayload(3, 0, 77), 299_000);
    file.truncate(299_500);
    file.close();
    run(machine, 'sync');
    const direct = machine.open('/mnt/a', O.RDWR | O.DIRECT);
    direct.pwrite(new PatternPayload(4, 0, 8192), 4096);
    bytes(new PatternPayload(4, 0, 8192)).copy(model, 4096);
    direct.close();
    const wanted = model.subarray(0, 299_500);
    expect(Buffer.from(machine.readFile('/mnt/a')).equals(wanted)).to.equal(true);
    remounted(machine, `-o fscrypt=${KEY_HEX}`);
    expect(Buffer.from(machine.readFile('/mnt/a')).equals(wanted)).to.equal(true);
    const disk = raw(machine, 0, 128 * 1024 * 1024);
    for (const piece of [
      bytes(new PatternPayload(2, 0, 32)),
      bytes(new PatternPayload(4, 0, 32)),
    ]) {
      expect(disk.includes(piece)).to.equal(false);
    }
  });

  it('a small file is a block of its own, never inline in a leaf', () => {
    const machine = btrfs();
    const file = machine.open('/mnt/a', O.RDWR | O.CREAT);
    file.pwrite(new PatternPayload(1, 0, 100), 0);
    file.fsync();
    expect(file.stat().blocks).to.equal(8);
    expect(machine.readFile('/mnt/a').length).to.equal(100);
  });

  it('without the key, or with another, a file is neither opened nor truncated but can be removed', () => {
    const machine = btrfs();
    run(machine, 'dd if=/dev/pattern/1 of=/mnt/a bs=4k count=1');
    run(machine, 'dd if=/dev/pattern/1 of=/mnt/b bs=4k count=1');
    remounted(machine, '');
    for (const line of ['cat /mnt/a', 'truncate -s 0 /mnt/a']) {
      expect(run(machine, line, 1)).to.include('Required key not available');
    }
    run(machine, 'rm /mnt/a');
    remounted(machine, `-o fscrypt=${'ab'.repeat(64)}`);
    expect(run(machine, 'cat /mnt/b', 1)).to.include('Required key not available');
    run(machine, 'dd if=/dev/pattern/1 of=/mnt/c bs=4k count=1');
    run(machine, 'cat /mnt/c');
  });

  it('a file made without a key stays as it is', () => {
    const machine = btrfs();
    remounted(machine, '');
    run(machine, 'dd if=/dev/pattern/5 of=/mnt/plain bs=8k count=1');
    remounted(machine, `-o fscrypt=${KEY_HEX}`);
    const plain = bytes(new PatternPayload(5, 0, 8192));
    expect(Buffer.from(machine.readFile('/mnt/plain')).equals(plain)).to.equal(true);
    expect(raw(machine, 0, 128 * 1024 * 1024).includes(plain.subarray(0, 4096))).to.equal(true);
  });
});

describe('the key of a mount', () => {
  it('is refused with EINVAL when it is not 64 bytes in hex, and is not in what is said about it', () => {
    for (const key of ['', 'abcd', 'zz'.repeat(64), 'ab'.repeat(63), 'ab'.repeat(65)]) {
      const machine = new Machine({ kernel: 'v5.12+fs-encryption', disks: { nullb0: DISK } });
      run(machine, 'mkzonefs -f /dev/nullb0');
      const said = run(machine, `mount -t zonefs -o fscrypt=${key} /dev/nullb0 /mnt`, 32);
      expect(said).to.include('wrong fs type, bad option');
      const { rule, verdict } = machine.decisions.at(-1)!;
      expect([rule, verdict]).to.deep.equal(['fscrypt.mount.key', 'refuses']);
      const log = machine.dmesg().join('\n');
      expect(log).to.include('the key expected 64 bytes in hex');
      if (key !== '') expect(log + JSON.stringify(machine.decisions)).not.to.include(key);
    }
  });

  it('is no option of a kernel without the patch', () => {
    for (const kernel of ['v5.12', 'v7.3']) {
      const machine = new Machine({ kernel, disks: { nullb0: DISK } });
      run(machine, 'mkzonefs -f /dev/nullb0');
      run(machine, `mount -t zonefs -o fscrypt=${KEY_HEX} /dev/nullb0 /mnt`, 32);
    }
  });

  it('of a mount that encrypts is said by its identifier alone, with the word what-if', () => {
    const log = zonefs().dmesg().join('\n');
    expect(log).to.include(`what-if: zonefs encrypts file contents`);
    expect(log).to.include(`master key ${IDENTIFIER}; no mainline kernel does`);
    expect(log).not.to.include(KEY_HEX.slice(0, 32));
  });
});
