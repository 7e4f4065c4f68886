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
  next_support:
    'If this keeps happening, contact whoever sent you the link and give them the reference below.',
  close: 'You can close this page.',

  // Before the start.
  start_connect_title: 'Connect your {provider} account',
  start_connect_lead: '{asker} would like access to your {provider} account.',
  start_connect_lead_nameless: 'An app would like access to your {provider} account.',
  start_reconnect_title: 'Reconnect {provider}',
  start_reconnect_lead: '{asker} needs you to renew its access to your {provider} account.',
  start_reconnect_lead_nameless: 'An app needs you to renew its access to your {provider} account.',
  start_upgrade_title: 'Allow more access to {provider}',
  start_upgrade_lead: '{asker} would like more access to your {provider} account than it has now.',
  start_upgrade_lead_nameless: 'An app would like more access to your {provider} account than it has now.',
  start_repair_title: 'Restore your {provider} connection',
  start_repair_lead:
    '{asker} has lost access to your {provider} account. Sign in again, and it will pick up where it left off.',
  start_repair_lead_nameless:
    'An app has lost access to your {provider} account. Sign in again, and it will pick up where it left off.',
  start_sign_in_as: 'Please sign in as {subject} to keep the same account.',
  start_scopes: 'This will allow the app to',
  start_scopes_added: 'New',
  start_scopes_kept: 'Already allowed',
  start_scopes_unknown: '{provider} will show you what is requested before you agree.',
  start_scopes_spelling: 'Technical names',
  start_button: 'Continue to {provider}',
  start_password: 'You sign in at {provider}, and your password stays there.',
  start_expected: 'Weren’t expecting this? You can safely close this page.',
  start_once: 'This link works once, until {time}.',

  // After it went well.
  done_title: 'One last step',
  done_lead: 'You are signed in to {provider}.',
  done_lead_as: 'You are signed in to {provider} as {subject}.',
  done_copy: 'To finish, copy these two values into the page or app where you started.',
  done_warning: 'Don’t give them to anyone else: with them, somebody could connect your account as theirs.',
  done_session: 'Session',
  done_code: 'Confirmation code',
  done_until: 'They work once, until {time}, and are only shown here.',
  succeeded_title: '{provider} is connected',
  succeeded_title_again: '{provider} is reconnected',
  succeeded_as: 'You signed in as {subject}.',
  succeeded_goes_on: 'Anything that was waiting for this will continue on its own.',

  // The user, or somebody for them, said no.
  denied_title: 'Access was not granted',
  denied_text:
    'Access was declined at {provider}, by you or by your organization’s rules. Nothing has changed.',
  denied_again: 'If that was a mistake, try again and approve the request.',
  denied_new_link: 'If that was a mistake, ask whoever sent you the link for a new one.',

  // Links.
  unknown_link_title: 'We couldn’t find this link',
  unknown_link_text: 'Part of it may have been lost when it was copied or sent.',
  unknown_link_next: 'Open the whole link from the message again, or ask for a new one.',
  expired_link_title: 'This link has expired',
  expired_link_text: 'Links only work for a short time, and a newer link replaces an older one.',
  used_link_title: 'This link has already been used',
  used_link_text: 'Each link works once. If you used it, go back to the window where you started.',
  used_link_next: 'If it wasn’t you, tell whoever sent you the link, and ask for a new one.',
  repaired_title: 'Your connection works again',
  repaired_text: 'It has already been restored, and there is nothing left to do.',
  repair_over_title: 'This link has expired',
  repair_over_text: 'Links to restore a connection work for seven days. The connection still needs you.',

  // What protects the user, in words that do not frighten.
  foreign_post_title: 'Please use the button on our page',
  foreign_post_text:
    'This request came from another page, or your browser didn’t say where it came from. For your safety we stopped it, and nothing has changed.',
  foreign_post_next: 'Open our page and use the button there.',
  foreign_post_button: 'Open the page',
  wrong_browser_title: 'Please continue in the browser where you started',
  wrong_browser_text:
    'This sign-in was started in another browser, or this one blocks cookies. For your safety we stopped it, and nothing was connected.',
  wrong_browser_next:
    'Go back to the browser where you started, or ask for a new link and stay in one browser.',
  wrong_browser_stranger: 'If you didn’t start this yourself, close this page.',
  coming_back_title: 'One moment',
  coming_back_text: 'Your sign-in is being completed.',
  coming_back_next: 'Continue',
  running_title: 'Your sign-in is being completed',
  running_text: 'Another window is completing it. You can close this one.',
  finished_title: 'This sign-in is already complete',
  finished_text: 'Reloading the page or going back does no harm and changes nothing.',
  finished_failed: 'It didn’t lead to a connection. Ask whoever sent you the link for a new one.',
  back: 'Go back',
  back_to: 'Back to {asker}',
  expired_session_title: 'That took too long',
  expired_session_text:
    'More than ten minutes passed before you came back from {provider}. Nothing has changed.',
  invalid_callback_title: 'This sign-in can’t be completed',
  invalid_callback_text:
    'The answer we received doesn’t belong to a sign-in that started here. Nothing was connected.',
  invalid_callback_next: 'Start again with the link you were sent, or ask for a new one.',

  // Not the right person, as far as can be told.
  mismatch_title: 'That’s a different account',
  mismatch_text: 'This connection belongs to another {provider} account. It stays as it was.',
  mismatch_signed_in: 'Signed in as',
  mismatch_expected: 'Expected',
  mismatch_again: 'Sign out at {provider} or switch to the other account there, and try again.',
  mismatch_new_link:
    'Sign out at {provider}, ask whoever sent you the link for a new one, and choose the other account.',
  unverified_title: 'Your email address isn’t verified',
  unverified_text: '{provider} doesn’t confirm the address of this account. Nothing has changed.',
  unverified_again: 'Verify the address at {provider}, and try again.',
  unverified_new_link: 'Verify the address at {provider}, and ask whoever sent you the link for a new one.',
  unknown_subject_title: 'We can’t tell who signed in',
  unknown_subject_text: '{provider} didn’t say whose account this is. Nothing has changed.',

  // The provider.
  provider_error_title: '{provider} returned an error',
  provider_error_text: 'The connection couldn’t be made. Nothing has changed.',
  provider_unavailable_title: '{provider} isn’t responding',
  provider_unavailable_text: 'It can’t be reached right now, or is asking for a pause. Nothing has changed.',
  provider_unavailable_again: 'Wait a few minutes, and try again.',
  provider_unavailable_new_link: 'Wait a few minutes, and ask whoever sent you the link for a new one.',

  // The operator, and the broker.
  misconfigured_title: 'This connection isn’t set up correctly',
  misconfigured_text: 'It’s nothing you did, and nothing you can fix here.',
  misconfigured_next: 'Contact whoever sent you the link and give them the reference below.',
  changed_title: 'The connection was changed in the meantime',
  changed_text:
    'Its settings were changed while you were signing in. For your safety we stopped, and nothing was connected.',
  unavailable_title: 'Please try again in a moment',
  unavailable_text: 'Part of this service isn’t responding right now.',
  unavailable_next: 'Wait a moment, and open the link again.',
  request_title: 'This page can’t be shown',
  request_text: 'We didn’t understand the request.',
  request_next: 'Open the link you were sent again.',
  too_many_title: 'Please slow down a little',
  too_many_text: 'Too many requests came in at once.',
  too_many_next: 'Wait a minute, and try again.',
  internal_title: 'Something went wrong here',
  internal_text: 'It’s nothing you did.',
  internal_next: 'Wait a moment, and open the link again.',

  // The pages of an approval.
  approval_title: 'Approve this request?',
  approval_lead: 'It goes through once, exactly as shown here, and only if you approve it.',
  approval_use_token: 'The agent {agent} asks for the access credential of this {provider} account.',
  approval_use_proxy: 'The agent {agent} asks to send a request to {provider}.',
  approval_use_tool: 'The agent {agent} asks to run a tool at {provider}.',
  approval_request: 'What will be sent',
  approval_tool: 'Tool',
  approval_method: 'Method',
  approval_path: 'Path',
  approval_digest: 'Digest',
  approval_hidden:
    'The rest of it isn’t shown here. Only a request whose rest has this digest will go through.',
  approval_token:
    'With the credential the agent can do whatever the account allows, until the credential expires.',
  approval_account: 'In which account',
  approval_identifier: 'Identifier',
  approval_label: 'Signed in as',
  approval_reasons: 'Who asks, and why',
  approval_agent: 'Agent',
  approval_why: 'Its own words',
  approval_because: 'Rule',
  approval_approve: 'Approve',
  approval_deny: 'Deny',
  approval_unexpected: 'If you don’t know what this is about, deny it.',
  approval_until: 'You can answer until {time}. Your approval is good for one use within {minutes} minutes.',
  approval_approved_title: 'You approved the request',
  approval_approved_text: 'It can go through once now.',
  approval_denied_title: 'You denied the request',
  approval_denied_text: 'It won’t go through, and nothing has changed.',
  approval_over_approved_title: 'This request has already been approved',
  approval_over_denied_title: 'This request has already been denied',
  approval_over_used_title: 'This request was approved and has gone through',
  approval_over_text: 'Each request is decided once, and this link is no longer needed.',
  approval_over_expired_title: 'This request has expired',
  approval_over_expired_text:
    'It wasn’t answered, or its approval wasn’t used, in time. If it is still needed, the agent asks again.',
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
