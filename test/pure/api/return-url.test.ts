/** Where a browser may be sent back to: spellings that hide another place are refused, and what holds for any text. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { returnUrlProblem } from '#api/http/return-url.ts';

const ACCEPTED = [
  'https://app.example.com',
  'https://app.example.com/done?tab=1&x=%20',
  'https://app.example.com:8443/done',
  'https://intranet/done',
  'https://10.0.0.1/done',
];
const LOOPBACK = [
  'http://127.0.0.1:3000/',
  'http://localhost/done',
  'https://localhost:3000/',
  'http://[::1]:80/',
  'http://2130706433/',
];
const REFUSED = [
  '',
  'app.example.com',
  '//app.example.com/',
  'http://app.example.com/',
  'http://127.0.0.1.example.com/',
  'ftp://app.example.com/',
  'ftp://127.0.0.1/',
  'myapp://done',
  'javascript:alert(1)',
  'data:text/html,x',
  'https:app.example.com/',
  'https:///app.example.com/',
  'https://user@app.example.com/',
  'https://@app.example.com/',
  'https://app.example.com/#',
  'https://app.example.com\\.evil.example/',
  'https://app.example.com/\n',
  '\thttps://app.example.com/',
  'https://\uFF41pp.example.com/',
  'https://app.example.com/?session_id=1',
  'https://app.example.com/?a=1&status=succeeded',
  'https://app.example.com/?confirm%5Fcode=1',
  'https://app.example.com./',
  // The machine of whoever looks at it, in the spellings that no development needs.
  ...[
    '0.0.0.0',
    '0',
    '0.1.2.3',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:0.0.0.0]',
    '[::127.0.0.1]',
    '[::ffff:0:127.0.0.1]',
    '[64:ff9b::127.0.0.1]',
    '[64:ff9b:1::127.0.0.1]',
    '[2002:7f00:1::]',
    '[2001:db8::5efe:127.0.0.1]',
    'localhost.',
    'app.localhost',
    'LOCALHOST.',
    'app.localhost.',
  ].flatMap((host) => [`https://${host}/done`, `http://${host}:3000/`]),
];

describe('a return URL', () => {
  it.each(ACCEPTED)('may be %s', (url) => {
    expect(returnUrlProblem(url, false)).toBeNull();
    expect(returnUrlProblem(url, true)).toBeNull();
  });

  it.each(LOOPBACK)('may be %s where the deployment allows loopback only', (url) => {
    expect(returnUrlProblem(url, true)).toBeNull();
    expect(returnUrlProblem(url, false)).not.toBeNull();
  });

  it.each(REFUSED)('may not be %j', (url) => {
    expect(returnUrlProblem(url, false)).not.toBeNull();
    expect(returnUrlProblem(url, true)).not.toBeNull();
  });

  it('that is accepted is one that every reader takes for the same place', () => {
    const text = fc.oneof(fc.webUrl({ withQueryParameters: true, withFragments: true }), fc.string());
    fc.assert(
      fc.property(text, (url) => {
        if (returnUrlProblem(url, false) !== null) return;
        const parsed = new URL(url);
        expect(parsed.protocol).toBe('https:');
        expect(url.toLowerCase()).toContain(parsed.hostname);
        expect([parsed.username, parsed.password, parsed.hash]).toEqual(['', '', '']);
      }),
    );
  });
});
