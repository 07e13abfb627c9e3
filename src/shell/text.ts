/** Text helpers of the shell: UTF-8, and the quoting GNU tools put around names in their messages. */

const REPLACEMENT = '\ufffd';

/** Bytes as text; what is no UTF-8 becomes U+FFFD, byte by byte. */
export function utf8ToText(bytes: Uint8Array): string {
  let out = '';
  let at = 0;
  while (at < bytes.length) {
    const first = bytes[at]!;
    const length = sequenceLength(first);
    let code = length === 1 ? first : first & (0x7f >> length);
    let valid = length > 0 && at + length <= bytes.length;
    for (let i = 1; valid && i < length; i += 1) {
      const next = bytes[at + i]!;
      valid = (next & 0xc0) === 0x80;
      code = (code << 6) | (next & 0x3f);
    }
    // Overlong forms, surrogates and what lies above Unicode are no characters.
    if (valid && length > 1) {
      const least = [0, 0, 0x80, 0x800, 0x10000][length]!;
      valid = code >= least && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
    }
    out += valid ? String.fromCodePoint(code) : REPLACEMENT;
    at += valid ? length : 1;
  }
  return out;
}

function sequenceLength(first: number): number {
  if (first < 0x80) return 1;
  if (first >= 0xc0 && first < 0xe0) return 2;
  if (first >= 0xe0 && first < 0xf0) return 3;
  return first >= 0xf0 && first < 0xf8 ? 4 : 0;
}

/** A name as GNU tools quote it in messages about files (gnulib quoteaf(), C locale): always in quotes. */
export function quoted(name: string): string {
  if (!name.includes("'")) return `'${name}'`;
  return /["$`\\!]/.test(name) ? `'${name.replaceAll("'", "'\\''")}'` : `"${name}"`;
}

/** A name as GNU tools put it before a colon (gnulib quotef()): bare unless a shell would trip over it. */
export function quotedIfNeeded(name: string): string {
  return name === '' || /[\s"'$`\\!&*()<>?[\]|;~#^={}]/.test(name) ? quoted(name) : name;
}
