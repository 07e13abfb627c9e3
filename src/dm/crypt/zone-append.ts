/**
 * What dm-crypt's constructor tells device mapper about zone append on a zoned device: nothing (to 5.13), "not
 * supported" for IVs made from the sector (the series, patch 2), or "emulate it" whatever the IV is (5.14 and later).
 */

import type { TargetContext, TargetFlags } from '../target.ts';
import type { CryptSpec } from './spec.ts';

/** The flags, with the warning and the decision of kernels that look at the IV. */
export function appendFlags(context: TargetContext, spec: CryptSpec): TargetFlags {
  const answers = context.host.kernel.crypt;
  if (answers.zoneAppendFlag === 'none') return {};
  if (answers.zoneAppendFlag === 'emulate-always') return { emulateZoneAppend: true };
  // The series looks at the IV mode alone. It overlooks that with several keys the sector picks the key, and that
  // authenticated modes sign the sector (dm-crypt.c crypt_alloc_req_skcipher(), crypt_convert_block_aead()).
  const safe = answers.appendSafeIvs.includes(spec.ivMode);
  const warning = answers.zoneAppendWarning;
  context.host.decide({
    rule: 'crypt.zone-append',
    subject: context.deviceName,
    seen: { iv: spec.ivMode, keys: spec.keyCount, [answers.appendFlagName]: safe },
    verdict: safe ? 'passes' : 'refuses',
    ...(safe ? {} : { log: warning }),
    source: { file: 'drivers/md/dm-crypt.c', function: 'crypt_ctr' },
  });
  if (safe) return {};
  context.host.printk('warning', answers.logPrefix + warning);
  return { zoneAppendNotSupported: true };
}
