/** The lessons of the package, loaded and checked when the page is built: scripts/web-bundle.mjs puts them here. */

import type { Lesson } from '../../../src/lessons/types.ts';
import type { GivenScenario } from '../instead/scenario-load.ts';

export type GivenLesson = Omit<Lesson, 'scenario' | 'scenarioText'> & GivenScenario;

export const given: readonly GivenLesson[] = [];
