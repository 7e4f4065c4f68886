/** Which targets may be called: a table of spellings that hide an address or a private name, and what holds for any text. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { guardOptions, isLoopbackHost, targetProblem, type GuardOptions } from '#egress/guard/guard.ts';

const STRICT: GuardOptions = { allowLoopback: false, ownHost: 'broker.example.com', resolver: null };
const DEVELOPMENT: GuardOptions = { allowLoopback: true, ownHost: '127.0.0.1:8787' };

const ACCEPTED = [
  'https://api.example.com',
  'https://api.example.com/oauth/token?x=1',
  'https://api.example.com:443/token',
  'HTTPS://API.EXAMPLE.COM/',
  'https://api.example.com/path/@user',
  'https://api.example.com/?next=user@host',
  'https://tenant_1.example.com/',
  'https://bücher.example/',
  'https://127.0.0.1.example.com/',
  'https://localhost.example.com/',
  'https://internal.example.com/',
  'https://notbroker.example.com/',
  'https://sub.broker.example.com/',
];

const REFUSED: Record<string, string[]> = {
  'another scheme': [
    'http://api.example.com/',
    'ftp://api.example.com/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'data:text/plain,x',
    'ws://api.example.com/',
    'blob:https://api.example.com/x',
  ],
  'another port': [
    'https://api.example.com:8443/',
    'https://api.example.com:80/',
    'https://api.example.com:0/',
  ],
  userinfo: [
    'https://user@api.example.com/',
    'https://user:password@api.example.com/',
    'https://:@api.example.com/',
    'https://@api.example.com/',
    'https://good.example.com@evil.example.com/',
    'https://good.example.com%2f@evil.example.com/',
    'https://good.example.com:443@evil.example.com/',
  ],
  'an IPv4 address in any spelling': [
    'https://127.0.0.1/',
    'https://10.0.0.1/',
    'https://169.254.169.254/latest/meta-data',
    'https://8.8.8.8/',
    'https://0.0.0.0/',
    'https://255.255.255.255/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://0x7f000001/',
    'https://0177.0.0.1/',
    'https://017700000001/',
    'https://127.1/',
    'https://127.0.1/',
    'https://0/',
    'https://1.1.1.1./',
    'https://１２７.０.０.１/',
    'https://127。0。0。1/',
    'https://127.0.0.1。/',
    'https://①②⑦.0.0.1/',
    'https://%31%32%37.0.0.1/',
    'https://%30x7f.1/',
    'https://①②⑦.①/',
  ],
  'an IPv6 address': [
    'https://[::1]/',
    'https://[::]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://[0:0:0:0:0:ffff:127.0.0.1]/',
    'https://[::127.0.0.1]/',
    'https://[64:ff9b::7f00:1]/',
    'https://[fe80::1]/',
    'https://[fd00::1]/',
    'https://[2606:4700:4700::1111]/',
    'https://[fe80::1%25eth0]/',
  ],
  'a private name': [
    'https://localhost/',
    'https://LOCALHOST/',
    'https://ⓛocalhost/',
    'https://%6c%6f%63alhost/',
    'https://app.localhost/',
    'https://intranet/',
    'https://printer.local/',
    'https://printer.LOCAL/',
    'https://metadata.google.internal/',
    'https://router.home.arpa/',
    'https://local/',
    'https://internal/',
  ],
  'a trailing dot or an empty label': [
    'https://api.example.com./',
    'https://api.example.com。/',
    'https://localhost./',
    'https://metadata.google.internal./',
    'https://api..example.com/',
    'https://.example.com/',
  ],
  'the broker itself': [
    'https://broker.example.com/',
    'https://BROKER.example.com/v1/connections',
    'https://broker.example.com:443/',
    'https://ｂroker.example.com/',
  ],
  'text that two parsers read differently': [
    '',
    'api.example.com',
    '//api.example.com/',
    'https:api.example.com/',
    'https:/api.example.com/',
    'https:///api.example.com/',
    'https:\\\\api.example.com\\',
    'https://api.example.com\\@evil.example.com/',
    'https://api.example.com\t.evil.example.com/',
    'https://api.exam\nple.com/',
    ' https://api.example.com/',
    'https://api.example.com/ ',
    'https://api.example.com/\u0000',
    'https://api.example.com\u00a0/',
    'https://api exam ple.com/',
    'https://',
    'https://?x',
    'https://a.1/',
  ],
};

describe('a target', () => {
  it.each(ACCEPTED)('may be %s', (url) => {
    expect(targetProblem(url, STRICT)).toBeNull();
  });

  for (const [what, urls] of Object.entries(REFUSED)) {
    it.each(urls)(`is refused for ${what}: %j`, (url) => {
      expect(targetProblem(url, STRICT)).toMatch(/^must /);
    });
  }

  it('is refused in words that repeat none of it', () => {
    const url = 'https://planted-user:planted-password@planted.local:9/planted';
    expect(targetProblem(url, STRICT)).not.toContain('planted');
    expect(targetProblem('https://planted.local/planted', STRICT)).not.toContain('planted');
  });
});

describe('loopback in development', () => {
  it.each([
    'http://127.0.0.1:9000/token',
    'http://127.200.3.4:1/',
    'http://localhost:9000/',
    'https://localhost/',
    'http://[::1]:9000/',
    'http://127.0.0.1/',
  ])('may be called on any port: %s', (url) => {
    expect(targetProblem(url, DEVELOPMENT)).toBeNull();
    expect(targetProblem(url, { ...DEVELOPMENT, allowLoopback: false })).toMatch(/^must /);
  });

  it.each([
    'http://api.example.com/',
    'https://api.example.com:8443/',
    'http://user@localhost:9000/',
    'http://@127.0.0.1:9000/',
    'http://localhost.:9000/',
    'http://app.localhost:9000/',
    'http://0.0.0.0:9000/',
    'http://10.0.0.1:9000/',
    'http://169.254.169.254/',
    'http://128.0.0.1:9000/',
    'http://[::ffff:127.0.0.1]:9000/',
    'http://[::]:9000/',
    'http://intranet:9000/',
    'ftp://localhost/',
    'ws://127.0.0.1:9000/',
  ])('relaxes nothing else: %s', (url) => {
    expect(targetProblem(url, DEVELOPMENT)).toMatch(/^must /);
  });

  it('never reaches the broker, whatever its host is called', () => {
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '127.0.0.2']) {
      expect(targetProblem(`http://${host}:8787/`, DEVELOPMENT)).toBe('must not be the broker itself');
      expect(targetProblem(`http://${host}:8788/`, DEVELOPMENT)).toBeNull();
    }
  });
});

describe('the options of a deployment', () => {
  it('take the own host from BASE_URL, and from the request where that is not set', () => {
    const config = { allowLoopback: false, baseUrl: 'https://broker.example.com', dnsResolver: null };
    expect(guardOptions(config, 'other.example.com')).toEqual(STRICT);
    expect(guardOptions({ ...config, baseUrl: null }, 'broker.example.com')).toEqual(STRICT);
    expect(guardOptions({ ...config, baseUrl: null }).ownHost).toBeNull();
  });
});

const hostCharacters = fc.constantFrom(...'0123456789abcdefx.:[]%@。１ⓛ-_/\\?#'.split(''));

describe('for any text', () => {
  it('lets only what a public https host on port 443 is through', () => {
    const texts = fc.oneof(
      fc.webUrl({ withFragments: true, withQueryParameters: true }),
      fc.string({ unit: 'grapheme' }).map((text) => `https://${text}/`),
      fc.array(hostCharacters, { maxLength: 20 }).map((parts) => `https://${parts.join('')}`),
      fc.string(),
    );
    fc.assert(
      fc.property(texts, (text) => {
        if (targetProblem(text, STRICT) !== null) return;
        const url = new URL(text);
        expect(url.protocol).toBe('https:');
        expect(url.port).toBe('');
        expect(url.username + url.password).toBe('');
        expect(url.hostname).toMatch(/^[^.[\]:]+(?:\.[^.[\]:]+)+$/);
        expect(url.hostname).not.toMatch(/^[\d.]+$/);
        expect(isLoopbackHost(url.hostname)).toBe(false);
        expect(new URL(url.href).hostname).toBe(url.hostname);
      }),
      { numRuns: 2000 },
    );
  });

  it('refuses every IPv4 address as one number, in parts, in octal and in hexadecimal', () => {
    const address = fc.integer({ min: 0, max: 0xffffffff });
    fc.assert(
      fc.property(address, (value) => {
        const bytes = [24, 16, 8, 0].map((shift) => (value >>> shift) & 255);
        const [a = 0, b = 0, c = 0, d = 0] = bytes;
        const spellings = [
          String(value),
          `0x${value.toString(16)}`,
          `0${value.toString(8)}`,
          bytes.join('.'),
          bytes.map((byte) => `0x${byte.toString(16)}`).join('.'),
          bytes.map((byte) => `0${byte.toString(8)}`).join('.'),
          `${a}.${(b << 16) + (c << 8) + d}`,
          `[::ffff:${bytes.join('.')}]`,
        ];
        for (const host of spellings) expect(targetProblem(`https://${host}/`, STRICT)).not.toBeNull();
      }),
      { numRuns: 300 },
    );
  });

  it('refuses everything that development without its setting would allow', () => {
    const hosts = fc.constantFrom('localhost', '127.0.0.1', '[::1]', '127.9.8.7');
    fc.assert(
      fc.property(
        hosts,
        fc.constantFrom('http', 'https'),
        fc.integer({ min: 1, max: 65535 }),
        (host, scheme, port) => {
          expect(targetProblem(`${scheme}://${host}:${port}/`, STRICT)).not.toBeNull();
        },
      ),
      { numRuns: 200 },
    );
  });
});
