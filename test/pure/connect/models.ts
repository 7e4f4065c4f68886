/** One model of each page, in each of the forms that it has: what the tests here and the browser's gallery show. */

import type { ScopePhrase } from '#providers/scopes/scope-phrases.ts';
import type { ApprovalPage, Asker, PageModel, PageProvider, Purpose } from '#connect/page-model.ts';

/** A drawn key, as an operator would set it. */
const LOGO =
  'data:image/svg+xml,%3Csvg%20xmlns=%27http://www.w3.org/2000/svg%27%20viewBox=%270%200%2032%2032%27%3E%3Crect%20width=%2732%27%20height=%2732%27%20rx=%278%27%20fill=%27%23e4572e%27/%3E%3Cpath%20d=%27M9%2022V10h6a6%206%200%200%201%200%2012z%27%20fill=%27white%27/%3E%3C/svg%3E';

const ASKER: Asker = { name: 'Duck Analytics', logoUrl: LOGO, organization: null };
const NAMELESS: Asker = { name: null, logoUrl: null, organization: null };
const PROVIDER: PageProvider = {
  id: 'custom',
  displayName: 'Lakeside Mail',
  mark: { initial: 'L', color: '#475467' },
};
const APP = 'https://app.example/connected?from=valetkey';

const common = { asker: ASKER, correlationId: '7f0c1a52-4f0e-4c4b-9a37-0d3d2f6f8b11' };
const session = { ...common, provider: PROVIDER, retryPath: null, returnUrl: null };
const RETRY = '/connect/repair/ca_gabcdefghijklmnopqrstuvwxy';

const start = (purpose: Purpose) =>
  ({
    ...common,
    kind: 'start',
    purpose,
    provider: PROVIDER,
    connection: 'lakeside-mail',
    scopes: [
      {
        scope: 'https://mail.example/auth/messages.readonly',
        alias: 'messages.readonly',
        phrase: 'mail_read',
        added: true,
      },
      { scope: 'contacts.read', alias: 'contacts', phrase: null, added: true },
      { scope: 'offline_access', alias: null, phrase: 'offline', added: true },
    ],
    action: '/connect/0123456789abcdefghijklmnopqrstuvwxyzABCDEFG',
    subjectLabel: null,
    expiresAt: '2026-11-21T14:32:09.120Z',
  }) satisfies PageModel;

const approval = (changes: Partial<ApprovalPage>): ApprovalPage => ({
  ...common,
  kind: 'approval',
  use: 'proxy',
  provider: PROVIDER,
  agent: 'crm-agent',
  connection: 'lakeside-mail',
  identifier: 'user_123',
  subjectLabel: 'ada@example.com',
  tool: null,
  method: null,
  path: null,
  digest: null,
  preview: null,
  why: 'ticket 4711: the customer asked for it',
  because: 'deletes customer data',
  action: '/approve/ap.ca_gabcdefghijklmnopqrstuvwxyz.apr_4nB2xQ9ZkT7c0LmRw3sVdy.signature',
  expiresAt: '2026-11-21T14:32:09.120Z',
  minutes: 60,
  ...changes,
});

/** By a name that tells them apart. */
export const MODELS: Readonly<Record<string, PageModel>> = {
  'start-connect': start('connect'),
  'start-connect-nameless': {
    ...start('connect'),
    asker: { ...NAMELESS, organization: 'north-shore' },
    scopes: [],
  },
  'start-reconnect': { ...start('reconnect'), subjectLabel: 'ada@example.com', asker: NAMELESS },
  'start-upgrade': {
    ...start('upgrade'),
    asker: { ...ASKER, organization: 'north-shore' },
    subjectLabel: 'ada@example.com',
    scopes: start('upgrade').scopes.map((scope, index) => ({ ...scope, added: index === 0 })),
  },
  'start-google': {
    ...start('connect'),
    provider: {
      id: 'google-calendar',
      displayName: 'Google Calendar',
      mark: { initial: 'G', color: '#1a66d6' },
    },
    scopes: [
      ['https://www.googleapis.com/auth/calendar.events', 'calendar_events_write'],
      ['https://www.googleapis.com/auth/contacts.readonly', 'contacts_read'],
      ['openid', 'signin'],
      ['email', 'email_read'],
    ].map(([scope, phrase]) => ({
      scope: scope ?? '',
      alias: null,
      phrase: phrase as ScopePhrase,
      added: true,
    })),
  },
  'start-repair': { ...start('repair'), subjectLabel: 'ada@example.com', expiresAt: null },
  done: {
    ...session,
    kind: 'done',
    sessionId: 'cs_4tYw0pQz8mN2cVbX6kJ1sR',
    confirmCode: 'q3V0tJ8mXc5Zr1Lw9NyBfK7uHdPsEa2GoTiMxQvRk4Y',
    subjectLabel: 'ada@example.com',
    expiresAt: '2026-11-21T14:42:09.120Z',
  },
  succeeded: { ...session, kind: 'succeeded', reconnected: false, subjectLabel: null },
  'succeeded-again': { ...session, kind: 'succeeded', reconnected: true, subjectLabel: 'ada@example.com' },
  denied: { ...session, kind: 'denied' },
  'denied-back': { ...session, kind: 'denied', returnUrl: APP },
  'denied-repair-back': { ...session, kind: 'denied', retryPath: RETRY, returnUrl: APP },
  'denied-repair': { ...session, kind: 'denied', retryPath: RETRY },
  'unknown-link': { ...common, kind: 'unknown_link' },
  'expired-link': { ...common, kind: 'expired_link', returnUrl: null },
  'expired-link-back': { ...common, kind: 'expired_link', returnUrl: APP },
  'used-link': { ...common, kind: 'used_link', returnUrl: null },
  'used-link-back': { ...common, kind: 'used_link', returnUrl: APP },
  'repair-over': { ...common, kind: 'repair_over', repaired: false, returnUrl: null },
  'repair-over-repaired': { ...common, kind: 'repair_over', repaired: true, returnUrl: APP },
  'foreign-post': { ...common, kind: 'foreign_post', startPath: start('connect').action },
  'wrong-browser': { ...common, kind: 'wrong_browser' },
  'already-finished': { ...common, kind: 'already_finished', outcome: null, returnUrl: null },
  'already-finished-running': { ...common, kind: 'already_finished', outcome: 'running', returnUrl: null },
  'already-finished-done': {
    ...common,
    kind: 'already_finished',
    outcome: 'done',
    returnUrl: APP,
  },
  'already-finished-failed': { ...common, kind: 'already_finished', outcome: 'failed', returnUrl: null },
  'expired-session': { ...session, kind: 'expired_session' },
  'expired-session-repair': { ...session, kind: 'expired_session', retryPath: RETRY },
  'invalid-callback': { ...common, kind: 'invalid_callback' },
  mismatch: {
    ...session,
    kind: 'mismatch',
    reason: 'other_account',
    signedInAs: 'ada.private@example.org',
    expected: 'ada@example.com',
    retryPath: RETRY,
  },
  'mismatch-unknown': {
    ...session,
    kind: 'mismatch',
    reason: 'other_account',
    signedInAs: null,
    expected: null,
  },
  'mismatch-unverified': {
    ...session,
    kind: 'mismatch',
    reason: 'email_unverified',
    signedInAs: 'ada@example.com',
    expected: null,
  },
  'mismatch-no-subject': {
    ...session,
    kind: 'mismatch',
    reason: 'subject_unknown',
    signedInAs: null,
    expected: null,
  },
  'provider-error': { ...session, kind: 'provider_error', code: 'invalid_scope' },
  'provider-error-repair': { ...session, kind: 'provider_error', code: null, retryPath: RETRY },
  'provider-unavailable': { ...session, kind: 'provider_unavailable' },
  'provider-unavailable-repair': { ...session, kind: 'provider_unavailable', retryPath: RETRY },
  misconfigured: { ...common, kind: 'misconfigured', provider: PROVIDER, reason: 'settings' },
  'misconfigured-changed': { ...common, kind: 'misconfigured', provider: null, reason: 'changed' },
  'coming-back': { ...common, kind: 'coming_back', path: '/oauth/callback/lakeside-mail?code=c&state=s' },
  unavailable: { ...common, kind: 'unavailable' },
  'failure-request': { ...common, kind: 'failure', status: 405 },
  'failure-too-many': { ...common, kind: 'failure', status: 429 },
  'failure-internal': { ...common, kind: 'failure', status: 500 },
  approval: approval({
    use: 'proxy',
    method: 'DELETE',
    path: '/crm/v3/objects/contacts/7',
    digest: '9f2c4e1b7a3d5f60819ce2b4d7a6f3c8',
  }),
  'approval-shown': approval({
    use: 'tool',
    tool: 'mail_send',
    digest: '9f2c4e1b7a3d5f60819ce2b4d7a6f3c8',
    preview: '{\n  "to": "ada@example.com",\n  "subject": "Hello"\n}',
    asker: { ...ASKER, organization: 'north-shore' },
  }),
  'approval-token': approval({ use: 'token', why: null, because: null, subjectLabel: null, asker: NAMELESS }),
  'approval-yes': { ...common, kind: 'approval_answered', outcome: 'approved' },
  'approval-no': { ...common, kind: 'approval_answered', outcome: 'denied' },
  'approval-over-approved': { ...common, kind: 'approval_over', outcome: 'approved' },
  'approval-over-denied': { ...common, kind: 'approval_over', outcome: 'denied' },
  'approval-over-used': { ...common, kind: 'approval_over', outcome: 'used' },
  'approval-over-expired': { ...common, kind: 'approval_over', outcome: 'expired' },
};

/** The model with every string, at any depth, put through `change`; kinds, reasons and the like stay. */
export function withTexts(model: PageModel, change: (text: string, field: string) => string): PageModel {
  const fixed = new Set([
    'kind',
    'purpose',
    'reason',
    'outcome',
    'status',
    'phrase',
    'initial',
    'color',
    'use',
  ]);
  const walk = (value: unknown, field: string): unknown => {
    if (typeof value === 'string') return fixed.has(field) ? value : change(value, field);
    if (Array.isArray(value)) return value.map((one) => walk(one, field));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, walk(one, name)]));
  };
  return walk(model, '') as PageModel;
}
