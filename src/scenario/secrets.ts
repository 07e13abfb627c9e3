/**
 * Keys in what a user typed. They stand in table lines and messages to dm-crypt, in what keyctl adds and in
 * options of mounts that encrypt; wherever a result is shown they are left out, so that a report can be sent to somebody.
 */

const AFTER_CRYPT = /\b(?:inline)?crypt\s+\S+\s+(\S+)/g;
const AFTER_KEY_SET = /\bkey\s+set\s+(\S+)/g;
const AFTER_KEYCTL_ADD = /\bkeyctl\s+add\s+(?:-x\s+)?\S+\s+\S+\s+(\S+)/g;
const AFTER_FSCRYPT = /\bfscrypt=([^\s,]+)/g;

/** Shorter ones keep no secret, and would be found in half of what is printed. */
const SHORTEST = 8;

/** The keys in command lines, right or wrong: a key with one letter too many is still almost the key. */
export function secretsOf(commands: Iterable<string>): ReadonlySet<string> {
  const found = new Set<string>();
  for (const command of commands) {
    for (const pattern of [AFTER_CRYPT, AFTER_KEY_SET, AFTER_KEYCTL_ADD, AFTER_FSCRYPT]) {
      for (const match of command.matchAll(pattern)) {
        const key = match[1]!.replace(/["'\\].*$/, '');
        // ":32:logon:name" names a key of the kernel's keyring and is none itself.
        if (key.length < SHORTEST || key.startsWith(':')) continue;
        found.add(key);
        // The kernel drops an odd last digit and shows the rest.
        if (key.length % 2 === 1) found.add(key.slice(0, -1));
      }
    }
  }
  return found;
}

/** A function that puts `instead` in the place of each of `secrets`, in upper or lower case. */
export function redactor(
  secrets: ReadonlySet<string>,
  instead: (key: string) => string,
): (text: string) => string {
  if (secrets.size === 0) return (text) => text;
  const longestFirst = [...secrets].sort((a, b) => b.length - a.length);
  const escaped = longestFirst.map((key) => key.replace(/[^A-Za-z0-9]/g, '\\$&'));
  const pattern = new RegExp(escaped.join('|'), 'gi');
  return (text) => text.replace(pattern, instead);
}

/** Zeros of the same length, as dmsetup shows keys. */
export function zeroed(key: string): string {
  return '0'.repeat(key.length);
}

/** The hidden key of a report that people read. */
export function abbreviated(): string {
  return '[key]';
}
