/**
 * Which client stands for a grant, over any clients that an organization has and any history of its grants: the one that
 * made it, with its own secrets, and never another one's; and settings that were told late take nothing back.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findDescriptor } from '#providers/catalogue/catalogue.ts';
import { clientOf, forGrant, forNewGrant, isNewer, newest, sharedOf, versionOf } from '#providers/clients.ts';
import { LATER_SETTINGS, type ConnectionSettings, type OwnClients } from '#providers/settings.ts';

const github = findDescriptor('github');
if (github === undefined) throw new Error('the catalogue has lost GitHub');

const base = (version: number, ownClients?: OwnClients): ConnectionSettings => ({
  ...LATER_SETTINGS,
  id: 'one',
  version,
  provider: 'github',
  authType: 'oauth2',
  clientId: 'shared',
  clientSecrets: ['secret of shared'],
  dataKey: 'wrapped',
  scopes: [],
  descriptor: {
    ...github,
    revocation_url: github.revocation_url?.replace('{client_id}', 'shared') ?? null,
  },
  rotation: 'on_demand',
  ...(ownClients === undefined ? {} : { ownClients }),
});

const ids = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 0, maxLength: 6 });
const settings = fc
  .tuple(fc.integer({ min: 1, max: 5 }), ids, fc.nat(5), fc.integer({ min: 1, max: 9 }))
  .map(([version, names, current, ownVersion]) =>
    base(
      version,
      names.length === 0
        ? undefined
        : {
            organization: 'acme',
            version: ownVersion,
            clients: names.map((id, n) => ({
              id: `own-${id}`,
              secrets: [`secret of own-${id}`],
              isCurrent: n === current,
              version: ownVersion,
            })),
          },
    ),
  );

describe('a grant', () => {
  it('is made with the current client, if there is one, and keeps to it whatever comes after', () => {
    fc.assert(
      fc.property(settings, settings, (then, now) => {
        const made = forNewGrant(then);
        const client = clientOf(made);
        const current = then.ownClients?.clients.find(({ isCurrent }) => isCurrent);
        expect(client).toBe(current?.id ?? null);
        expect(made.clientSecrets).toEqual([`secret of ${client ?? 'shared'}`]);
        const used = forGrant(now, client);
        expect(used.clientId).toBe(client ?? 'shared');
        const isKnown = client === null || now.ownClients?.clients.some(({ id }) => id === client) === true;
        expect(used.inForce?.isGone ?? false).toBe(!isKnown);
        expect(used.clientSecrets).toEqual(isKnown ? [`secret of ${client ?? 'shared'}`] : []);
        // A client stands in the path of this provider's revocation endpoint.
        expect(used.descriptor.revocation_url).toBe(
          `https://api.github.com/applications/${client ?? 'shared'}/token`,
        );
      }),
    );
  });

  it('leaves the stored settings as they were, whoever was in force, and again', () => {
    fc.assert(
      fc.property(settings, fc.constantFrom(null, 'own-a', 'own-zzz'), (known, client) => {
        expect(sharedOf(forGrant(known, client))).toEqual(known);
        expect(sharedOf(forNewGrant(known))).toEqual(known);
        expect(forGrant(forNewGrant(known), null)).toEqual(known);
      }),
    );
  });
});

describe('settings that are told', () => {
  it('bring neither the connection nor its clients back to an earlier state', () => {
    fc.assert(
      fc.property(settings, settings, (found, known) => {
        const kept = newest(found, known);
        expect(kept.version).toBe(Math.max(found.version, known.version));
        expect(kept.ownClients?.version ?? 0).toBe(
          Math.max(found.ownClients?.version ?? 0, known.ownClients?.version ?? 0),
        );
        expect(isNewer(found, kept)).toBe(false);
        expect(versionOf(forNewGrant(kept))).toBeGreaterThanOrEqual(kept.version);
      }),
    );
  });
});
