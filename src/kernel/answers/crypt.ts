/** What a kernel answers about dm-crypt; v5.10's answers. Bodies: src/dm/crypt/. */

export interface CryptAnswers {
  /** What the constructor tells dm about zone append on a zoned device, and for which IV modes. */
  readonly zoneAppendFlag: 'none' | 'not-supported-for-sector-ivs' | 'emulate-always';
  /** The cipher flag behind that answer, as decisions name it; empty when the kernel has none. */
  readonly appendFlagName: string;
  /** The warning at table load when append is given up; empty when the kernel prints none. */
  readonly zoneAppendWarning: string;
  /** What an append's completion tells the bio above: up to 5.13 only the status, never the written sector. */
  readonly appendCompletion: 'status-only' | 'sector';
  /** The sector the IV is made from. `zone-start` is the cover letter's alternative, merged by nobody. */
  readonly ivSector: 'bio-sector' | 'zone-start';
  /** Does the target take zoned devices at all? */
  readonly zonedTarget: boolean;
}

export const cryptV510: CryptAnswers = {
  zoneAppendFlag: 'none',
  appendFlagName: '',
  zoneAppendWarning: '',
  appendCompletion: 'status-only',
  ivSector: 'bio-sector',
  zonedTarget: true,
};
