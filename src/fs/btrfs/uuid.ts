/** UUIDs as btrfs stores and prints them (lib/uuid.c, `%pU`): 16 bytes in the order they are written out. */

const TEXT = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** `11111111-2222-3333-4444-555555555555`. */
export function uuidText(bytes: Uint8Array): string {
  let hex = '';
  for (const byte of bytes.subarray(0, 16)) hex += byte.toString(16).padStart(2, '0');
  return [8, 12, 16, 20, 32].map((end, i) => hex.slice([0, 8, 12, 16, 20][i], end)).join('-');
}

/** The 16 bytes of a UUID's text, or null when it is none (libuuid's uuid_parse()). */
export function parseUuid(text: string): Uint8Array | null {
  if (!TEXT.test(text)) return null;
  const hex = text.replaceAll('-', '');
  return Uint8Array.from({ length: 16 }, (_, i) =>
    Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16),
  );
}

export function sameUuid(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < 16; i += 1) if (a[i] !== b[i]) return false;
  return true;
}
