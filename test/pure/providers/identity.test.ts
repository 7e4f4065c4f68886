/** What counts as an e-mail address of the user, and whose word makes it a verified one. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allDescriptors } from '#providers/catalogue/catalogue.ts';
import { identityOf } from '#providers/identity.ts';
import { custom } from './descriptors.ts';

const NOTHING = { idToken: null, userinfo: null, tokenResponse: null };
const VICTIM = 'ceo@victim.example';

describe('an e-mail address', () => {
  it('is never a name or label that looks like one, whatever the field is called and the operator vouches for', () => {
    const fields = [
      'name',
      'preferred_username',
      'login',
      'nickname',
      'displayName',
      'userPrincipalName',
      'label',
    ];
    for (const field of fields) {
      const descriptor = custom({ subject_label_source: `userinfo.${field}`, email_is_verified: true });
      const userinfo = { sub: 'x', [field]: VICTIM, email_verified: true };
      expect(identityOf(descriptor, { ...NOTHING, userinfo }), field).toMatchObject({
        label: VICTIM,
        email: null,
        emailVerified: false,
      });
    }
  });

  it('comes from an e-mail claim at every provider of the catalogue, or from none', () => {
    for (const descriptor of allDescriptors()) {
      const names = (descriptor.subject_label_source ?? '').split(/ [|+] /);
      for (const path of names) {
        const keys = [...path.replace(/^\w+\.?/, '').matchAll(/[^.[\]]+/g)].map(([key]) => key);
        const root = path.startsWith('userinfo')
          ? 'userinfo'
          : path.startsWith('id_token')
            ? 'idToken'
            : 'tokenResponse';
        const body = keys.reduceRight<unknown>(
          (inner, key) => (/^\d+$/.test(key) ? [inner] : { [key]: inner }),
          VICTIM,
        );
        const { email } = identityOf(descriptor, { ...NOTHING, [root]: body });
        const isClaim = /mail(?:_?address)?(?:s\[\d\])?$/i.test(path);
        expect(email, `${descriptor.id}: ${path}`).toBe(isClaim && path !== '' ? VICTIM : null);
      }
    }
  });

  it('is vouched for only by the answer that names it', () => {
    const descriptor = custom();
    const said = fc.constantFrom(undefined, null, true, false, 'true', 'false', 1);
    const address = fc.constantFrom(undefined, VICTIM, 'ada@example.com');
    const answer = fc.record({ email: address, email_verified: said }, { requiredKeys: [] });
    fc.assert(
      fc.property(answer, answer, (idToken, userinfo) => {
        const who = identityOf(descriptor, { ...NOTHING, idToken, userinfo });
        if (!who.emailVerified) return;
        const vouching = [idToken, userinfo].filter(({ email }) => email === who.email);
        expect(vouching.some(({ email_verified: word }) => word === true || word === 'true')).toBe(true);
      }),
    );
    const split = { idToken: { email_verified: true }, userinfo: { email: VICTIM } };
    expect(identityOf(descriptor, { ...NOTHING, ...split })).toMatchObject({
      email: VICTIM,
      emailVerified: false,
    });
  });
});
