/** Every cipher provider, for tests that hold all of them to the same bytes. */

import type { CryptContext } from '../../src/dm/crypt/cipher.ts';
import type { CipherProvider } from '../../src/dm/crypt/provider.ts';
import { providersHere } from '../../src/dm/crypt/providers.ts';
import { nodeProvider } from '../../src/node/crypto-provider.ts';

export const PROVIDERS: readonly CipherProvider[] = providersHere([nodeProvider]);

export const PROVIDER_CONTEXTS: readonly CryptContext[] = PROVIDERS.map((provider) => ({
  provider,
}));
