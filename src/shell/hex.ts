/** Bytes as hexadecimal and letters, sixteen in a row, as hexdump and xfs_io show them. */

export interface HexRow {
  /** Two digits for each byte. */
  readonly hex: readonly string[];
  /** The byte as a letter where ASCII prints one, else a dot. */
  readonly text: string;
}

export function hexRow(bytes: Uint8Array): HexRow {
  const hex: string[] = [];
  let text = '';
  for (const byte of bytes) {
    hex.push(byte.toString(16).padStart(2, '0'));
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
  }
  return { hex, text };
}
