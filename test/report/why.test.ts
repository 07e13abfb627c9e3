import { expect } from 'chai';
import { runCli } from '../support/run-cli.ts';

async function why(...args: string[]): Promise<string> {
  const { exit, stdout, stderr } = await runCli('why', ...args);
  expect({ exit, stderr }).to.deep.equal({ exit: 0, stderr: '' });
  return stdout;
}

describe('why', () => {
  it('names, for zonefs garbage, the read IV, the write IV, and the append that carried the zone start', async () => {
    expect(await why('scenarios/zonefs-garbage.yaml')).to.equal(`\
v5.12
  step 5 \`dd if=/dev/pattern/2 of=/mnt/seq/0 bs=64k count=1 seek=1 ...\`: its
  write reads back different, from byte 65536
    <- the read went to dm-0 sector 32896 and was decrypted with IV sectors from
       32896
    <- nullb0 had put the data at sectors 32896 to 33023, at the write pointer
       of the zone
    <- but dm-crypt on dm-0 had encrypted it with IV sectors from 32768, counted
       from the sector its bio carried
    <- the plain64 generator (the number as 64 bits, little endian) made IV
       00800000 00000000 00000000 00000000 of 32768; sector 32896 needs 80800000
       00000000 00000000 00000000 of 32896
    <- of its unit the first bytes 22ae5ea2 0f68c084 0f51f8b1 8370e4c0 became
       ebbc4e4c 02520621 31d72a1a 111c335f instead of bf3cc2b4 6f0f5bcc 856781a5
       c46819b5, and are read as fdc21106 a02e1c82 ca12c9b1 c1f8faaf
    => bio 65 was a zone append: it carried the start of its zone, dm-0 sector
       32768, which is all that is known when it is encrypted
`);
  });

  it('names, for the lost btrfs, the location that was wrong, whatever the IV is', async () => {
    const text = await why('scenarios/btrfs-lost.yaml');
    const [xts, none] = text.split(/^v5\.12 /m).slice(1);
    expect(none!.replace('aes-cbc-null', 'aes-xts-plain64')).to.equal(xts);
    expect(xts).to.equal(`\
{cipher: aes-xts-plain64}
  step 5 \`sync\`: "BTRFS: error (device dm-0) in btrfs_run_delayed_refs:2163:
  errno=-5 IO failure"
    <- 8 zone appends were reported at sector 32768 of dm-0, where they do not
       lie
    <- bio 57 was put at sector 33016, its completion said 32768: the start of
       its zone, to which every append is sent
    => dm-crypt on dm-0 sends a bio of its own and does not hand the sector of
       that one back
  (1 more with --all)
`);
  });

  it('names, for an append that was cut, the part whose place was taken for its own', async () => {
    const cells = (await why('scenarios/explore/append-split.yaml')).split(/^(?=v6)/m);
    for (const cell of cells) {
      if (!/\{kernel: v6\.1[12], bytes: 256k\}/.test(cell)) {
        expect(cell).to.include('nothing went wrong');
        continue;
      }
      expect(cell.replace(/\s+/g, ' ')).to.include(
        'a zone append was reported at sector 33024 of dm-0, where it does not lie' +
          ' <- bio 55 was put at sector 32768, its completion said 33024: where the last of its 2 parts lies' +
          ' => dm-0 had made a regular write of the append and cut it',
      );
    }
    expect(cells.filter((cell) => cell.includes('of its 2 parts'))).to.have.length(2);
  });

  it('names, for the refused btrfs, the rule, the limit, and the floors that set it to 0', async () => {
    expect(await why('scenarios/btrfs-refused.yaml')).to.equal(`\
v5.12, then v5.12+series
  step 5 \`mount -t btrfs /dev/mapper/c0 /mnt\`: EINVAL, "zoned: device dm-0 does
  not support zone append"
    <- rule btrfs.mount.zone-append-limit refused dm-0 (fs/btrfs/zoned.c,
       btrfs_get_dev_zone_info): max_zone_append_sectors = 0
    <- dm-0 set max_zone_append_sectors to 0, by dm.zone-append-support:
       strategy = support-control, obstacle = dm-crypt, because =
       zone_append_not_supported
    => dm-0/crypt had asked for it with zone_append_not_supported, by
       crypt.zone-append: iv = plain64, keys = 1, CRYPT_IV_NO_SECTORS = false
       ("Zone append is not supported with sector-based IV cyphers")
  (3 more with --all)
`);
  });

  it('finds who cut a write to nothing when nobody made an error of it', async () => {
    const text = await why('scenarios/zonefs-garbage.yaml', '--kernel', 'v5.12+series[1-2]');
    expect(text).to.match(
      /No space left on device.*zonefs\.append\.limit.*to 0, by.*crypt\.zone-append/s,
    );
  });

  it('blames the IV where the location is right, as the cover letter has it', async () => {
    const text = await why('scenarios/btrfs-lost.yaml', '--patch', 'crypt-returns-written-sector');
    const [xts, none] = text.split(/^v5\.12\+crypt-returns-written-sector /m).slice(1);
    expect(xts).to.match(/cannot be read back.*decrypted with IV sectors.*encrypted it with IV/s);
    expect(none).not.to.include('IV sectors');
  });

  it('asked about a step tells that step alone, notes included', async () => {
    const text = await why('scenarios/stacks.yaml', '5');
    expect(text).to.include('falling back to using regular writes');
    expect(text).to.match(/dm-1 set.*dm-0 had set it before.*dm-0\/crypt had asked/s);
    expect(await why('scenarios/stacks.yaml', '6')).to.equal('v5.12+series\n  step 6 went well\n');
  });

  it('tells decisions against something in a run that went well only with --all', async () => {
    expect(await why('scenarios/stacks.yaml')).to.equal(
      'v5.12+series\n  nothing went wrong\n  (7 more with --all)\n',
    );
    const all = await why('scenarios/stacks.yaml', '--all');
    expect(all.match(/^ {4}=> /gm)).to.have.length(7);
  });

  it('says of data that a file system encrypted that its place does not matter', async () => {
    const text = await why('scenarios/fs-encryption.yaml', '5');
    expect(text).to.include('sectors 32896 to 33023, at the write pointer');
    expect(text).to.include('bio 6 was a zone append to the zone at nullb0 sector 32768');
    expect(text.replace(/\s+/g, ' ')).to.include(
      'encrypted bio 6 with blocks 16 to 31 of seq/0 as IVs: where it lands does not enter (what-if, in no mainline kernel)',
    );
  });

  it('says of a write that failed what stood in its way: another writer, the zone, a planned fault', async () => {
    const flat = async (file: string) => (await why(file)).replace(/\s+/g, ' ');
    for (const cell of (await flat('scenarios/zonefs/0601-outsider-async-remount-ro.yaml'))
      .split('{era: ')
      .slice(1)) {
      expect(cell).to.include(
        '<- bio 7, a regular write to nullb0 sector 32776, failed: EIO' +
          ' <- it was for nullb0 sector 32776, but the write pointer of that zone stood at 32784' +
          ' => bio 6, sent by dd, had moved it there',
      );
    }
    const readOnly = await flat('scenarios/zonefs/0611-read-only-at-write-remount-ro.yaml');
    expect(readOnly).to.include('=> the zone at nullb0 sector 32768 had become read-only');
    const offline = await flat('scenarios/zonefs/0621-offline-at-write-remount-ro.yaml');
    expect(offline).to.include('=> the zone at nullb0 sector 32768 had gone offline');
  });

  it('reads nothing back where the power is off, and tells the faults that were planned', async () => {
    const cells = (await why('scenarios/faults.yaml', '--all'))
      .replace(/\s+/g, ' ')
      .split('errors: ');
    expect(cells.length).to.equal(7);
    for (const cell of cells.slice(1)) {
      expect(cell).to.match(/sector \d+, failed: ENODATA => a fault was planned: ends with medium/);
    }
  });
});
