import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { runCli } from '../support/run-cli.ts';

const IMAGE = 'conformance/images/btrfs-zoned-6.12.117-512M-z4M.raw.gz';
const ZONES = 'conformance/images/btrfs-zoned-6.12.117-512M-z4M.zones.txt';

const folder = mkdtempSync(join(tmpdir(), 'zonestack-'));
const written = (name: string, bytes: string | Uint8Array): string => {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  return file;
};
const show = (...args: string[]) => runCli('image', 'superblock', ...args);

interface Slot {
  readonly offset: number;
  readonly generation: number;
  readonly label: string;
}

async function refused(...args: string[]): Promise<string> {
  const { exit, stdout, stderr } = await show(...args);
  expect({ exit, stdout }, stderr).to.deep.equal({ exit: 2, stdout: '' });
  expect(stderr).not.to.match(/^\s+at /m);
  return stderr.replace(/\s+/g, ' ');
}

describe('zonestack image superblock', function () {
  this.timeout(60_000);
  after(() => rmSync(folder, { recursive: true }));

  it('shows the newest superblock of an image that a real kernel wrote, and its log', async () => {
    const { exit, stdout } = await show(IMAGE, '--zones', ZONES);
    expect(exit).to.equal(0);
    expect(stdout).to.equal(`\
newest superblock: generation 8, at byte 12288
  found      the one before the write pointer that the report gives
  checksum   crc32c, valid
  label      golden
  fsid       11111111-2222-3333-4444-555555555555
  size       536870912 bytes, 991232 used, 1 device
  blocks     sectors of 4096, nodes of 16384 bytes
  roots      tree 13172736, chunk 8601600, log 0
  incompat   0x1361 (MIXED_BACKREF, BIG_METADATA, EXTENDED_IREF,
             SKINNY_METADATA, NO_HOLES, ZONED)
  compat ro  0x3 (FREE_SPACE_TREE, FREE_SPACE_TREE_VALID)

4 superblocks
  at byte  generation  log root  checksum
  0        6           0         valid
  4096     7           0         valid
  8192     7           20987904  valid
  12288    8           0         valid     <- newest
`);
  });

  it('gives the same as a document, with and without a report, packed and raw', async () => {
    const raw = written('raw', gunzipSync(readFileSync(IMAGE)).subarray(0, 64 * 2 ** 20));
    for (const args of [[IMAGE], [IMAGE, '--zones', ZONES], [raw], [raw, '--zones', ZONES]]) {
      const { exit, stdout } = await show(...args, '--format', 'json');
      expect(exit).to.equal(0);
      const { newest, slots } = JSON.parse(stdout) as { newest: Slot; slots: readonly Slot[] };
      expect([newest.generation, newest.label, newest.offset]).to.deep.equal([8, 'golden', 12288]);
      expect(slots.map(({ generation }) => generation)).to.deep.equal([6, 7, 7, 8]);
    }
  });

  it('notes on standard error that an image is shorter than its file system', async () => {
    const short = written('short', gunzipSync(readFileSync(IMAGE)).subarray(0, 2 ** 20));
    const { exit, stderr } = await show(short);
    expect(exit).to.equal(0);
    expect(stderr).to.include('cut off?');
  });

  it('refuses a packed image that is cut off or damaged, garbage, an empty and a missing one', async () => {
    const packed = readFileSync(IMAGE);
    expect(await refused(written('cut.gz', packed.subarray(0, 300_000)))).to.include('cut off');
    const damaged = Buffer.from(packed);
    damaged.fill(0xff, 1000, 1200);
    expect(await refused(written('damaged.gz', damaged))).to.include('damaged');
    expect(await refused(written('noise', Buffer.alloc(1 << 20, 0x5a)))).to.include(
      'no btrfs superblock',
    );
    expect(await refused(written('empty', ''))).to.include('no btrfs superblock');
    expect(await refused(join(folder, 'nothere'))).to.include('there is no such file');
    expect(await refused(folder)).to.include('it is a directory');
    await refused(written('zeros.gz', gzipSync(Buffer.alloc(1 << 22))));
  });

  it('refuses a report that is none, with its line, and zones no log can stand in', async () => {
    const report = readFileSync(ZONES, 'utf8');
    const oops = await refused(IMAGE, '--zones', written('oops', `${report}oops\n`));
    expect(oops).to.include('oops:129:');
    const long = report.replace('len 0x002000', 'len 0xfffffffff');
    expect(await refused(IMAGE, '--zones', written('long', long))).to.include('long:1:');
    expect(await refused(IMAGE, '--zones', written('none', ''))).to.include('none:1:');
    expect(await refused(IMAGE, '--zones', join(folder, 'nothere'))).to.include('ENOENT');
  });

  it('wants to be told what to show', async () => {
    expect((await runCli('image')).exit).to.equal(2);
    expect((await runCli('image', 'tree', IMAGE)).exit).to.equal(2);
    expect((await show()).exit).to.equal(2);
  });
});
