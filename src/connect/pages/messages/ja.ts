/** What the pages say, in Japanese. The keys, and the `{names}` in each sentence, are those of `en.ts`. */

import type { Messages } from './en.ts';

/** The sentences of the pages in Japanese. */
export const ja: Messages = {
  details: '詳細',
  organization: '組織',
  connection: '接続',
  reference: 'お問い合わせ番号',
  error_code: 'エラーコード',
  try_again: 'もう一度試す',
  next_new_link: 'リンクの送信者に、新しいリンクを依頼してください。',
  next_support: '同じことが続く場合は、下のお問い合わせ番号を添えて、リンクの送信者にお知らせください。',
  close: 'このページは閉じてかまいません。',

  start_connect_title: '{provider} アカウントの接続',
  start_connect_lead: '{asker} が、あなたの {provider} アカウントへのアクセスを求めています。',
  start_connect_lead_nameless: 'あなたの {provider} アカウントへのアクセスが求められています。',
  start_reconnect_title: '{provider} の再接続',
  start_reconnect_lead: '{asker} が、あなたの {provider} アカウントへのアクセスの更新を求めています。',
  start_reconnect_lead_nameless: 'あなたの {provider} アカウントへのアクセスの更新が求められています。',
  start_upgrade_title: '{provider} へのアクセスの追加',
  start_upgrade_lead: '{asker} が、あなたの {provider} アカウントへの追加のアクセスを求めています。',
  start_upgrade_lead_nameless: 'あなたの {provider} アカウントへの追加のアクセスが求められています。',
  start_repair_title: '{provider} との接続の修復',
  start_repair_lead:
    '{asker} は、あなたの {provider} アカウントにアクセスできなくなりました。もう一度サインインすると、止まっていた作業が再開します。',
  start_repair_lead_nameless:
    'あなたの {provider} アカウントとの接続が使えなくなりました。もう一度サインインすると、止まっていた作業が再開します。',
  start_sign_in_as: '{subject} としてサインインしてください。これが接続するアカウントです。',
  start_scopes: 'アプリに許可されること',
  start_scopes_added: '新しいもの',
  start_scopes_kept: '許可済みのもの',
  start_scopes_unknown: '求められている内容は、同意の前に {provider} の画面に表示されます。',
  start_scopes_spelling: '技術的な名前',
  start_button: '{provider} に進む',
  start_password: 'サインインは {provider} の画面で行います。パスワードがこちらに伝わることはありません。',
  start_expected: 'お心当たりがない場合は、このページを閉じてください。何も行われません。',
  start_once: 'このリンクは {time} まで、一度だけ使えます。',

  done_title: 'あと一つの手順で完了です',
  done_lead: '{provider} にサインインしました。',
  done_lead_as: '{provider} に {subject} としてサインインしました。',
  done_copy: '次の二つの値を、手続きを始めたページまたはプログラムにコピーして完了してください。',
  done_warning:
    'だれに頼まれても、ほかの人には渡さないでください。この値があると、あなたのアカウントを自分のものとして接続できてしまいます。',
  done_session: 'セッション',
  done_code: '確認コード',
  done_until: 'この値は {time} まで一度だけ使えます。表示されるのは今だけです。',
  succeeded_title: '{provider} を接続しました',
  succeeded_title_again: '{provider} を再接続しました',
  succeeded_as: '{subject} としてサインインしました。',
  succeeded_goes_on: '待っていた作業は、自動的に再開します。',

  denied_title: 'アクセスは許可されませんでした',
  denied_text:
    '{provider} でアクセスが拒否されました。ご自身の操作、または組織の規則によるものです。何も変更されていません。',
  denied_again: '間違いだった場合は、もう一度試し、そこで同意してください。',
  denied_new_link: '間違いだった場合は、リンクの送信者に、新しいリンクを依頼してください。',

  unknown_link_title: 'このリンクは使えません',
  unknown_link_text: 'コピーまたは送信の際に、一部が失われたのかもしれません。',
  unknown_link_next: 'メッセージからリンク全体をもう一度開くか、新しいリンクを依頼してください。',
  expired_link_title: 'このリンクは期限切れです',
  expired_link_text: 'リンクが使えるのは短い間だけで、新しいリンクが作られると古いものは使えなくなります。',
  used_link_title: 'このリンクは使用済みです',
  used_link_text: 'リンクは一度だけ使えます。ご自身で使われた場合は、始めたウィンドウで続けてください。',
  used_link_next: 'お心当たりがない場合は、リンクの送信者に知らせ、新しいリンクを依頼してください。',
  repaired_title: 'すでに修復されています',
  repaired_text: '接続は再び使えます。ほかに必要な操作はありません。',
  repair_over_title: 'この修復リンクは期限切れです',
  repair_over_text: '修復リンクが使えるのは七日間です。接続には、まだあなたの操作が必要です。',

  foreign_post_title: 'こちらのページのボタンを押してください',
  foreign_post_text:
    'この要求は別のページから送られたか、ブラウザーが送信元を示しませんでした。安全のため、ここで停止しました。何も変更されていません。',
  foreign_post_next: 'こちらのページを開き、そこにあるボタンを押してください。',
  foreign_post_button: 'ページを開く',
  wrong_browser_title: '始めたときのブラウザーで続けてください',
  wrong_browser_text:
    'このサインインは別のブラウザーで始められたか、このブラウザーが Cookie を保存していません。安全のため、ここで停止しました。何も接続されていません。',
  wrong_browser_next:
    '始めたときのブラウザーに戻るか、新しいリンクを依頼し、同じブラウザーで最後まで進めてください。',
  wrong_browser_stranger: 'ご自身で始めたものでない場合は、このページを閉じてください。',
  running_title: 'このサインインは処理中です',
  running_text: '別のウィンドウで処理が進んでいます。このウィンドウは閉じてかまいません。',
  finished_title: 'このサインインは終了しています',
  finished_text: 'ページを再読み込みしても前に戻っても問題はなく、何も変わりません。',
  finished_failed: '接続には至りませんでした。リンクの送信者に、新しいリンクを依頼してください。',
  back: '戻る',
  back_to: '{asker} に戻る',
  expired_session_title: '時間切れになりました',
  expired_session_text:
    '開始から {provider} での手続きを終えるまでに、十分以上かかりました。何も変更されていません。',
  invalid_callback_title: 'このサインインは完了できません',
  invalid_callback_text:
    '戻ってきた応答は、ここで始められたサインインのものではありません。何も接続されていません。',
  invalid_callback_next: '受け取ったリンクから始め直すか、新しいリンクを依頼してください。',

  mismatch_title: '別のアカウントです',
  mismatch_text: 'この接続は、別の {provider} アカウントのものです。接続は元のままです。',
  mismatch_signed_in: 'サインインしたアカウント',
  mismatch_expected: '必要なアカウント',
  mismatch_again: '{provider} でサインアウトするか、もう一方のアカウントを選び、もう一度試してください。',
  mismatch_new_link:
    '{provider} でサインアウトし、リンクの送信者に新しいリンクを依頼して、もう一方のアカウントを選んでください。',
  unverified_title: 'メールアドレスが確認されていません',
  unverified_text:
    '{provider} は、このアカウントのアドレスを確認済みとしていません。何も変更されていません。',
  unverified_again: '{provider} でアドレスを確認してから、もう一度試してください。',
  unverified_new_link:
    '{provider} でアドレスを確認してから、リンクの送信者に、新しいリンクを依頼してください。',
  unknown_subject_title: 'どなたのサインインか確認できません',
  unknown_subject_text: 'だれのアカウントかを {provider} が示しませんでした。何も変更されていません。',

  provider_error_title: '{provider} からエラーが返されました',
  provider_error_text: '接続できませんでした。何も変更されていません。',
  provider_unavailable_title: '{provider} から応答がありません',
  provider_unavailable_text: '現在つながらないか、時間をおくよう求められています。何も変更されていません。',
  provider_unavailable_again: '数分待ってから、もう一度試してください。',
  provider_unavailable_new_link: '数分待ってから、リンクの送信者に、新しいリンクを依頼してください。',

  misconfigured_title: 'この接続は正しく設定されていません',
  misconfigured_text: 'あなたの操作によるものではなく、ここで直せるものでもありません。',
  misconfigured_next: '下のお問い合わせ番号を添えて、リンクの送信者にお知らせください。',
  changed_title: '途中で接続の設定が変更されました',
  changed_text:
    'サインインの間に、この接続の設定が変更されました。安全のため、ここで停止しました。何も接続されていません。',
  unavailable_title: '少し待ってから、もう一度お試しください',
  unavailable_text: 'このサービスの一部が、現在応答していません。',
  unavailable_next: '少し待ってから、リンクをもう一度開いてください。',
  request_title: 'このページは表示できません',
  request_text: 'ここでは扱えない要求でした。',
  request_next: '受け取ったリンクを、もう一度開いてください。',
  too_many_title: '少し間をおいてください',
  too_many_text: '一度に応じられる数を超える要求がありました。',
  too_many_next: '一分ほど待ってから、もう一度試してください。',
  internal_title: 'こちらで問題が起きました',
  internal_text: 'あなたの操作によるものではありません。',
  internal_next: '少し待ってから、リンクをもう一度開いてください。',
};
