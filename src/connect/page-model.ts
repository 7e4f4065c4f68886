/**
 * Every page that people are shown, as data: what each says is decided by the flow, how it looks and in which
 * words by `pages/`. Pure: no request, no storage, no clock. Every text in here that a provider, an operator or a user
 * wrote (names, labels, codes, ids) is to be escaped by the renderer; none of it is trusted.
 */

import type { ProviderMark } from '#providers/scopes/scope-words.ts';
import type { ScopePhrase } from '#providers/scopes/scope-phrases.ts';

/** Languages that there are messages for; the first is the fallback. */
export const LOCALES = ['en', 'de', 'es', 'fr', 'ja'] as const;
export type Locale = (typeof LOCALES)[number];

/** The app that asks. Shown on every page, so that users know at whose door they stand. */
export interface Asker {
  /** The deployment's own name (`OPERATOR_NAME`); null where it has none: then say it without a name. */
  readonly name: string | null;
  /** A `data:image/…` URL (`OPERATOR_LOGO`), so that a page loads nothing from elsewhere; null for none. */
  readonly logoUrl: string | null;
  /** The tenant in whose name the link was made; null for none. An id, not a display name. */
  readonly organization: string | null;
}

/** The provider, by what its descriptor calls it. */
export interface PageProvider {
  /** `google`, or `custom`. */
  readonly id: string;
  /** `Google`; of a custom provider the id of the connection. */
  readonly displayName: string;
  /** The provider's mark on a page: an initial on a colour. */
  readonly mark: ProviderMark;
}

/** One scope that is asked for. */
export interface PageScope {
  /** As the provider spells it; shown in code font. */
  readonly scope: string;
  /** The short name that the facts give it, e.g. `contacts.read`; null where they give none. */
  readonly alias: string | null;
  /** The act that it allows, in words that each language has; null where the catalogue has none. */
  readonly phrase: ScopePhrase | null;
  /** Not granted yet; always true on a first connect. */
  readonly added: boolean;
}

/** `connect`: the first time. `reconnect`: again. `upgrade`: more scopes. `repair`: the grant died. */
export type Purpose = 'connect' | 'reconnect' | 'upgrade' | 'repair';

interface Common {
  readonly asker: Asker;
  /** In every answer's header too; pages that tell of an error show it, small, for the person who helps the user. */
  readonly correlationId: string;
}

/** What pages that come after the start know of the flow. */
interface OfSession extends Common {
  readonly provider: PageProvider;
  /**
   * Path at which the user may begin again (a repair link that still lives); null: ask the sender of the link for a new
   * one.
   */
  readonly retryPath: string | null;
  /** Back to the app without a code: an address that the connection allows; null: it has none. */
  readonly returnUrl: string | null;
}

/** 200. Names provider, scopes and the app that asks; one button. A GET consumes nothing. */
export interface StartPage extends Common {
  readonly kind: 'start';
  readonly purpose: Purpose;
  readonly provider: PageProvider;
  /** Id of the connection; shown small, tells two apps at one provider apart. */
  readonly connection: string;
  /** Empty: the provider itself decides what is asked for. */
  readonly scopes: readonly PageScope[];
  /** Where the button's form posts to: `<form method="post" action="…">`, with no field in it. Same origin. */
  readonly action: string;
  /**
   * As whom the account is known at the provider (`ada@example.com`), where the user should sign in as the same; else
   * null.
   */
  readonly subjectLabel: string | null;
  /** ISO-8601 UTC; null for a repair link, which ends with its incident. */
  readonly expiresAt: string | null;
}

/** 200. Finished and waiting for the operator's confirmation, and there is no return URL: session and code to copy. */
export interface DonePage extends OfSession {
  readonly kind: 'done';
  readonly sessionId: string;
  /** Shown here and nowhere else, once. */
  readonly confirmCode: string;
  /** As whom the user signed in, where that is known. */
  readonly subjectLabel: string | null;
  /** ISO-8601 UTC: when the code ends. */
  readonly expiresAt: string;
}

/** 200. Connected and in use; nothing is left to do. No return URL. */
export interface SucceededPage extends OfSession {
  readonly kind: 'succeeded';
  /** It was connected before: a repair, an upgrade or a reconnect. */
  readonly reconnected: boolean;
  readonly subjectLabel: string | null;
}

/** 200. The user, or an administrator's rule, said no at the provider. Nothing has changed. */
export interface DeniedPage extends OfSession {
  readonly kind: 'denied';
}

/** 404. No such link: mistyped, cut off by a mail program, or never made. */
export interface UnknownLinkPage extends Common {
  readonly kind: 'unknown_link';
}

/** 410. The link's time is over, or it was ended by newer ones. */
export interface ExpiredLinkPage extends Common {
  readonly kind: 'expired_link';
  /** As of `OfSession`. Only a browser that holds the link sees it. */
  readonly returnUrl: string | null;
}

/** 410. The link was used before: by this user, or by another person (then an operator should look). Single use. */
export interface UsedLinkPage extends Common {
  readonly kind: 'used_link';
  readonly returnUrl: string | null;
}

/** 410. A repair link whose incident is over: `repaired` the account works again; else its seven days are over. */
export interface RepairOverPage extends Common {
  readonly kind: 'repair_over';
  readonly repaired: boolean;
  readonly returnUrl: string | null;
}

/** 403. The form was posted by another site, or by a browser that does not say from where: open the link itself. */
export interface ForeignPostPage extends Common {
  readonly kind: 'foreign_post';
  /** The start page, to be opened by hand. */
  readonly startPath: string;
}

/**
 * 403. The flow was begun in another browser (or this one keeps no cookies). Names nothing of the flow: its
 * reader may be another person than the user. To do: go back to the browser in which it began, or ask for a new link.
 */
export interface WrongBrowserPage extends Common {
  readonly kind: 'wrong_browser';
}

/** 409. This sign-in was finished before: reload, back button, second tab, double click. Nothing is lost by it. */
export interface AlreadyFinishedPage extends Common {
  readonly kind: 'already_finished';
  /** `running`: another tab is at it just now. */
  readonly outcome: 'running' | 'done' | 'failed' | null;
  /** Back to the app, without a code; null where there is none or this browser is not known to be the right one. */
  readonly returnUrl: string | null;
}

/** 410. Too late: ten minutes went by between the start and the return from the provider. */
export interface ExpiredSessionPage extends OfSession {
  readonly kind: 'expired_session';
}

/**
 * 400. The parameters of the callback are not an answer to a flow of ours (state, connection, issuer, odd parameters).
 */
export interface InvalidCallbackPage extends Common {
  readonly kind: 'invalid_callback';
}

/** 403. The person signed in at the provider is not the owner of this account. The old connection is unchanged. */
export interface MismatchPage extends OfSession {
  readonly kind: 'mismatch';
  /**
   * `other_account`: sign out there, or choose another account. `email_unverified`: the provider does not vouch for the
   * address. `subject_unknown`: the provider did not say who signed in.
   */
  readonly reason: 'other_account' | 'email_unverified' | 'subject_unknown';
  /** As whom the user signed in. */
  readonly signedInAs: string | null;
  /** As whom the account is known; null where this browser need not know. */
  readonly expected: string | null;
}

/** 502. The provider answered with an error or something unusable. Nothing has changed. */
export interface ProviderErrorPage extends OfSession {
  readonly kind: 'provider_error';
  /** A registered OAuth error code such as `invalid_scope`; never free text of the provider. */
  readonly code: string | null;
}

/** 503. The provider is not reachable or says "later". Trying again may help. */
export interface ProviderUnavailablePage extends OfSession {
  readonly kind: 'provider_unavailable';
}

/**
 * 503. The app's registration at the provider is wrong, or was changed while the flow ran: only the operator can help.
 */
export interface MisconfiguredPage extends Common {
  readonly kind: 'misconfigured';
  readonly provider: PageProvider | null;
  /** `settings`: wrong or incomplete. `changed`: changed in mid-flow; a new link will do. */
  readonly reason: 'settings' | 'changed';
}

/** 200. A request of an agent that a person is asked about, with all that will be sent. A GET consumes nothing. */
export interface ApprovalPage extends Common {
  readonly kind: 'approval';
  readonly use: 'token' | 'proxy' | 'tool';
  readonly provider: PageProvider;
  readonly agent: string;
  readonly connection: string;
  readonly identifier: string;
  readonly subjectLabel: string | null;
  readonly tool: string | null;
  readonly method: string | null;
  readonly path: string | null;
  readonly digest: string | null;
  /** The rest of what is sent; null: nothing, or it is not shown. */
  readonly preview: string | null;
  /** In the words of the agent. */
  readonly why: string | null;
  /** In the words of the rule. */
  readonly because: string | null;
  /** The page's own path; its two forms post below it, with no field in them. Same origin. */
  readonly action: string;
  /** ISO-8601 UTC: until when it can be answered. */
  readonly expiresAt: string;
  /** How long a yes holds. */
  readonly minutes: number;
}

/** 200. This answer was the decision. */
export interface ApprovalAnsweredPage extends Common {
  readonly kind: 'approval_answered';
  readonly outcome: 'approved' | 'denied';
}

/** 410. Decided before, or too late. Names nothing of the request: its reader may be anybody who has the old link. */
export interface ApprovalOverPage extends Common {
  readonly kind: 'approval_over';
  readonly outcome: 'approved' | 'denied' | 'used' | 'expired';
}

/**
 * 200. The provider has posted its answer from its own page, without our cookie; this page brings it back as a request of
 * our own, at once and by itself, or by its link.
 */
export interface ComingBackPage extends Common {
  readonly kind: 'coming_back';
  /** Path of the callback with the answer in its query. Same origin. */
  readonly path: string;
}

/** 503. A part of the broker does not answer: try again in a moment. */
export interface UnavailablePage extends Common {
  readonly kind: 'unavailable';
}

/** 4xx or 500 of any other kind (bad method, too large, internal): generic words and the correlation id. */
export interface FailurePage extends Common {
  readonly kind: 'failure';
  readonly status: 400 | 404 | 405 | 413 | 414 | 415 | 429 | 500 | 503;
}

export type PageModel =
  | StartPage
  | DonePage
  | SucceededPage
  | DeniedPage
  | UnknownLinkPage
  | ExpiredLinkPage
  | UsedLinkPage
  | RepairOverPage
  | ForeignPostPage
  | WrongBrowserPage
  | AlreadyFinishedPage
  | ExpiredSessionPage
  | InvalidCallbackPage
  | MismatchPage
  | ProviderErrorPage
  | ProviderUnavailablePage
  | MisconfiguredPage
  | ApprovalPage
  | ApprovalAnsweredPage
  | ApprovalOverPage
  | ComingBackPage
  | UnavailablePage
  | FailurePage;

const STATUS = {
  start: 200,
  done: 200,
  succeeded: 200,
  denied: 200,
  unknown_link: 404,
  expired_link: 410,
  used_link: 410,
  repair_over: 410,
  foreign_post: 403,
  wrong_browser: 403,
  already_finished: 409,
  expired_session: 410,
  invalid_callback: 400,
  mismatch: 403,
  provider_error: 502,
  provider_unavailable: 503,
  misconfigured: 503,
  approval: 200,
  approval_answered: 200,
  approval_over: 410,
  coming_back: 200,
  unavailable: 503,
} as const satisfies Record<Exclude<PageModel['kind'], 'failure'>, number>;

/** The HTTP status with which a page is sent. */
export function pageStatus(model: PageModel): number {
  return model.kind === 'failure' ? model.status : STATUS[model.kind];
}

/**
 * The whole answer: status of `pageStatus`, `Content-Type: text/html; charset=utf-8`, `Content-Language`,
 * `Cache-Control: no-store` and the security headers. Cookies are added by the caller. Throws nothing for any model.
 */
export type RenderPage = (model: PageModel, locale: Locale) => Response;

/**
 * The language that an `Accept-Language` header (any text, of any length) asks for; the fallback where none is known.
 */
export type ChooseLocale = (acceptLanguage: string | null) => Locale;
