/**
 * What the pages say, in English: the list of keys, and of the `{names}` in each sentence, that every language keeps to.
 * A sentence says what happened, then what stays as it was, then what to do; it blames nobody and promises nothing that
 * the flow does not know.
 */

/** The sentences of the pages in English. */
export const en = {
  // What several pages share.
  details: 'Details',
  organization: 'Organization',
  connection: 'Connection',
  reference: 'Reference',
  error_code: 'Error code',
  try_again: 'Try again',
  next_new_link: 'Ask whoever sent you the link for a new one.',
  next_support: 'If it happens again, tell whoever sent you the link, and pass on the reference below.',
  close: 'You can close this page.',

  // Before the start.
  start_connect_title: 'Connect your {provider} account',
  start_connect_lead: '{asker} asks for access to your {provider} account.',
  start_connect_lead_nameless: 'You are asked for access to your {provider} account.',
  start_reconnect_title: 'Connect {provider} again',
  start_reconnect_lead: '{asker} asks you to renew its access to your {provider} account.',
  start_reconnect_lead_nameless: 'You are asked to renew access to your {provider} account.',
  start_upgrade_title: 'Allow more access to {provider}',
  start_upgrade_lead: '{asker} asks for more access to your {provider} account than it has now.',
  start_upgrade_lead_nameless:
    'You are asked for more access to your {provider} account than was given before.',
  start_repair_title: 'Repair your {provider} connection',
  start_repair_lead:
    '{asker} has lost access to your {provider} account. Sign in once more, and work goes on where it stopped.',
  start_repair_lead_nameless:
    'The connection to your {provider} account has stopped working. Sign in once more, and work goes on where it stopped.',
  start_sign_in_as: 'Please sign in as {subject}: that is the account to be connected.',
  start_scopes: 'What is asked for',
  start_scopes_added: 'New',
  start_scopes_kept: 'Allowed before',
  start_scopes_unknown: '{provider} shows you what is asked for before you agree.',
  start_button: 'Continue to {provider}',
  start_password: 'You sign in at {provider} itself. Your password is not seen here.',
  start_expected: 'Not expecting this? Close the page, and nothing happens.',
  start_once: 'This link works once, until {time}.',

  // After it went well.
  done_title: 'One step is left',
  done_lead: 'You have signed in at {provider}.',
  done_lead_as: 'You have signed in at {provider} as {subject}.',
  done_copy: 'To finish, copy these two values to the page or program where you began.',
  done_warning:
    'Give them to nobody else, whoever asks: with them, somebody could connect your account as theirs.',
  done_session: 'Session',
  done_code: 'Confirmation code',
  done_until: 'They work once, until {time}, and are shown only now.',
  succeeded_title: '{provider} is connected',
  succeeded_title_again: '{provider} is connected again',
  succeeded_as: 'You have signed in as {subject}.',
  succeeded_goes_on: 'Whatever waited for this goes on by itself.',

  // The user, or somebody for them, said no.
  denied_title: 'Access was not given',
  denied_text:
    'Access was declined at {provider}, by you or by a rule of your organization. Nothing has changed.',
  denied_again: 'If that was a mistake, try again and agree there.',
  denied_new_link: 'If that was a mistake, ask whoever sent you the link for a new one.',

  // Links.
  unknown_link_title: 'This link leads nowhere',
  unknown_link_text: 'Perhaps a part of it got lost when it was copied or sent.',
  unknown_link_next: 'Open the whole link from the message once more, or ask for a new one.',
  expired_link_title: 'This link has expired',
  expired_link_text: 'Links work for a short time only, and newer ones take the place of older ones.',
  used_link_title: 'This link has been used',
  used_link_text: 'Each link works once. If it was you, go on in the window where you began.',
  used_link_next: 'If it was not you, tell whoever sent it to you, and ask for a new one.',
  repaired_title: 'This has been repaired',
  repaired_text: 'The connection works again. There is nothing left to do.',
  repair_over_title: 'This repair link has expired',
  repair_over_text: 'Repair links work for seven days. The connection still needs you.',

  // What protects the user, in words that do not frighten.
  foreign_post_title: 'Please press the button on our page',
  foreign_post_text:
    'This came from another page, or your browser did not say from where. For your safety it was stopped here, and nothing has changed.',
  foreign_post_next: 'Open our page, and press the button there.',
  foreign_post_button: 'Open the page',
  wrong_browser_title: 'Please go on in the browser where you began',
  wrong_browser_text:
    'This sign-in began in another browser, or this one keeps no cookies. For your safety it was stopped here, and nothing was connected.',
  wrong_browser_next:
    'Go back to the browser where you began, or ask for a new link and stay in one browser.',
  wrong_browser_stranger: 'If you did not begin this yourself, close the page.',
  running_title: 'This sign-in is being finished',
  running_text: 'Another window is finishing it. You can close this one.',
  finished_title: 'This sign-in is finished',
  finished_text: 'Reloading the page or going back does no harm, and changes nothing.',
  finished_failed: 'It did not lead to a connection. Ask whoever sent you the link for a new one.',
  back: 'Go back',
  back_to: 'Back to {asker}',
  expired_session_title: 'That took too long',
  expired_session_text:
    'More than ten minutes went by between the start and your return from {provider}. Nothing has changed.',
  invalid_callback_title: 'This sign-in cannot be finished',
  invalid_callback_text: 'What came back belongs to no sign-in that began here. Nothing was connected.',
  invalid_callback_next: 'Begin again with the link that you were sent, or ask for a new one.',

  // Not the right person, as far as can be told.
  mismatch_title: 'This is a different account',
  mismatch_text: 'The connection belongs to another {provider} account. It stays as it was.',
  mismatch_signed_in: 'Signed in as',
  mismatch_expected: 'Expected',
  mismatch_again: 'Sign out at {provider} or choose the other account there, and try again.',
  mismatch_new_link:
    'Sign out at {provider}, ask whoever sent you the link for a new one, and choose the other account.',
  unverified_title: 'The e-mail address is not verified',
  unverified_text: '{provider} does not vouch for the address of this account. Nothing has changed.',
  unverified_again: 'Verify the address at {provider}, and try again.',
  unverified_new_link: 'Verify the address at {provider}, and ask whoever sent you the link for a new one.',
  unknown_subject_title: 'It is not clear who signed in',
  unknown_subject_text: '{provider} did not say whose account this is. Nothing has changed.',

  // The provider.
  provider_error_title: '{provider} answered with an error',
  provider_error_text: 'The connection could not be made. Nothing has changed.',
  provider_unavailable_title: '{provider} does not answer',
  provider_unavailable_text: 'It cannot be reached just now, or asks for a pause. Nothing has changed.',
  provider_unavailable_again: 'Wait a few minutes, and try again.',
  provider_unavailable_new_link: 'Wait a few minutes, and ask whoever sent you the link for a new one.',

  // The operator, and the broker.
  misconfigured_title: 'This connection is not set up correctly',
  misconfigured_text: 'It is nothing that you did, and nothing that you can mend here.',
  misconfigured_next: 'Tell whoever sent you the link, and pass on the reference below.',
  changed_title: 'The connection was changed meanwhile',
  changed_text:
    'Its settings were changed while you were signing in. For your safety it was stopped here, and nothing was connected.',
  unavailable_title: 'Please try again in a moment',
  unavailable_text: 'A part of this service does not answer just now.',
  unavailable_next: 'Wait a moment, and open the link once more.',
  request_title: 'This page cannot be shown',
  request_text: 'The request was not one that is understood here.',
  request_next: 'Open the link that you were sent once more.',
  too_many_title: 'A little too fast',
  too_many_text: 'More requests came than are answered at once.',
  too_many_next: 'Wait a minute, and try again.',
  internal_title: 'Something went wrong here',
  internal_text: 'It is nothing that you did.',
  internal_next: 'Wait a moment, and open the link once more.',
} as const;

/** A key that every language has. */
export type MessageKey = keyof typeof en;

/** One language: a sentence for each key, with the same `{names}` in it as the English one. */
export type Messages = Readonly<Record<MessageKey, string>>;

/** The names that a text has in braces: `Continue to {provider}` has `provider`. */
export type NamesIn<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | NamesIn<Rest>
  : never;

/** What the sentence of a key wants to be told. */
export type ValuesOf<Key extends MessageKey> = NamesIn<(typeof en)[Key]>;
