import { expect, it } from 'vitest';
import { aboutOf, shownOf } from '#accounts/approvals/about.ts';
import type { AskedUse } from '#accounts/approvals/machine.ts';

const BASES = ['https://api.example.com/v1/', 'https://files.example.com'];
type Settings = Parameters<typeof aboutOf>[2];
const settings = (bases: string[], listed: string[] = []) =>
  ({ descriptor: { api_base_urls: bases, api_request_headers: listed } }) as unknown as Settings;
const use: AskedUse = {
  action: 'proxy',
  tool: null,
  method: 'POST',
  path: '/pay',
  purpose: null,
  digest: 'd',
  preview: 'POST /pay?a=1\nif-match: "7"\n\nbody',
  baseUrl: null,
  headers: { 'acting-for': 'acct_1', other: 'x' },
};
const about = (changes: Partial<AskedUse> = {}, of = settings(BASES), life: string | null = '1.0') =>
  aboutOf({ ...use, ...changes }, { subject: 'ada' }, of, life);

it('a call goes to the first base URL or to the one that it names, and nobody is asked about another', () => {
  expect(about()).toEqual({
    agentLife: '1.0',
    subject: 'ada',
    address: 'https://api.example.com/v1',
    headers: [],
  });
  expect(about({ baseUrl: 'https://api.example.com/v1' })).toEqual(about());
  expect(about({ baseUrl: 'https://files.example.com/' })).toMatchObject({
    address: 'https://files.example.com',
  });
  expect(about({ baseUrl: 'https://elsewhere.example' })).toBe('unknown_address');
  // By origin, of a client that knows whole URLs: then the path says which.
  expect(about({ baseUrl: 'https://api.example.com', path: '/v1/pay' })).toEqual(about());
  expect(about({ baseUrl: 'https://api.example.com' })).toBe('unknown_address');
});

it('an address that only the credential tells is the one that the call names', () => {
  const open = settings(['https://{instance}.example.com']);
  expect(about({}, open)).toMatchObject({ address: null });
  expect(about({ baseUrl: 'https://a.example.com' }, open)).toMatchObject({
    address: 'https://a.example.com',
  });
  expect(about({ action: 'token' })).toMatchObject({ address: null });
});

it('of other headers those count that this API takes, and they are shown', () => {
  const told = about({}, settings(BASES, ['acting-for']));
  expect(told).toMatchObject({ headers: [['acting-for', 'acct_1']] });
  if (told === 'unknown_address') throw new Error('it is known');
  expect(shownOf(use, told)).toBe(
    'POST https://api.example.com/v1/pay?a=1\nacting-for: acct_1\nif-match: "7"\n\nbody',
  );
});

it('is shown as it is addressed: a path that begins with the base’s own is not doubled', () => {
  const told = about();
  if (told === 'unknown_address') throw new Error('it is known');
  const shown = (path: string) => shownOf({ ...use, path, preview: `GET ${path}` }, told);
  expect(shown('/v1/pay')).toBe('GET https://api.example.com/v1/pay');
  expect(shown('/v10')).toBe('GET https://api.example.com/v1/v10');
  expect(shownOf({ ...use, preview: null }, told)).toBeNull();
  expect(shownOf(use, { ...told, address: null })).toBe(use.preview);
});

it('is asked about at the base URL that its path picks on the same origin, as the call goes there', () => {
  const drive = settings(['https://apis.example.com/drive/v3', 'https://apis.example.com/upload/drive/v3']);
  const told = about({ path: '/upload/drive/v3/files' }, drive);
  if (told === 'unknown_address') throw new Error('it is known');
  expect(told.address).toBe('https://apis.example.com/upload/drive/v3');
  const asked = { ...use, path: '/upload/drive/v3/files', preview: 'POST /upload/drive/v3/files' };
  expect(shownOf(asked, told)).toBe('POST https://apis.example.com/upload/drive/v3/files');
  expect(about({ path: '/files' }, drive)).toMatchObject({ address: 'https://apis.example.com/drive/v3' });
});
