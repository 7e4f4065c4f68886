/** A parameter reaches the place that its tool names and no other, whatever it holds. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pathProblem } from '#contract/rules/paths.ts';
import { formBody, graphqlBody, multipartBody } from '#tools/request/body.ts';
import { builtRequest } from '#tools/request/build.ts';
import { composedMail } from '#tools/request/mail.ts';
import { filledPath } from '#tools/request/template.ts';
import { builtInTool } from '#tools/registry/registry.ts';
import type { Tool } from '#tools/tool.ts';

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc
    .array(
      fc.constantFrom(
        '..',
        '.',
        '/',
        '\\',
        '%2e%2e',
        '%2f',
        '?',
        '#',
        'a',
        ' ',
        '\r\n',
        '\0',
        '@',
        ':',
        ';',
        "'",
        '"',
        'é',
        '*',
      ),
      { maxLength: 6 },
    )
    .map((parts) => parts.join('')),
);
const toolNamed = (name: string): Tool => builtInTool(name) ?? expect.unreachable(name);
const text = (bytes: Uint8Array | null) => new TextDecoder().decode(bytes ?? new Uint8Array(0));

describe('a path', () => {
  it('keeps its segments whatever its parameters hold, and gives them back', () => {
    fc.assert(
      fc.property(hostile, hostile, (owner, repo) => {
        const where = { owner: 'path', repo: 'path' } as const;
        const filled = filledPath('/repos/{owner}/{repo}/issues', { owner, repo }, where);
        if (!filled.ok) return;
        expect(pathProblem(filled.value)).toBeNull();
        const segments = filled.value.split('/');
        expect(segments).toHaveLength(5);
        expect([segments[2], segments[3]].map((one) => decodeURIComponent(one ?? ''))).toEqual([owner, repo]);
        expect(new URL(`https://api.example.com${filled.value}`).pathname).toBe(filled.value);
      }),
    );
  });

  it.each(['', '.', '..', 'a\\b', 'a\nb', '..\\x', '\ud800', '%2e%2e'])('refuses %j as a segment', (id) => {
    expect(filledPath('/x/{id}', { id }, { id: 'path' }).ok).toBe(false);
  });

  it.each(['', '/', 'a//b', '/a', 'a/', '../a', 'a/../b', 'a/./b'])(
    'refuses %j as a run of segments',
    (id) => {
      expect(filledPath('/x/{id}', { id }, { id: 'path+' }).ok).toBe(false);
    },
  );

  it('takes slashes where the tool says so, and nowhere else as such', () => {
    const value = { id: 'src/a b.ts' };
    expect(filledPath('/x/{id}', value, { id: 'path+' })).toEqual({ ok: true, value: '/x/src/a%20b.ts' });
    expect(filledPath('/x/{id}', value, { id: 'path' })).toEqual({ ok: true, value: '/x/src%2Fa%20b.ts' });
  });
});

describe('a query', () => {
  it('gives every value back, and no value becomes another parameter', () => {
    const search = toolNamed('gmail_search_messages');
    fc.assert(
      fc.property(hostile, fc.array(hostile, { minLength: 1, maxLength: 3 }), (q, labelIds) => {
        const built = builtRequest(search, { q, labelIds }, 'b');
        if (!built.ok) return expect([q, ...labelIds].every((one) => one.isWellFormed())).toBe(false);
        const read = new URLSearchParams(built.value.query);
        expect(read.getAll('q')).toEqual([q]);
        expect(read.getAll('labelIds')).toEqual(labelIds);
        const whole = `https://api.example.com/x${built.value.query}`;
        expect(new URL(whole).href).toBe(whole);
        return undefined;
      }),
    );
  });

  it('joins lists by commas where the provider wants them so, and keeps names such as $select', () => {
    const contact = builtRequest(
      toolNamed('hubspot_get_contact'),
      { objectId: '1', properties: ['a', 'b'] },
      'b',
    );
    expect(contact.ok && contact.value.query).toBe('?properties=a%2Cb');
    const mail = builtRequest(toolNamed('outlook_get_message'), { messageId: 'm', select: 'subject' }, 'b');
    expect(mail.ok && mail.value.query).toBe('?$select=subject');
  });
});

describe('a body', () => {
  it('of GraphQL holds what a model says as variables alone', () => {
    const issues = toolNamed('linear_search_issues');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (term) => {
        const { query, variables } = JSON.parse(text(graphqlBody(issues, { term }).bytes));
        expect(query).toBe(issues.body_template?.query);
        expect(variables).toEqual(JSON.parse(JSON.stringify({ term })));
      }),
    );
  });

  it('of a form gives every value back, brackets and all', () => {
    fc.assert(
      fc.property(hostile, hostile, (name, value) => {
        fc.pre(value.isWellFormed() && name.isWellFormed());
        const { bytes } = formBody({ name, metadata: { key: value }, items: [value] });
        const read = [...new URLSearchParams(text(bytes))];
        expect(read).toEqual([
          ['name', name],
          ['metadata[key]', value],
          ['items[0]', value],
        ]);
      }),
    );
  });

  it('of several parts is what a reader of forms reads', async () => {
    await fc.assert(
      fc.asyncProperty(hostile, async (note) => {
        fc.pre(note.isWellFormed() && !note.includes('\0'));
        const file = { filename: 'a"b.txt', content_type: 'text/plain', content_base64: btoa('Hello') };
        const body = multipartBody({ note, file }, 'boundary-1');
        const form = await new Response(body?.bytes as Uint8Array<ArrayBuffer>, {
          headers: { 'content-type': body?.type ?? '' },
        }).formData();
        expect(form.get('note')).toBe(note);
        expect(await (form.get('file') as File).text()).toBe('Hello');
        expect([...form.keys()]).toEqual(['note', 'file']);
      }),
      { numRuns: 30 },
    );
  });
});

describe('a mail', () => {
  const decoded = (raw: string): string => Buffer.from(raw, 'base64url').toString('utf8');
  const parts = (raw: string): readonly [head: string[], body: string] => {
    const [head = '', ...body] = decoded(raw).split('\r\n\r\n');
    return [head.replaceAll('\r\n ', ' ').split('\r\n'), body.join('\r\n\r\n')];
  };

  it('has its headers and no others, whatever its subject and text hold', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 300 }),
        fc.string({ unit: 'binary' }),
        (subject, words) => {
          const made = composedMail({
            to: ['ada@example.com'],
            cc: ['Bob <bob@example.com>'],
            subject,
            text: words,
          });
          if (!made.ok) return;
          const [head, body]: readonly [string[], string] = parts(made.value);
          expect(head.map((line: string) => line.split(':')[0])).toEqual([
            'Date',
            'To',
            'Cc',
            'Subject',
            'MIME-Version',
            'Content-Type',
            'Content-Transfer-Encoding',
          ]);
          expect(
            decoded(made.value)
              .split('\r\n')
              .every((line) => line.length <= 998),
          ).toBe(true);
          const told = head.find((line: string) => line.startsWith('Subject: '))?.slice(9) ?? '';
          const words_ = told.split(' ').map((word) => /^=\?utf-8\?B\?(.*)\?=$/.exec(word)?.[1]);
          const read = words_.includes(undefined)
            ? told
            : words_.map((word) => Buffer.from(word ?? '', 'base64').toString('utf8')).join('');
          expect(read).toBe(subject.toWellFormed());
          expect(Buffer.from(body, 'base64').toString('utf8')).toBe(words.toWellFormed());
        },
      ),
    );
  });

  it.each([
    ['subject', 'Hi\r\nBcc: eve@example.com'],
    ['subject', 'Hi\nX: y'],
    ['to', ['ada@example.com\r\nBcc: eve@example.com']],
    ['to', ['ada@example.com, eve@example.com']],
    ['cc', ['Ada\n <ada@example.com>']],
    ['bcc', ['<ada@example.com>, <eve@example.com>']],
    ['to', ['not an address']],
    ['in_reply_to', '<a@b>\r\nBcc: eve@example.com'],
    ['in_reply_to', 'no id'],
  ])('refuses %s %j', (name, value) => {
    const made = composedMail({ to: ['ada@example.com'], subject: 'Hi', text: 'x', [name]: value });
    expect(made.ok).toBe(false);
    expect(!made.ok && made.error.path.split('.')[0]).toBe(name);
  });

  it('answers a mail by its id', () => {
    const made = composedMail({
      to: ['ada@example.com'],
      subject: 'Hi',
      text: 'x',
      in_reply_to: 'a1@mail.example',
    });
    const [head] = parts(made.ok ? made.value : '');
    expect(head).toContain('In-Reply-To: <a1@mail.example>');
    expect(head).toContain('References: <a1@mail.example>');
  });

  it('lies where the provider wants it', () => {
    const given = { to: ['ada@example.com'], subject: 'Hi', text: 'x', threadId: 't1' };
    const sent = builtRequest(toolNamed('gmail_send_message'), given, 'b');
    expect(JSON.parse(text(sent.ok ? sent.value.body : null))).toEqual({
      raw: expect.any(String),
      threadId: 't1',
    });
    const draft = builtRequest(toolNamed('gmail_create_draft'), given, 'b');
    expect(JSON.parse(text(draft.ok ? draft.value.body : null))).toEqual({
      message: { raw: expect.any(String), threadId: 't1' },
    });
  });
});
