/**
 * What signs the requests of an account: the keys of its credential, and of its connection's client where those sign too.
 * Made at the account's door, used where requests leave (`egress/injector`). Pure.
 */

import type { Descriptor } from '../descriptor.ts';
import { awsServiceOf } from './aws.ts';
import type { Oauth1Keys } from './oauth1.ts';

export type Signing =
  | ({ readonly by: 'oauth1_hmac_sha1' } & Oauth1Keys)
  | {
      readonly by: 'aws_sigv4';
      readonly accessKeyId: string;
      readonly secretAccessKey: string;
      readonly sessionToken: string | null;
      readonly region: string;
      readonly service: string;
    };

/** The connection's own part of a signature. */
export interface SigningClient {
  readonly id: string | null;
  readonly secret: string | null;
}

type Fields = Readonly<Record<string, string>>;

/**
 * @param fields of the credential, as they are stored
 * @returns null where a part is missing, so that nothing can be signed
 */
export function signingOf(
  descriptor: Pick<Descriptor, 'signer' | 'api_base_urls' | 'signer_service' | 'signer_regions'>,
  fields: Fields,
  client: SigningClient,
): Signing | null {
  switch (descriptor.signer) {
    case 'aws_sigv4': {
      const { access_key_id: id, secret_access_key: secret, session_token: token, region } = fields;
      if (id === undefined || secret === undefined || region === undefined) return null;
      return {
        by: 'aws_sigv4',
        accessKeyId: id,
        secretAccessKey: secret,
        sessionToken: token ?? null,
        region,
        service: awsServiceOf(descriptor).service,
      };
    }
    case 'oauth1_hmac_sha1': {
      const { token, token_secret: secret } = fields;
      if (token === undefined || secret === undefined || client.id === null) return null;
      return {
        by: 'oauth1_hmac_sha1',
        consumerKey: client.id,
        consumerSecret: client.secret ?? '',
        token,
        tokenSecret: secret,
      };
    }
    case undefined:
      return null;
  }
}

/** The texts of it that no answer may repeat. The names of keys are no secret, and APIs answer them. */
export function secretsIn(signing: Signing): string[] {
  const texts =
    signing.by === 'aws_sigv4'
      ? [signing.secretAccessKey, signing.sessionToken]
      : [signing.token, signing.tokenSecret, signing.consumerSecret];
  return texts.filter((text) => text !== null && text !== '') as string[];
}
