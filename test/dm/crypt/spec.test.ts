/** The grammar of a crypt table line: each refusal, and which of several comes first. */

import { expect } from 'chai';
import { lookUp } from '../../../src/dm/crypt/algorithms.ts';
import { nobleProvider } from '../../../src/dm/crypt/provider.ts';
import { kernelByName } from '../../../src/kernel/releases.ts';
import { nodeProvider } from '../../../src/node/crypto-provider.ts';
import { KEY32, KEY64, Stand } from './stand.ts';

const REST = '0 /dev/nullb0 0';
const K24 = KEY32.slice(0, 48);

function refusal(line: string, kernel = 'v6.12', length = 524288): string {
  const made = new Stand(kernel).create(line, length);
  return made.ok ? 'ok' : `${made.errno} ${made.error ?? '(no text)'}`;
}

const REFUSALS: [string, string][] = [
  [`aes-cbc-plain ${KEY32} 0 /dev/nullb0`, 'EINVAL Not enough arguments'],
  [`aes-cbc-plain :32 ${REST}`, 'EINVAL Cannot parse key size'],
  [`aes-cbc-plain ${KEY32} ${REST} 10`, 'EINVAL Invalid number of feature args'],
  [`aes-cbc-plain ${KEY32} ${REST} 2 allow_discards`, 'EINVAL Invalid number of feature args'],
  [`aes-cbc-plain ${KEY32} ${REST} 1 bogus`, 'EINVAL Invalid feature arguments'],
  [`aes-cbc-plain ${KEY32} ${REST} 1 integrity:481:none`, 'EINVAL Invalid integrity arguments'],
  [`aes-cbc-plain ${KEY32} ${REST} 1 integrity:16:crc`, 'EINVAL Unknown integrity profile'],
  [
    `aes-cbc-plain ${KEY32} ${REST} 1 integrity_key_size:0`,
    'EINVAL Invalid integrity_key_size argument',
  ],
  [
    `aes-cbc-plain ${KEY32} ${REST} 1 sector_size:8192`,
    'EINVAL Invalid feature value for sector_size',
  ],
  [`xts(aes)-plain ${KEY32} ${REST}`, 'EINVAL Bad cipher specification'],
  [`aes:3-cbc-plain ${KEY32} ${REST}`, 'EINVAL Bad cipher key count specification'],
  [`aes:x-cbc-plain ${KEY32} ${REST}`, 'EINVAL Bad cipher key count specification'],
  [`aes-cbc ${KEY32} ${REST}`, 'EINVAL IV mechanism required'],
  [`aes-cbc-essiv ${KEY32} ${REST}`, 'EINVAL Digest algorithm missing for ESSIV mode'],
  [`aes-cbc-essiv:sha3000 ${KEY32} ${REST}`, 'ENOENT Error allocating crypto tfm'],
  [`capi:aes-plain64 ${KEY32} ${REST}`, 'ENOENT Error allocating crypto tfm'],
  [`blowfish-xts-plain64 ${KEY32} ${REST}`, 'EINVAL Error allocating crypto tfm'],
  [`aes-cbc-bogus ${KEY32} ${REST}`, 'EINVAL Invalid IV mode'],
  [`aes-cbc-plain ${KEY32}zz ${REST}`, 'EINVAL Error decoding and setting key'],
  [`aes-cbc-plain - ${REST}`, 'EINVAL Error decoding and setting key'],
  [`aes-xts-plain64 ${K24} ${REST}`, 'EINVAL Error decoding and setting key'],
  [`aes-cbc-plain :32:logon:a ${REST}`, 'ENOKEY Error decoding and setting key'],
  [`aes-cbc-elephant ${KEY64}${KEY32} ${REST}`, 'EINVAL (no text)'],
  [`aes-ctr-eboiv ${KEY32} ${REST}`, 'EINVAL Error creating IV'],
  [`aes-cbc-tcw ${KEY64} ${REST} 1 sector_size:4096`, 'EINVAL Error creating IV'],
  [`aes-cbc-plain ${KEY32} 0x10 /dev/nullb0 0`, 'EINVAL Invalid iv_offset sector'],
  [`aes-cbc-plain ${KEY32} 4 /dev/nullb0 0 1 sector_size:4096`, 'EINVAL Invalid iv_offset sector'],
  [`aes-cbc-plain ${KEY32} 0 /dev/nowhere 0`, 'ENOENT Device lookup failed'],
  [`aes-cbc-plain ${KEY32} 0 /dev/nullb0 x`, 'EINVAL Invalid device sector'],
  [`aes-cbc-random ${KEY32} ${REST}`, 'EINVAL Integrity profile not supported.'],
  [
    `capi:gcm(aes)-random ${KEY32} ${REST} 1 integrity:28:aead`,
    'EINVAL Integrity profile not supported.',
  ],
  [
    `capi:authenc(hmac(sha256),cbc(aes))-random ${KEY64} ${REST} 1 integrity:48:aead`,
    'EINVAL Integrity profile not supported.',
  ],
  [
    `capi:authenc(hmac(sha256),cbc(aes))-random ${KEY32} ${REST} 1 integrity:48:aead`,
    'EINVAL Error decoding and setting key',
  ],
];

describe('a crypt table line is refused with the constructor’s text', () => {
  for (const [line, expected] of REFUSALS) {
    const shown = line.replaceAll(KEY64, 'KEY64').replaceAll(KEY32, 'KEY32');
    it(`${shown.replace(` ${REST}`, '')}: ${expected}`, () => {
      expect(refusal(line)).to.equal(expected);
    });
  }

  it('in the constructor’s order: options, cipher, IV, key, offset, device, device sector', () => {
    const bad = ['x-y-z', 'zz', 'q', '/dev/nowhere', 'q', '1', 'bogus'];
    const fixes: [number, string, string][] = [
      [6, 'allow_discards', 'Invalid feature arguments'],
      [0, 'aes-cbc-z', 'Error allocating crypto tfm'],
      [0, 'aes-cbc-plain', 'Invalid IV mode'],
      [1, KEY32, 'Error decoding and setting key'],
      [2, '0', 'Invalid iv_offset sector'],
      [3, '/dev/nullb0', 'Device lookup failed'],
      [4, '0', 'Invalid device sector'],
    ];
    for (const [word, good, text] of fixes) {
      expect(refusal(bad.join(' '))).to.match(new RegExp(`${text}$`));
      bad[word] = good;
    }
    expect(refusal(bad.join(' '))).to.equal('ok');
  });

  it('and the refusal is a decision that names the check and never the key', () => {
    const stand = new Stand('v6.12');
    stand.create(`aes-cbc-bogus ${KEY32} ${REST}`);
    expect(stand.host.decisions).to.have.length(1);
    expect(stand.host.decisions[0]).to.include({
      rule: 'crypt.table.iv-mode',
      verdict: 'refuses',
      errno: 'EINVAL',
      log: 'Invalid IV mode',
    });
    expect(JSON.stringify(stand.host.decisions)).not.to.contain(KEY32);
  });
});

describe('what a crypt table line may leave out or say twice', () => {
  const ok = (line: string, length?: number): string => refusal(line, 'v6.12', length);
  it('is the mode and IV of the first dm-crypt, an odd hex digit, the case of options', () => {
    expect(ok(`aes ${KEY32} ${REST}`)).to.equal('ok');
    expect(ok(`aes-plain ${KEY32} ${REST}`)).to.equal('ok');
    expect(ok(`aes-cbc-plain ${KEY32}f ${REST}`)).to.equal('ok');
    expect(ok(`aes-cbc-plain ${KEY32} ${REST} 1 ALLOW_DISCARDS`)).to.equal('ok');
    expect(ok(`aes-cbc-plain ${KEY32} ${REST} 0 ignored words`)).to.equal('ok');
  });

  it('shows the cipher as given and the options in the kernel’s order', () => {
    const target = new Stand('v6.12', false).target(
      `capi:cbc(aes)-plain64 ${KEY32.toUpperCase()} 8 /dev/nullb0 16 4 iv_large_sectors sector_size:4096 no_read_workqueue allow_discards`,
    );
    expect(target.status('table', true)).to.equal(
      `capi:cbc(aes)-plain64 ${KEY32} 8 253:0 16 4 allow_discards no_read_workqueue sector_size:4096 iv_large_sectors`,
    );
  });

  it('is not a length that is no multiple of sector_size', () => {
    const line = `aes-cbc-plain ${KEY32} ${REST} 1 sector_size:4096`;
    expect(ok(line, 524289)).to.equal('EINVAL Device size is not multiple of sector_size feature');
  });
});

describe('kernels differ in what they know of ciphers', () => {
  it('high_priority and a ninth option exist from 6.10 on', () => {
    const line = `aes-cbc-plain ${KEY32} ${REST} 1 high_priority`;
    expect(refusal(line, 'v6.5')).to.equal('EINVAL Invalid feature arguments');
    expect(refusal(line, 'v6.10')).to.equal('ok');
  });

  it('a template that cannot make a cipher is ENOENT before 6.12 and EINVAL after', () => {
    const essiv = (kernel: string): unknown =>
      lookUp('essiv(cbc(aes),sha512)', 'skcipher', kernelByName(kernel).crypt);
    const log = 'Unsupported essiv instantiation: essiv(cbc(aes),sha512)';
    expect(essiv('v6.1')).to.deep.equal({ ok: false, errno: 'ENOENT', log });
    expect(essiv('v6.12')).to.deep.equal({ ok: false, errno: 'EINVAL', log });
  });

  it('a trusted key is no key type before 5.12', () => {
    const line = `aes-cbc-plain :32:trusted:a ${REST}`;
    expect(refusal(line, 'v5.10')).to.match(/^EINVAL/);
    expect(refusal(line, 'v5.12')).to.match(/^ENOKEY/);
  });
});

describe('cipher providers', () => {
  it('give identical bytes for every key size, in both directions', () => {
    for (const size of [16, 24, 32]) {
      const key = Uint8Array.from({ length: size }, (_, i) => i * 7 + size);
      const data = (): Uint8Array => Uint8Array.from({ length: 4096 }, (_, i) => (i * i) & 255);
      const [noble, node] = [nobleProvider.aes(key), nodeProvider.aes(key)];
      const one = noble.encrypt(data());
      expect([...one]).to.deep.equal([...node.encrypt(data())]);
      expect([...noble.decrypt(one.slice())]).to.deep.equal([...data()]);
      expect([...node.decrypt(one.slice())]).to.deep.equal([...data()]);
    }
  });

  it('refuse a key of another size, and keep no hold on the caller’s bytes', () => {
    for (const provider of [nobleProvider, nodeProvider]) {
      expect(() => provider.aes(new Uint8Array(20))).to.throw(RangeError, /16, 24 or 32/);
      const key = new Uint8Array(32);
      const prepared = provider.aes(key);
      key.fill(1);
      const expected = provider.aes(new Uint8Array(32)).encrypt(new Uint8Array(16));
      expect([...prepared.encrypt(new Uint8Array(16))]).to.deep.equal([...expected]);
    }
  });
});
