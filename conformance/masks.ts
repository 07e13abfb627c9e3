/**
 * The closed list of what is not compared: pids, UUIDs drawn by tools, pieces of warning dumps, and boot noise. The
 * recordings were cleaned by the same rules, so ours are cleaned in the same way before they are compared.
 */

/** Lines every recording leaves out: module and boot noise, and the ioctl layer's own lines. */
const NOISE =
  /workqueue: .*hogged|random: crng|device-mapper: (?:core: CONFIG_IMA|uevent|ioctl)|blk-mq: reduced tag|I\/O scheduler.*registered|null_blk: disk .* created|null_blk: module|Btrfs loaded|drop_caches: \d/;

export function maskText(text: string): string {
  return (
    text
      .replace(/\(\d+\)$/gm, '(PID)')
      .replace(/scanned by (\S+) \(\d+\)/g, 'scanned by $1 (PID)')
      .replace(/FS UUID: \S+/g, 'FS UUID: X')
      // The checksum covers a UUID that mkzonefs drew; one put there by hand stays.
      .replace(
        /(Invalid checksum \(Expected )0x[0-9a-f]+(, got )(?!0xdeadbeef)0x[0-9a-f]+/g,
        '$1X$2X',
      )
      .replace(/(Invalid checksum \(Expected )0x[0-9a-f]+(, got 0xdeadbeef)/g, '$1X$2')
      .replace(/UUID=[0-9a-f-]{36}/g, 'UUID=X')
      .replace(/PID: \d+/g, 'PID')
  );
}

/** Our log lines as a recording would hold them. */
export function recordedLines(lines: readonly string[]): string[] {
  return lines.filter((line) => !NOISE.test(line)).map(maskText);
}
