/** The driver's operations on memory: a descriptor has at most one mapping, and its name stands for both. */

import type { Room } from './machine-room.ts';
import { data, describe, fd, type Handler, number, type Outcome, result } from './zio-words.ts';

/** What the driver does on a descriptor without a mapping: nothing, and it says so. */
const SKIPPED: Outcome = { skipped: true };

export const memoryHandlers: Readonly<Record<string, Handler>> = {
  mmap: (room, words) => {
    const [name = '', protection = '', kind = '', offset = '0', length = '0'] = words;
    const request = {
      offset: number(offset),
      length: number(length),
      write: protection.includes('w'),
      shared: kind === 'shared',
    };
    room.mappings.delete(name);
    const address = room.call(room.machine.vfs.memory.map(room.process, fd(room, name), request));
    if (address < 0) return result(address);
    room.mappings.set(name, { address, length: request.length });
    return { ret: 0 };
  },
  mpeek: (room, words) => {
    const mapping = room.mappings.get(words[0]!);
    if (mapping === undefined) return SKIPPED;
    const offset = number(words[1]!);
    const length = number(words[2]!);
    const { memory } = room.machine.vfs;
    const read = room.call(memory.load(room.process, mapping.address + offset, length));
    if (typeof read === 'string') return { ret: -1, signal: read };
    return { ret: length, ...describe(read, words, offset) };
  },
  mpoke: (room, words) => {
    const mapping = room.mappings.get(words[0]!);
    if (mapping === undefined) return SKIPPED;
    const offset = number(words[1]!);
    const length = number(words[2]!);
    const bytes = data(words, offset, length);
    const { memory } = room.machine.vfs;
    const signal = room.call(memory.store(room.process, mapping.address + offset, bytes));
    return signal === null ? { ret: length } : { ret: -1, signal };
  },
  msync: (room, words) => onMapping(room, words[0]!, false),
  munmap: (room, words) => onMapping(room, words[0]!, true),
};

function onMapping(room: Room, name: string, goes: boolean): Outcome {
  const mapping = room.mappings.get(name);
  if (mapping === undefined) return SKIPPED;
  if (goes) room.mappings.delete(name);
  const { memory } = room.machine.vfs;
  const { address, length } = mapping;
  const call = goes
    ? memory.unmap(room.process, address, length)
    : memory.sync(room.process, address, length);
  return result(room.call(call));
}
