/** The profiles there are, by name. */

import { nullBlkProfile } from './null-blk.ts';
import type { DiskProfile, ProfileName } from './profile.ts';
import { smrHddProfile } from './smr-hdd.ts';
import { zn540Profile } from './zn540.ts';

export const profiles: Readonly<Record<ProfileName, DiskProfile>> = {
  null_blk: nullBlkProfile,
  zn540: zn540Profile,
  'smr-hdd': smrHddProfile,
};
