import { bytesToHex } from '@noble/hashes/utils.js';
import { expect } from 'chai';
import { Machine, MachineError } from '../../../src/machine.ts';

const KEY = Array.from({ length: 64 }, (_, i) => i.toString(16).padStart(2, '0')).join('');
const WORDS = `inlinecrypt aes-xts-plain64 ${KEY} 0 /dev/nullb0 0`;

function machine(kernel: string, engine = 0, words = WORDS): Machine {
  const disk = { size: 64, zoned: 1, zone_size: 4, zone_nr_conv: 4, memory_backed: 1 };
  const made = new Machine({ kernel, disks: { nullb0: { ...disk, inline_crypto: engine } } });
  made.run(`dmsetup create c0 --table "0 131072 ${words}"`);
  return made;
}

/** The last line the kernel logs of a table with these words. */
function refusal(words: string): string {
  return (
    machine('v7.3', 0, words)
      .dmesg()
      .find((line) => line.includes('table:')) ?? ''
  );
}

describe('dm-inlinecrypt, as the source of 7.3 has it', () => {
  it('is unknown before 7.3, and in the recorded build, whose packages lack the module', () => {
    for (const kernel of ['v6.12', '7.3.4']) {
      const log = machine(kernel).dmesg().join('\n');
      expect(log, kernel).to.include('inlinecrypt: unknown target type');
    }
  });

  it('leaves on the disk what dm-crypt leaves there', () => {
    const crypt = WORDS.replace('inlinecrypt', 'crypt');
    const disks = [WORDS, crypt].flatMap((words) =>
      [0, 1].map((engine) => {
        const made = machine('v7.3', engine, words);
        made.run('dd if=/dev/pattern/3 of=/dev/mapper/c0 bs=64k count=3 oflag=direct');
        made.run('dd if=/dev/nullb0 of=/tmp/raw bs=64k count=3 iflag=direct');
        made.run('dd if=/dev/mapper/c0 of=/tmp/plain bs=64k count=3 iflag=direct');
        expect(made.run('cmp -n 196608 /tmp/plain /dev/pattern/3').exit).to.equal(0);
        return bytesToHex(made.readFile('/tmp/raw'));
      }),
    );
    expect(new Set(disks).size).to.equal(1);
  });

  it('counts data units of its sector_size', () => {
    const large = `${WORDS} 2 sector_size:4096 iv_large_sectors`;
    const [one, other] = [large, large.replace('inlinecrypt', 'crypt')].map((words) => {
      const made = machine('v7.3', 0, words);
      made.run('dd if=/dev/pattern/3 of=/dev/mapper/c0 bs=64k count=1 seek=1 oflag=direct');
      made.run('dd if=/dev/nullb0 of=/tmp/raw bs=64k count=1 skip=1 iflag=direct');
      return bytesToHex(made.readFile('/tmp/raw'));
    });
    expect(one).to.equal(other);
  });

  it('counts from any iv_offset as dm-crypt does, beyond 2^52 too', () => {
    for (const offset of [2 ** 32 - 3, 2 ** 52, 2 ** 53 - 2 ** 18]) {
      const inline = WORDS.replace(' 0 /dev', ` ${offset} /dev`);
      const [one, other] = [inline, inline.replace('inlinecrypt', 'crypt')].map((words) => {
        const made = machine('v7.3', 0, words);
        made.run('dd if=/dev/pattern/3 of=/dev/mapper/c0 bs=4k count=1 oflag=direct');
        made.run('dd if=/dev/nullb0 of=/tmp/raw bs=4k count=1 iflag=direct');
        return bytesToHex(made.readFile('/tmp/raw'));
      });
      expect(one, `${offset}`).to.equal(other);
    }
  });

  it('refuses tables in the words of its constructor', () => {
    const says: readonly (readonly [string, string])[] = [
      ['inlinecrypt aes-xts-plain64', 'Not enough arguments'],
      [WORDS.replace('xts', 'cbc'), 'Unsupported cipher'],
      [WORDS.replace(KEY, 'abc'), 'Cannot parse key size'],
      [WORDS.replace(KEY, 'zz'), 'Malformed key string'],
      [WORDS.replace(KEY, KEY.slice(64)), 'Error initializing blk-crypto key'],
      [`${WORDS} 1 sector_size:4096`, 'iv_large_sectors must be specified'],
      [`${WORDS} 1 sector_size:500`, 'Invalid sector_size'],
      [`${WORDS} 5 a`, 'Invalid number of feature args'],
      [`${WORDS} 1 same_cpu_crypt`, 'Invalid feature arguments'],
      [`${WORDS} 1 keytype:soft`, 'Invalid block key type'],
      [`${WORDS} 1 keytype:hw-wrapped`, 'Error starting to use blk-crypto'],
      [WORDS.replace(' 0 /dev', ' x /dev'), 'Invalid iv_offset sector'],
      [WORDS.replace(/0$/, 'x'), 'Invalid start sector'],
    ];
    for (const [words, text] of says) expect(refusal(words), words).to.include(text);
  });

  it('does not ask for emulation, so appends reach it; one what-if makes it ask', () => {
    expect(machine('v7.3').dmesg().join('\n')).to.include('using native zone append');
    const mended = machine('v7.3+inlinecrypt-emulates-append').dmesg().join('\n');
    expect(mended).to.include('using emulated zone append');
  });

  it('a disk has an engine or has none', () => {
    expect(() => machine('v7.3', 2)).to.throw(MachineError, '"inline_crypto" expected 0 or 1');
  });
});
