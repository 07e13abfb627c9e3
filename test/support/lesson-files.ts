/** The lessons of the repository, loaded. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadLesson } from '../../src/lessons/load.ts';
import type { Lesson } from '../../src/lessons/types.ts';

const DIRECTORY = fileURLToPath(new URL('../../lessons', import.meta.url));

export const LESSON_IDS: readonly string[] = readdirSync(DIRECTORY)
  .filter((name) => name.endsWith('.md'))
  .map((name) => name.slice(0, -3))
  .sort();

export function lessonText(id: string, end: 'md' | 'yaml'): string {
  return readFileSync(join(DIRECTORY, `${id}.${end}`), 'utf8');
}

export function lesson(id: string): Lesson {
  const [markdown, scenario] = [lessonText(id, 'md'), lessonText(id, 'yaml')];
  return loadLesson(`lessons/${id}.md`, markdown, `lessons/${id}.yaml`, scenario);
}
