/**
 * Writes WebAssembly modules: just the instructions that the block ciphers here need (WebAssembly core specification,
 * chapter 5, binary format). Modules are made when they are first used, from the text of their generators, so there are
 * no bytes in the source that nobody can read.
 */

/** Instructions without an operand in the code. 128-bit ones stand behind the prefix 0xfd. */
const PLAIN = {
  'i32.eqz': [0x45],
  'i32.lt_u': [0x49],
  'i32.ne': [0x47],
  'i32.add': [0x6a],
  'i32.sub': [0x6b],
  'i32.shl': [0x74],
  'i8x16.swizzle': [0xfd, 0x0e],
  'v128.and': [0xfd, 0x4e],
  'v128.xor': [0xfd, 0x51],
  'i32x4.shr_s': [0xfd, 0xac, 0x01],
  'i64x2.shl': [0xfd, 0xcb, 0x01],
  'i64x2.shr_u': [0xfd, 0xcd, 0x01],
  'i64x2.add': [0xfd, 0xce, 0x01],
} as const;

export type Plain = keyof typeof PLAIN;

const MAGIC_AND_VERSION = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const I32 = 0x7f;
const V128 = 0x7b;
const NO_RESULT = 0x40;
const END = 0x0b;
/** Every access is to addresses that are multiples of 16 bytes: 2^4. */
const ALIGNMENT = 4;

/** The body of a function that takes `params` 32-bit numbers and returns nothing. */
export class Code {
  readonly params: number;
  private readonly body: number[] = [];
  private readonly types: number[] = [];
  /** Locals of 128 bits that may be used again. */
  private readonly free: number[] = [];

  constructor(params: number) {
    this.params = params;
  }

  /** A new local of 32 bits. */
  number(): number {
    return this.params + this.types.push(I32) - 1;
  }

  /** A local of 128 bits. */
  vector(): number {
    return this.free.pop() ?? this.params + this.types.push(V128) - 1;
  }

  vectors(count: number): number[] {
    return Array.from({ length: count }, () => this.vector());
  }

  /** These locals are not needed any more. */
  release(...locals: readonly number[]): void {
    this.free.push(...locals);
  }

  op(name: Plain): this {
    this.body.push(...PLAIN[name]);
    return this;
  }

  get(local: number): this {
    this.body.push(0x20, ...unsigned(local));
    return this;
  }

  set(local: number): this {
    this.body.push(0x21, ...unsigned(local));
    return this;
  }

  /** A number between 0 and 2^31. */
  constant(value: number): this {
    this.body.push(0x41, ...signed(value));
    return this;
  }

  bytes(values: ArrayLike<number>): this {
    this.body.push(0xfd, 0x0c, ...Array.from(values));
    return this;
  }

  /** Lanes of 8 bits of the two vectors on the stack (0 to 31). */
  shuffle(lanes: readonly number[]): this {
    this.body.push(0xfd, 0x0d, ...lanes);
    return this;
  }

  /** From the address on the stack. */
  load(offset = 0): this {
    this.body.push(0xfd, 0x00, ALIGNMENT, ...unsigned(offset));
    return this;
  }

  /** To the address on the stack below the vector. */
  store(offset = 0): this {
    this.body.push(0xfd, 0x0b, ALIGNMENT, ...unsigned(offset));
    return this;
  }

  block(inside: () => void): this {
    return this.nest(0x02, inside);
  }

  loop(inside: () => void): this {
    return this.nest(0x03, inside);
  }

  /** When the number on the stack is not 0. */
  when(inside: () => void): this {
    return this.nest(0x04, inside);
  }

  /** To the `depth`-th enclosing construct: out of a block, to the start of a loop. */
  branch(depth: number): this {
    this.body.push(0x0c, depth);
    return this;
  }

  branchIf(depth: number): this {
    this.body.push(0x0d, depth);
    return this;
  }

  /** `local` += `by` bytes. */
  advance(local: number, by: number): this {
    return this.get(local).constant(by).op('i32.add').set(local);
  }

  /** The function as it stands in the code section. */
  finished(): number[] {
    const locals = this.types.flatMap((type) => [1, type]);
    return sized([...unsigned(this.types.length), ...locals, ...this.body, END]);
  }

  private nest(opcode: number, inside: () => void): this {
    this.body.push(opcode, NO_RESULT);
    inside();
    this.body.push(END);
    return this;
  }
}

/** A module with these functions, over the memory `env.memory` of `pages` pages of 64 KiB. */
export function moduleOf(functions: Readonly<Record<string, Code>>, pages: number): Uint8Array {
  const codes = Object.values(functions);
  const types = codes.map((code) => [0x60, ...vector(Array(code.params).fill([I32])), 0]);
  const exports = Object.keys(functions).map((name, index) => [...text(name), 0, index]);
  return Uint8Array.from([
    ...MAGIC_AND_VERSION,
    ...section(1, types),
    ...section(2, [[...text('env'), ...text('memory'), 2, 0, ...unsigned(pages)]]),
    ...section(
      3,
      codes.map((_, index) => [index]),
    ),
    ...section(7, exports),
    ...section(
      10,
      codes.map((code) => code.finished()),
    ),
  ]);
}

function section(id: number, entries: readonly (readonly number[])[]): number[] {
  return [id, ...sized(vector(entries))];
}

function vector(entries: readonly (readonly number[])[]): number[] {
  return [...unsigned(entries.length), ...entries.flat()];
}

function sized(bytes: readonly number[]): number[] {
  return [...unsigned(bytes.length), ...bytes];
}

function text(ascii: string): number[] {
  return sized(Array.from(ascii, (letter) => letter.charCodeAt(0)));
}

/** LEB128. */
function unsigned(value: number): number[] {
  const out: number[] = [];
  let left = value;
  for (; left > 0x7f; left >>>= 7) out.push((left & 0x7f) | 0x80);
  out.push(left);
  return out;
}

function signed(value: number): number[] {
  const out = unsigned(value);
  // Bit 6 of the last byte is the sign.
  if ((out[out.length - 1]! & 0x40) !== 0) {
    out[out.length - 1]! |= 0x80;
    out.push(0);
  }
  return out;
}
