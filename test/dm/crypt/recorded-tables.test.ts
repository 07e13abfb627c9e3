/** Tables of real kernels beyond those of the conformance files: outcome, errno, texts, log lines and ciphertext. */

import { readFileSync } from 'node:fs';
import { bytesToHex } from '@noble/hashes/utils.js';
import { expect } from 'chai';
import { patternBytes } from '../../../src/block/pattern.ts';
import { BytesPayload } from '../../../src/block/payload.ts';
import { splitArgs } from '../../../src/dm/args.ts';
import { cipherOf } from '../../../src/dm/crypt/cipher.ts';
import { encrypted } from '../../../src/dm/crypt/cipher-payload.ts';
import { parseSpec } from '../../../src/dm/crypt/spec.ts';
import { NotModelled } from '../../../src/kernel/not-modelled.ts';
import { kernelByName } from '../../../src/kernel/releases.ts';

type ByKernel = string | Readonly<Record<string, string>>;

interface Table {
  readonly cipher: string;
  readonly key: string;
  readonly iv: string;
  readonly options: string;
  readonly outcome: ByKernel;
  readonly data?: ByKernel;
}

const FILE = new URL('../../../conformance/recorded/dm-crypt-tables.json', import.meta.url);
const { tables } = JSON.parse(readFileSync(FILE, 'utf8')) as { tables: Table[] };

const KERNELS: [string, string][] = [
  ['5.10', '5.10.262'],
  ['6.1', '6.1.192'],
  ['6.12', '6.12.117'],
  ['7.3', '7.3.4'],
];

function keyOf(text: string): string {
  const count = /^\((\d+)\)$/.exec(text);
  if (count === null) return text;
  const bytes = Number(count[1]);
  const byte = (i: number) => (bytes > 80 ? (i * 167 + 13 * Math.floor(i / 16) + 3) & 255 : i);
  return bytesToHex(Uint8Array.from({ length: bytes }, (_, i) => byte(i)));
}

function on(kernel: string, value: ByKernel): string | undefined {
  return typeof value === 'string' ? value : value[kernel];
}

/** The keys that were in the keyring of the recorded machine: byte i is 7 i + 1. */
const KEYRING: Readonly<Record<string, number>> = {
  'user:zk': 32,
  'user:zk16': 16,
  'logon:z:k': 32,
  'user:z:k': 32,
  'user:big': 2000,
};

function parse(name: string, table: Table) {
  const lines: string[] = [];
  const { crypt } = kernelByName(name);
  const words = `${table.cipher} ${keyOf(table.key)} ${table.iv} /dev/x 0 ${table.options}`;
  const step = parseSpec(splitArgs(words), 32768, {
    answers: crypt,
    keyring: {
      lookUp: (type, description) => {
        if (description === 'rev') return 'EKEYREVOKED';
        const bytes = KEYRING[`${type}:${description}`];
        return bytes === undefined
          ? 'ENOKEY'
          : Uint8Array.from({ length: bytes }, (_, i) => (7 * i + 1) & 255);
      },
    },
    log: (_level, text) => lines.push(text),
  });
  return { step, lines: lines.filter((line) => line !== crypt.crc32Notice) };
}

describe('recorded tables', () => {
  for (const [short, name] of KERNELS) {
    it(`load, fail and encrypt on ${name} as on the real one, or are not modelled by name`, () => {
      let compared = 0;
      let computed = 0;
      for (const table of tables) {
        const recorded = on(short, table.outcome);
        if (recorded === undefined) continue;
        const title = `${table.cipher.slice(0, 60)} ${table.key.slice(0, 40)} ${table.options}`;
        let found: ReturnType<typeof parse>;
        try {
          found = parse(name, table);
        } catch (error) {
          expect(error, title).to.be.instanceOf(NotModelled);
          continue;
        }
        const { step, lines } = found;
        // A place for tags is asked for after the device was opened.
        const integrity = step.ok && step.value.needsIntegrity;
        const error = integrity ? 'Integrity profile not supported.' : !step.ok && step.error;
        const outcome = step.ok ? (integrity ? 'EINVAL' : 'ok') : step.errno;
        if (outcome !== 'ok') lines.push(`! ${error === undefined ? 'Unknown error' : error}`);
        expect([outcome, ...lines].join(' | '), title).to.equal(recorded);
        compared += 1;
        const data = table.data === undefined ? undefined : on(short, table.data);
        if (!step.ok || data === undefined) continue;
        const cipher = cipherOf(step.value, false);
        if (cipher.kind === 'not-modelled' || cipher.kind === 'tagged') continue;
        const heads = [0, 1000].map((sector) => {
          const plain = patternBytes(1, sector * 512, 512);
          if (cipher.kind === 'transparent') return bytesToHex(plain.subarray(0, 16));
          const { identity, ivOffsetSectors } = cipher;
          const payload = encrypted(new BytesPayload(plain), identity, sector + ivOffsetSectors);
          return bytesToHex(payload.bytes().subarray(0, 16));
        });
        expect(heads.join(''), title).to.equal(data);
        computed += 1;
      }
      expect(compared).to.be.greaterThan(200);
      expect(computed).to.be.greaterThan(40);
    }).timeout(20000);
  }
});
