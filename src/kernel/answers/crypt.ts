/** What a kernel answers about dm-crypt; v5.10's answers. Bodies: src/dm/crypt/. */

export interface CryptAnswers {
  /** What the constructor tells dm about zone append on a zoned device, and for which IV modes. */
  readonly zoneAppendFlag: 'none' | 'not-supported-for-sector-ivs' | 'emulate-always';
}

export const cryptV510: CryptAnswers = {
  zoneAppendFlag: 'none',
};
